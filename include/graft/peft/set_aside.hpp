/// \file
/// A base's weight that waits while what a method made of it stands in its place.
#pragma once

#include <graft/autodiff/parameter.hpp>

#include <optional>

namespace graft {

/// W: the parameter. What waits is itself, not a copy, so that a model gives back to a base that others share what it
/// had of it.
template <FrozenParameter W>
class SetAside {
 public:
  /// Whether something waits.
  [[nodiscard]] constexpr bool holds() const { return original_.has_value(); }
  void keep(const W& weight) { original_ = weight; }
  /// Keeps what others have too, which takes no memory: for layers that can compute their way back.
  void keep_shared(const W& weight) {
    if (weight.is_shared()) keep(weight);
  }
  void give_back(W& weight) {
    weight = *original_;
    original_.reset();
  }

  /// The layer's base takes its merged weight.
  template <class L>
  void merge(L& layer) {
    if (holds()) return;
    keep(layer.base.weight);
    layer.base.weight.assign(layer.merged_weight(layer.base.weight.read()));
  }
  template <class L>
  void unmerge(L& layer) {
    if (holds()) give_back(layer.base.weight);
  }

 private:
  std::optional<W> original_{};
};

/// That of a base layer.
template <class Base>
using WeightAside = SetAside<std::remove_cvref_t<decltype(Base::weight)>>;

}  // namespace graft
