/// \file
/// Where gradients lie: one parameter's, or those of many that are trained together, end to end.
#pragma once

#include <graft/backend/backend.hpp>

#include <memory>
#include <type_traits>

namespace graft {

/// A place in memory of floats, zero at first. Copies refer to the same memory, which lives as long as one of them
/// does.
template <class B>
class GradientRange {
 public:
  constexpr GradientRange() = default;
  constexpr explicit GradientRange(Index floats) {
    if constexpr (B::executes) {
      memory_ = std::make_shared<Buffer<B>>(floats * sizeof(float));
      data_ = memory_->template as<float>();
      launch<B>([at = data_, floats](auto on) { fill(at, floats, 0.0F, on); });
    }
  }

  [[nodiscard]] constexpr Pointer<B> data() const { return data_; }
  /// The same memory from float number `first` on.
  [[nodiscard]] constexpr GradientRange from(Index first) const {
    GradientRange part = *this;
    part.data_ = data_ + first;
    return part;
  }

 private:
  struct Nothing {};
  std::conditional_t<B::executes, std::shared_ptr<Buffer<B>>, Nothing> memory_{};
  Pointer<B> data_{};
};

}  // namespace graft
