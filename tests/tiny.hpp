// A model small enough to differentiate by hand, and a batch for it.
#pragma once

#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>

namespace tiny {

struct Config : graft::LlamaDefaults {
  static constexpr graft::Index vocabulary = 50, width = 16, blocks = 3, heads = 4, groups = 2, head_width = 4,
                                feed_forward = 24;
  static constexpr bool qkv_bias = true;
};
struct TiedConfig : Config {
  static constexpr bool tied_head = true;
};

/// Two sequences; some tokens of the second have no label.
inline graft::Batch batch() {
  graft::Batch b;
  b.append({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  b.append({7, 8, 9, 11}, {-1, -1, 9, 11});
  return b;
}

/// First values large enough that gradients are not all near zero, adapters moved off zero.
template <class Model>
void fill(Model& model, std::uint64_t seed = 1) {
  model.initialize({.key = {seed, 0}, .deviation = 0.3F});
  std::uint64_t stream = 1000;
  Model::visit(model, [&stream](const graft::Path& path, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      ++stream;
      for (graft::Index i = 0; i < values.size(); ++i) values[i] += 0.2F * graft::standard_normal({5, stream}, i);
      p.assign(values);
    }
    (void)path;
  });
}

/// All that is trained, end to end.
template <class Model>
std::vector<float> trained(const Model& model) {
  std::vector<float> values;
  Model::visit(model, [&values](const graft::Path&, const auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      const auto more = p.read();
      values.insert(values.end(), more.begin(), more.end());
    }
  });
  return values;
}

template <class Model>
double loss(const Model& model, const graft::Batch& b) {
  using B = typename Model::backend;
  graft::Workspace<B> workspace;
  graft::Inference<B> tape(workspace);
  return static_cast<double>(graft::download<B>(model.loss(tape, graft::place(tape, b)).data, 1)[0]);
}

}  // namespace tiny
