/// \file
/// A line that says how far a run is: step, loss, tokens per second, time left.
#pragma once

#include <graft/core/types.hpp>

#include <chrono>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace graft {

/// Draws on standard error: one line redrawn on a terminal, a line every tenth of the run elsewhere.
class ProgressBar {
 public:
  explicit ProgressBar(bool enabled = true) : enabled_(enabled), terminal_(::isatty(2) == 1) {}

  void update(Index done, Index total, double loss, Index tokens) {
    using Seconds = std::chrono::duration<double>;
    const auto now = std::chrono::steady_clock::now();
    if (first_ == 0) {
      first_ = done;
      began_ = now;
      return draw(done, total, loss, 0, 0);
    }
    tokens_ += tokens;
    const double seconds = Seconds(now - began_).count(), rate = static_cast<double>(done - first_) / seconds;
    draw(done, total, loss, static_cast<double>(tokens_) / seconds, static_cast<double>(total - done) / rate);
  }

 private:
  void draw(Index done, Index total, double loss, double tokens_per_second, double left) {
    if (!enabled_ || (!terminal_ && done != total && done * 10 / total == (done - 1) * 10 / total)) return;
    constexpr Index width = 24;
    const Index filled = done * width / total;
    const std::string bar = std::string(filled, '=') + std::string(width - filled, ' ');
    const auto seconds = static_cast<unsigned>(left);
    std::fprintf(stderr, "%s[%s] step %zu/%zu  loss %.4f  %.0f tokens/s  %u:%02u left%s", terminal_ ? "\r\x1b[K" : "", bar.c_str(), done, total, loss,
                 tokens_per_second, seconds / 60, seconds % 60, terminal_ && done != total ? "" : "\n");
  }

  bool enabled_, terminal_;
  std::chrono::steady_clock::time_point began_;
  Index first_ = 0, tokens_ = 0;
};

}  // namespace graft
