/// \file
/// What a run was, what it learned and what it took: data, of which report/run_report.hpp makes JSON and a page.
#pragma once

#include <graft/eval/figure.hpp>
#include <graft/plan/plan.hpp>
#include <graft/plan/site_map.hpp>
#include <graft/train/fit.hpp>

#include <optional>

namespace graft {

/// One generated answer before and after training, beside what was wanted.
struct SampleOutput {
  /// a prompt; its completion; the model's answer before the run, and after it
  std::string prompt, wanted, before, after;
};

/// What was not measured is not there.
struct RunRecord {
  /// in words: the run, the model, the method, the machine and its kernels
  std::string title, model, method, machine, kernels;
  Index parameters = 0, trainable = 0;
  std::optional<std::uintmax_t> base_bytes{}, adapter_bytes{};  ///< of files
  std::optional<float> learning_rate{};
  std::optional<Plan> plan{};
  FitHistory history;
  std::optional<HeldOutFigures> before{}, after{};  ///< held-out figures before the run, and after it
  std::vector<SampleOutput> samples;                ///< prompts that were answered, to be shown
  std::vector<SiteEntry> sites;
  // Of the process that ended the run:
  std::optional<Index>
      measured_bytes{};  ///< parameters, gradients, optimizer state, values and adjoints at their highest
  std::optional<Index> peak_resident_bytes{};  ///< of the process while training
  /// wall time of reading, of training, and of all
  std::optional<double> load_seconds{}, train_seconds{}, total_seconds{};
  std::vector<Profile::Entry> profile;  ///< of the training steps

  /// Tokens of training, each second. Nothing where none were timed.
  [[nodiscard]] std::optional<double> tokens_per_second() const {
    if (history.timed_tokens == 0) return std::nullopt;
    return static_cast<double>(history.timed_tokens) / history.seconds;
  }

  /// Calls f(name, before, after) for what was measured at both moments.
  template <class F>
  void each_change(const F& f) const {
    if (!before || !after) return;
    f(after->loss_name, before->loss, after->loss);
    for (const auto& b : before->others)
      for (const auto& a : after->others)
        if (std::string_view(a.key) == b.key) f(a.name, b.value, a.value);
  }
};

}  // namespace graft
