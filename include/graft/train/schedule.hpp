/// \file
/// What the learning rate is multiplied by over the steps of a run: as Hugging Face's schedulers have it, but that a
/// warm-up rises from 1/w in its first step to 1 in its last, where theirs has 0 in the first, which then does nothing.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>

namespace graft {

/// How the factor of the learning rate goes over a run.
struct Schedule {
  /// How it falls: not at all, along a line, or along half a cosine.
  enum class Kind { constant, linear, cosine };
  std::optional<Kind> kind{};  ///< unless said cosine over a run, whose end is known, and constant for steps alone
  /// steps over which the factor rises to 1; unless said 3 % of the run, and so none in a run of fewer than 34
  std::optional<Index> warmup{};
  /// steps of the whole run, at whose end linear and cosine reach 0; 0: what `fit` runs
  Index total = 0;

  /// Steps over which the factor rises.
  [[nodiscard]] Index warmup_steps() const { return warmup.value_or(total * 3 / 100); }

  /// The same over a run of `steps`, if this one states none. A warm-up that leaves no step behind it is an error.
  [[nodiscard]] Schedule over(Index steps) const {
    Schedule stated = *this;
    if (total == 0) stated.total = steps;
    if (!kind && stated.total != 0) stated.kind = Kind::cosine;
    if (stated.total != 0 && stated.warmup_steps() >= stated.total)
      fail("the warm-up takes ", stated.warmup_steps(), " steps, and the whole run has ", stated.total,
           ": give it fewer; 0 is none");
    return stated;
  }

  /// The factor for the step that `done` steps came before.
  [[nodiscard]] float factor(Index done) const {
    const Kind falls = kind.value_or(Kind::constant);
    if (falls != Kind::constant && total == 0)
      fail(
          "a schedule that falls to 0 needs the number of steps in which it does: set Schedule::total, or let fit() do "
          "so");
    const auto d = static_cast<double>(done), w = static_cast<double>(warmup_steps());
    if (d < w) return static_cast<float>((d + 1) / w);
    if (falls == Kind::constant) return 1.0F;
    const double progress = total > warmup_steps() ? std::min(1.0, (d - w) / (static_cast<double>(total) - w)) : 1.0;
    return static_cast<float>(falls == Kind::linear ? 1.0 - progress
                                                    : 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
  }
};

inline constexpr std::string_view schedule_names[] = {"constant", "linear", "cosine"};  ///< names of the kinds

/// The name of a kind.
inline std::string_view schedule_name(const Schedule& schedule) {
  return schedule_names[static_cast<int>(schedule.kind.value_or(Schedule::Kind::constant))];
}
/// The kind of this name.
/// \throws Error where there is none
inline Schedule::Kind schedule_kind(std::string_view name) {
  for (const auto kind : {Schedule::Kind::constant, Schedule::Kind::linear, Schedule::Kind::cosine})
    if (schedule_names[static_cast<int>(kind)] == name) return kind;
  fail("unknown schedule \"", name, "\"; there are constant, linear and cosine");
}

}  // namespace graft
