// graft_describe <config.json or .gguf> <namespace> <output> [--method TYPE] [--adapter FOLDER] [--opened] [--task
// CLASS] [--include HEADER]…: the types of a model as a C++ header, written where they are not there yet. What is named
// in a model's or an adapter's files reaches the header only as what graft knows it to be.
#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/checkpoints/base/model_header.hpp>

#include <cstdio>

namespace {

struct Asked {
  std::filesystem::path model, output, adapter;
  std::string name, method, task;
  bool opened = false;
  std::vector<std::string> headers;
};

Asked asked(int argc, char** argv) {
  const std::vector<std::string> all(argv + 1, argv + argc);
  if (all.size() < 3)
    graft::fail(
        "usage: graft_describe <config.json or .gguf> <namespace> <output> [--method TYPE] [--adapter FOLDER] "
        "[--opened] [--task CLASS] [--include HEADER]");
  Asked a{.model = all[0], .output = all[2], .adapter = {}, .name = all[1]};
  for (std::size_t i = 3; i < all.size(); ++i) {
    const auto value = [&]() -> const std::string& {
      if (i + 1 == all.size()) graft::fail("graft_describe: a value is missing behind ", all[i]);
      return all[++i];
    };
    if (all[i] == "--opened") a.opened = true;
    else if (all[i] == "--method") a.method = value();
    else if (all[i] == "--adapter") a.adapter = value();
    else if (all[i] == "--task") a.task = value();
    else if (all[i] == "--include") a.headers.push_back(value());
    else graft::fail("graft_describe: \"", all[i], "\" is none of its options");
  }
  return a;
}

std::string header(const Asked& a) {
  auto config = graft::stated_config(a.model);
  if (!a.task.empty()) config.architecture = a.task;
  graft::MethodDescription method{.kind = "FrozenBase"};
  const auto own = a.headers.empty() ? graft::OwnMethods::refused : graft::OwnMethods::allowed;
  if (!a.adapter.empty()) {
    const graft::AdapterFolder adapter(a.adapter, own);
    config = adapter.model(config);
    const auto reading = adapter.reading(config);
    for (const auto& note : reading.notes) std::printf("%s\n", note.c_str());
    method = reading.method;
    if (a.opened) method = graft::as_opened(std::move(method));
  }
  if (!a.method.empty()) {
    auto named = graft::read_method(a.method, own);
    method = a.adapter.empty() ? std::move(named) : graft::united({std::move(method), std::move(named)});
  }
  return graft::model_header(config, a.name, method, a.headers);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto a = asked(argc, argv);
    const auto text = header(a);
    if (!std::filesystem::exists(a.output) || graft::read_file(a.output) != text) {
      if (a.output.has_parent_path()) std::filesystem::create_directories(a.output.parent_path());
      graft::write_file(a.output, text);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
