/// \file
/// What the learning rate is multiplied by over the steps of a run, as Hugging Face's schedulers compute it.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <cmath>
#include <numbers>
#include <string_view>

namespace graft {

struct Schedule {
  enum class Kind { constant, linear, cosine };
  Kind kind = Kind::constant;
  Index warmup = 0;  ///< steps over which the factor rises from 0 to 1
  Index total = 0;   ///< steps of the whole run, at whose end linear and cosine reach 0

  /// The factor for the step that `done` steps came before.
  [[nodiscard]] float factor(Index done) const {
    const auto d = static_cast<double>(done), w = static_cast<double>(warmup);
    if (done < warmup) return static_cast<float>(d / w);
    if (kind == Kind::constant) return 1.0F;
    const double progress = total > warmup ? std::min(1.0, (d - w) / (static_cast<double>(total) - w)) : 1.0;
    return static_cast<float>(kind == Kind::linear ? 1.0 - progress : 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
  }
};

inline Schedule::Kind schedule_kind(std::string_view name) {
  if (name == "constant") return Schedule::Kind::constant;
  if (name == "linear") return Schedule::Kind::linear;
  if (name == "cosine") return Schedule::Kind::cosine;
  fail("unknown schedule \"", name, "\"; there are constant, linear and cosine");
}

}  // namespace graft
