// graft-inspect: what is in a model file: its sizes, as the config struct of its type, and its tensors.
#include <graft/checkpoints/files.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App app{"graft-inspect: sizes and tensors of a .gguf file or a Hugging Face folder"};
  std::filesystem::path path;
  app.add_option("model", path, "a .gguf file or a Hugging Face folder")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    const graft::ModelFiles files(path);
    std::puts(graft::config_struct(files.config()).c_str());
    for (const auto& [name, tensor] : files.tensors()) {
      std::printf("%-48s %-8s", name.c_str(), tensor.type_name.c_str());
      for (const auto extent : tensor.shape) std::printf(" %zu", extent);
      std::puts("");
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "graft-inspect: %s\n", error.what());
    return 1;
  }
}
