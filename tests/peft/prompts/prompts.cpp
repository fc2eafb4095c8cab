// What holds for every method that puts rows or keys before a text.
#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds;

namespace {

/// Logits after each token of a text, all at once and one by one through the cache.
template <class M, class B>
void generates() {
  Llama<Config, M, B> model;
  tiny::fill(model);
  const std::vector<Id> text{3, 1, 4, 15, 9, 2, 6};
  Batch whole;
  whole.append(text, std::vector<Id>(text.size(), -1));
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, decltype(model)::prepared(whole))));
  const auto all = download<B>(logits.data, logits.size());
  Generator generator(model, 64);
  for (Index t = 0; t < text.size(); ++t) {
    std::vector<Id> read;
    if (t == 0) read = model.ahead.text.tokens();
    read.push_back(text[t]);
    const auto next = generator.next(read);
    double worst = 0;
    for (Index v = 0; v < Config::vocabulary; ++v)
      worst = std::max(
          worst, static_cast<double>(std::abs(next[v] - all[(model.ahead.text.count + t) * Config::vocabulary + v])));
    BOOST_TEST(worst < 1e-4);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peft_prompts_soft_prompt)

BOOST_AUTO_TEST_CASE(soft_prompt) { holds<SoftPrompt<3>, false>(); }
BOOST_AUTO_TEST_CASE(multitask_prompt) { holds<MultitaskPrompt<3, 2>, false>(); }

BOOST_AUTO_TEST_CASE(tasks_have_prompts_of_their_own) {
  Llama<Config, MultitaskPrompt<3, 2, 2>, Cpu> model;
  tiny::fill(model);
  auto first = tiny::batch(), second = tiny::batch();
  second.task = 1;
  Workspace<Cpu> workspace;
  const auto loss = [&](const Batch& batch) {
    return held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
  };
  BOOST_TEST(std::abs(loss(first) - loss(second)) > 1e-4);
  Trainer trainer(model, AdamW{.learning_rate = 5e-2F});
  const std::vector<Batch> both{first, second};
  const double before = trainer.step(both).loss;
  for (int i = 0; i < 8; ++i) trainer.step(both);
  BOOST_TEST(trainer.step(both).loss < before);
  auto third = tiny::batch();
  third.task = 2;
  BOOST_CHECK_THROW(loss(third), Error);
}

BOOST_AUTO_TEST_CASE(soft_prompts_in_the_cache) { generates<SoftPrompt<3>, Cpu>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_prompts_prompt_encoder)

BOOST_AUTO_TEST_CASE(p_tuning) { holds<PTuning<3, 8>, false>(); }
BOOST_AUTO_TEST_CASE(p_tuning_by_a_memory) { holds<PTuning<3, 4, Lstm>, false>(); }

// A prompt that came from a file is all there is of it: its encoder is not.
BOOST_AUTO_TEST_CASE(a_prompt_from_a_file_is_not_trained) {
  Llama<Config, PTuning<3, 8>, reference> model;
  tiny::fill(model);
  const auto folder = std::filesystem::temp_directory_path() / ("graft-prompt-" + std::to_string(::getpid()));
  save_adapter(model, folder);
  load_adapter(model, folder);
  std::filesystem::remove_all(folder);
  Trainer trainer(model);
  BOOST_CHECK_EXCEPTION(trainer.step(tiny::batch()), Error, [](const Error& e) {
    return std::string(e.what()).find("cannot be trained on") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_prompts_llama_adapter)

BOOST_AUTO_TEST_CASE(llama_adapter) { holds<LlamaAdapter<3, 2>, false>(); }
BOOST_AUTO_TEST_CASE(llama_adapters_in_the_cache) { generates<LlamaAdapter<3, 2>, Cpu>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_prompts_prefix_tuning)

BOOST_AUTO_TEST_CASE(prefix_tuning) { holds<PrefixTuning<3>, false>(); }
BOOST_AUTO_TEST_CASE(projected_prefix_tuning) { holds<ProjectedPrefixTuning<3, 8>, false>(); }

BOOST_AUTO_TEST_CASE(prefix_beside_a_parallel_adapter) {
  holds<Methods<HubPrefixTuning<3, 8>, ParallelAdapter<4>>, false>();
}

BOOST_AUTO_TEST_CASE(prefixes_in_the_cache) { generates<PrefixTuning<3>, Cpu>(); }
BOOST_AUTO_TEST_CASE(unnumbered_prefixes_in_the_cache) { generates<HubPrefixTuning<3, 8>, reference>(); }

BOOST_AUTO_TEST_SUITE_END()
