// A folder as models come in: a config, a tokenizer, and hardly a weight.
#pragma once

#include "folder.hpp"

#include <graft/io/json.hpp>
#include <graft/io/safetensors.hpp>

namespace made {

struct ModelFolder : Folder {
  explicit ModelFolder(const std::string& name) : Folder(name) {
    const std::filesystem::path tokenizers = std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers";
    graft::write_json(path / "config.json", {{"model_type", "llama"},
                                             {"architectures", {"LlamaForCausalLM"}},
                                             {"vocab_size", 702},
                                             {"hidden_size", 16},
                                             {"num_hidden_layers", 2},
                                             {"num_attention_heads", 4},
                                             {"num_key_value_heads", 2},
                                             {"intermediate_size", 24}});
    graft::write_safetensors(path / "model.safetensors", {{"model.norm.weight", {16}, std::vector<float>(16, 1.0F)}});
    graft::write_file(path / "tokenizer.json", graft::read_file(tokenizers / "smollm.json"));
    graft::write_json(path / "tokenizer_config.json", {{"eos_token", "<|end|>"}});
  }
};

}  // namespace made
