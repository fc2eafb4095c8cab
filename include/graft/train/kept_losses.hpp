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
  void add(Pointer<B> loss) {
    if ((count_ + 1) * sizeof(float) > memory_.bytes()) grow();
    launch<B>([loss, to = memory_.template as<float>(count_ * sizeof(float))](auto on) { copy(to, loss, 1, on); });
    ++count_;
  }

  /// Forgets all: a step that an error ended may have left some.
  void clear() { count_ = 0; }

  /// All of them, in their order, valid until the next call; none is kept any longer.
  [[nodiscard]] std::span<const float> take() {
    host_.resize(count_);
    if (count_ != 0) B::download(host_.data(), memory_.template as<float>(), count_ * sizeof(float));
    count_ = 0;
    return host_;
  }

 private:
  void grow() {
    Buffer<B> larger(std::max(Index{16} * sizeof(float), 2 * memory_.bytes()));
    if (count_ != 0)
      launch<B>([from = memory_.template as<float>(), to = larger.template as<float>(), n = count_](auto on) {
        copy(to, from, n, on);
      });
    memory_ = std::move(larger);
  }

  Buffer<B> memory_;
  Index count_ = 0;
  std::vector<float> host_;
};

}  // namespace graft
