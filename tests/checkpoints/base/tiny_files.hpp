// tiny::Config in files.
#pragma once

#include <graft/checkpoints/base/load.hpp>
#include <graft/io/json.hpp>
#include <graft/io/safetensors.hpp>

namespace tiny {

/// As a Qwen2 states it, whose queries, keys and values alone have biases; and what else, or otherwise.
inline graft::Json config_json(const graft::Json& more = graft::Json::object()) {
  graft::Json json = {{"model_type", "qwen2"},
                      {"vocab_size", 50},
                      {"hidden_size", 16},
                      {"num_hidden_layers", 3},
                      {"num_attention_heads", 4},
                      {"num_key_value_heads", 2},
                      {"head_dim", 4},
                      {"intermediate_size", 24},
                      {"rope_theta", 10000.0},
                      {"rms_norm_eps", 1e-6},
                      {"tie_word_embeddings", false}};
  json.update(more);
  return json;
}

/// All parameters of a model, under their names in it.
template <class Model>
std::vector<graft::NamedTensor> tensors_of(Model& model) {
  std::vector<graft::NamedTensor> tensors;
  Model::visit(model, [&tensors](const graft::Path& path, auto& p) {
    tensors.push_back({path.str(), graft::shape_in_files(p), p.read()});
  });
  return tensors;
}

}  // namespace tiny
