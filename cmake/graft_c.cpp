// graft.h, over text models (graft/runtime/open_text_model.hpp).
#include <graft/graft.h>
#include <graft/runtime/open_text_model.hpp>

#include <cstdlib>
#include <cstring>

struct graft_model {
  std::unique_ptr<graft::TextModel> instance;
};

namespace {

thread_local std::string last_error = "no error";

/// What f() returns, or `failed` where it throws; the words are kept.
template <class R, class F>
R guarded(R failed, F&& f) {
  try {
    return f();
  } catch (const std::exception& error) { last_error = error.what(); } catch (...) {
    last_error = "an unknown error";
  }
  return failed;
}
std::string text(const char* given, const char* what) {
  if (given == nullptr) graft::fail(what, " is null");
  return given;
}
template <class M>
auto& checked(M* model) {
  if (model == nullptr) graft::fail("the model is null");
  return *model->instance;
}

}  // namespace

extern "C" {

const char* graft_error(void) { return last_error.c_str(); }

graft_model* graft_open(const char* model, const char* method, float learning_rate, uint64_t seed) {
  return guarded<graft_model*>(nullptr, [&] {
    graft::TextModel::Options options;
    options.run.seed(seed);
    if (learning_rate > 0) options.run.optimizer.learning_rate = learning_rate;
    return new graft_model{
        graft::open_text_model(text(model, "the model's path"), text(method, "the method's name"), options)};
  });
}
void graft_close(graft_model* model) { delete model; }

const char* graft_compiled(size_t index) {
  return guarded<const char*>(nullptr, [&]() -> const char* {
    static const auto names = [] {
      std::vector<std::string> all;
      for (const auto& one : graft::compiled_engines()) all.push_back(one.text());
      return all;
    }();
    return index < names.size() ? names[index].c_str() : nullptr;
  });
}

int graft_train_step(graft_model* model, const char* const* prompts, const char* const* completions, size_t count,
                     double* loss) {
  return guarded(-1, [&] {
    auto& instance = checked(model);
    if (count > 0 && (prompts == nullptr || completions == nullptr))
      graft::fail("the prompts or the completions are null");
    std::vector<graft::TextModel::Pair> examples;
    for (size_t i = 0; i < count; ++i)
      examples.push_back({text(prompts[i], "a prompt"), text(completions[i], "a completion")});
    if (examples.empty()) graft::fail("there is no example to train on");
    const double before = instance.train_step(examples);
    if (loss != nullptr) *loss = before;
    return 0;
  });
}

char* graft_generate(graft_model* model, const char* prompt, size_t max_new_tokens, float temperature, uint64_t seed,
                     void (*each)(const char* text, void* user), void* user) {
  return guarded<char*>(nullptr, [&] {
    const auto give = [&](const std::string& more) {
      if (each != nullptr) each(more.c_str(), user);
    };
    const std::string answer = checked(model).generate(
        text(prompt, "the prompt"), {.max_new_tokens = max_new_tokens, .temperature = temperature, .seed = seed}, give);
    auto* const copy = static_cast<char*>(std::malloc(answer.size() + 1));
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy, answer.c_str(), answer.size() + 1);
    return copy;
  });
}
void graft_free(char* given) { std::free(given); }

int graft_save_adapter(const graft_model* model, const char* folder) {
  return guarded(-1, [&] { return checked(model).save_adapter(text(folder, "the folder")), 0; });
}
int graft_load_adapter(graft_model* model, const char* folder) {
  return guarded(-1, [&] { return checked(model).load_adapter(text(folder, "the folder")), 0; });
}

size_t graft_parameters(const graft_model* model) {
  return model == nullptr ? 0 : model->instance->engine().parameters();
}
size_t graft_trainable_parameters(const graft_model* model) {
  return model == nullptr ? 0 : model->instance->engine().trainable_parameters();
}

float graft_learning_rate(graft_model* model) {
  return guarded(-1.0F, [&] { return checked(model).learning_rate(); });
}

}  // extern "C"
