// graft-inspect: what is in a model file. With --config it prints the sizes as a Hugging Face config.json, from which
// graft_add_model makes the architecture's type.
#include <graft/models/files.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App app{"graft-inspect: sizes and tensors of a .gguf file or a Hugging Face folder"};
  std::filesystem::path path;
  bool config = false;
  app.add_option("model", path, "a .gguf file or a Hugging Face folder")->required();
  app.add_flag("--config", config, "print a config.json");
  CLI11_PARSE(app, argc, argv);
  try {
    const graft::ModelFiles files(path);
    const auto& c = files.config();
    const graft::Json json = {{"model_type", c.family}, {"vocab_size", c.vocabulary}, {"hidden_size", c.width}, {"num_hidden_layers", c.blocks},
                              {"num_attention_heads", c.heads}, {"num_key_value_heads", c.groups}, {"head_dim", c.head_width}, {"intermediate_size", c.feed_forward},
                              {"rope_theta", c.rope_base}, {"rms_norm_eps", c.norm_epsilon}, {"tie_word_embeddings", c.tied_head}, {"attention_bias", c.qkv_bias},
                              {"mlp_bias", c.mlp_bias}};
    std::puts(json.dump(2).c_str());
    if (!config)
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
