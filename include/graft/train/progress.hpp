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
  /// A bar on stderr, if it is a terminal.
  explicit ProgressBar(bool enabled = true) : enabled_(enabled), terminal_(::isatty(2) == 1) {}

  /// A line of its own.
  void say(const std::string& text) const {
    if (enabled_) std::fprintf(stderr, "%s\n", text.c_str());
  }

  void update(Index done, Index total, double loss, Index tokens) {
    const auto now = std::chrono::steady_clock::now();
    std::string speed;  // from the second step on: the first says when it ended, not how long it took
    if (first_ == 0) {
      first_ = done;
      began_ = now;
    } else {
      tokens_ += tokens;
      const double seconds = std::chrono::duration<double>(now - began_).count();
      const auto left =
          static_cast<unsigned>(static_cast<double>(total - done) * seconds / static_cast<double>(done - first_));
      char text[64];
      std::snprintf(text, sizeof text, "  %.0f tokens/s  %u:%02u left", static_cast<double>(tokens_) / seconds,
                    left / 60, left % 60);
      speed = text;
    }
    if (!enabled_ || (!terminal_ && done != total && done * 10 / total == (done - 1) * 10 / total)) return;
    constexpr Index width = 24;
    const Index filled = done * width / total;
    const std::string bar = std::string(filled, '=') + std::string(width - filled, ' ');
    std::fprintf(stderr, "%s[%s] step %zu/%zu  loss %.4f%s%s", terminal_ ? "\r\x1b[K" : "", bar.c_str(), done, total,
                 loss, speed.c_str(), terminal_ && done != total ? "" : "\n");
  }

 private:
  bool enabled_, terminal_;
  std::chrono::steady_clock::time_point began_;
  Index first_ = 0, tokens_ = 0;
};

}  // namespace graft
