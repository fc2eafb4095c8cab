/// \file
/// The losses of the passes of a step, on the backend until all are read at once: no pass waits for its loss.
#pragma once

#include <graft/backend/backend.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace graft {

template <class B>
class KeptLosses {
 public:
  /// Keeps the number that lies at `loss`.
  void add(Pointer<B> loss, const B& on) {
    if ((count_ + 1) * sizeof(float) > memory_.bytes()) grow(on);
    launch(on,
           [loss, to = memory_.template as<float>(count_ * sizeof(float))](auto queue) { copy(to, loss, 1, queue); });
    ++count_;
  }

  /// Forgets all: a step that an error ended may have left some.
  void clear() { count_ = 0; }

  /// healthy(1) ← 1, or NaN if one of them is not finite
  void judge(Pointer<B> healthy, const B& on) const {
    launch(on, [healthy, from = memory_.template as<float>(), n = count_](auto queue) {
      all_finite(healthy, from, n, queue);
    });
  }

  /// All of them, in their order, valid until the next call; none is kept any longer. Waits for them.
  [[nodiscard]] std::span<const float> take(const B& on) {
    host_.resize(count_);
    if (count_ != 0) on.download(host_.data(), memory_.template as<float>(), count_ * sizeof(float));
    count_ = 0;
    return host_;
  }

 private:
  void grow(const B& on) {
    Buffer<B> larger(std::max(Index{16} * sizeof(float), 2 * memory_.bytes()));
    if (count_ != 0)
      launch(on, [from = memory_.template as<float>(), to = larger.template as<float>(), n = count_](auto queue) {
        copy(to, from, n, queue);
      });
    memory_ = std::move(larger);
  }

  Buffer<B> memory_;
  Index count_ = 0;
  std::vector<float> host_;
};

}  // namespace graft
