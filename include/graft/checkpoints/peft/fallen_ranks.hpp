/// \file
/// AdaLoRA's finished adapters: files hold the singular triplets that its schedule has left (train/rank_budget.hpp),
/// and the config's `rank_pattern` says which these are.
#pragma once

#include <graft/checkpoints/peft/adapter_config.hpp>
#include <graft/io/safetensors.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace graft {

/// Final ranks of all layers, by what is kept of each. Where nothing has been dropped, or nothing learned yet, they are
/// as they were.
[[gnu::cold]] inline void state_final_ranks(AdapterSummary& summary) {
  const auto any = [&summary](bool value) {
    return std::any_of(summary.adapted.begin(), summary.adapted.end(), [value](const auto& layer) {
      return std::find(layer.kept.begin(), layer.kept.end(), value) != layer.kept.end();
    });
  };
  const bool finished = any(true) && any(false);
  for (auto& layer : summary.adapted) {
    if (layer.kept.empty()) continue;
    if (finished) layer.options["final_rank"] = std::count(layer.kept.begin(), layer.kept.end(), true);
    else layer.kept.clear();
  }
}

/// What has been dropped of A(R,In), B(Out,R) or E(R,1) of a layer.
class FallenRanks {
 public:
  FallenRanks() = default;
  FallenRanks(std::vector<bool> kept, const std::string& name)
      : kept_(std::move(kept)), in_columns_(name.ends_with(".lora_B")) {}
  /// Of the tensor of this name, by what is to be written.
  FallenRanks(const AdapterSummary& summary, const std::string& name) {
    for (const auto& layer : summary.adapted)
      if (!layer.kept.empty() && name.find("." + layer.path + ".lora_") != name.npos)
        *this = FallenRanks(layer.kept, name);
  }

  /// Whether there is anything.
  explicit operator bool() const { return !kept_.empty(); }
  [[nodiscard]] Index left() const { return static_cast<Index>(std::count(kept_.begin(), kept_.end(), true)); }
  /// The shape in files of what has this shape in a model.
  [[nodiscard]] std::vector<Index> shape_of(std::vector<Index> shape) const {
    shape[in_columns_ ? 1 : 0] = left();
    return shape;
  }
  /// Whether a model has as many ranks as there once were.
  [[nodiscard]] bool fits(const std::vector<Index>& shape) const {
    return shape.size() == 2 && shape[in_columns_ ? 1 : 0] == kept_.size();
  }

  [[gnu::cold]] void take_out_of(NamedTensor& tensor) const {
    std::vector<float> rest;
    each_entry(tensor.values.size(), [&](Index i, bool kept) {
      if (kept) rest.push_back(tensor.values[i]);
    });
    tensor = {tensor.name, shape_of(tensor.shape), std::move(rest)};
  }
  /// The same back, zero where something was dropped. `size`: of the whole
  [[nodiscard, gnu::cold]] std::vector<float> put_into(Index size, const std::vector<float>& rest) const {
    std::vector<float> whole(size, 0.0F);
    Index next = 0;
    each_entry(size, [&](Index i, bool kept) {
      if (kept) whole[i] = rest[next++];
    });
    return whole;
  }

 private:
  /// Calls f(number, whether it is kept), row by row.
  template <class F>
  void each_entry(Index size, const F& f) const {
    const Index ranks = kept_.size(), row = size / ranks;
    for (Index i = 0; i < size; ++i) f(i, kept_[in_columns_ ? i % ranks : i / row]);
  }

  std::vector<bool> kept_;
  bool in_columns_ = false;
};

}  // namespace graft
