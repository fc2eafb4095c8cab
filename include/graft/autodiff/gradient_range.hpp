/// \file
/// Where gradients lie: one parameter's, or those of many that are trained together, end to end.
#pragma once

#include <graft/backend/backend.hpp>

#include <memory>
#include <type_traits>

namespace graft {

/// A place in memory of floats, zero at first, which is taken when it is first asked for: who only computes has no
/// gradients. Copies made since then refer to the same memory, which lives as long as one of them does.
template <class B>
class GradientRange {
 public:
  constexpr GradientRange() = default;
  constexpr explicit GradientRange(Index floats) : floats_(floats) {}

  /// Its first float. Called outside of kernels, as it may take memory.
  [[nodiscard]] constexpr Pointer<B> data() const {
    if constexpr (B::executes) {
      if (memory_ == nullptr && floats_ != 0) {
        memory_ = std::make_shared<Buffer<B>>(floats_ * sizeof(float));
        data_ = memory_->template as<float>();
        launch<B>([at = data_, n = floats_](auto on) { fill(at, n, 0.0F, on); });
      }
      return data_;
    } else {
      return {};
    }
  }
  /// Whether it is taken already, and lies where `range` has float number `first`.
  [[nodiscard]] bool lies_at(const GradientRange& range, Index first) const {
    return memory_ != nullptr && memory_ == range.memory_ && data_ == range.data_ + first;
  }
  /// The same memory from float number `first` on.
  [[nodiscard]] GradientRange from(Index first) const {
    const auto begin = data();
    GradientRange part = *this;
    part.data_ = begin + first;
    return part;
  }

 private:
  struct Nothing {};
  Index floats_ = 0;
  mutable std::conditional_t<B::executes, std::shared_ptr<Buffer<B>>, Nothing> memory_{};
  mutable Pointer<B> data_{};
};

}  // namespace graft
