/// \file
/// The public judge of optimizers.
#pragma once

#include <graft/backend/reference.hpp>
#include <graft/core/random.hpp>
#include <graft/train/optimizer.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace graft {

/// What is wrong with an optimizer, in words; nothing where nothing is. Three hundred floats learn to be zero by it.
template <Optimizer O>
std::vector<std::string> check_optimizer(const O& optimizer) {
  using B = backend::reference;
  constexpr Index size = 300, beyond = 16;
  constexpr float mark = 123.0F;
  struct Run {
    std::vector<float> value, gradient, state;
    bool keeps_gradient = true;
  };
  /// `share`: how much of the gradient lies in memory; the rest is the scale that goes with it.
  const auto run = [&](Index steps, float share, float rate_factor, bool taken = true) {
    const Index states = O::state_floats(size);
    Run r{std::vector<float>(size + beyond, mark), std::vector<float>(size + beyond, mark),
          std::vector<float>(states + beyond, mark)};
    for (Index i = 0; i < size; ++i) r.value[i] = standard_normal({1, 2}, i);
    std::fill_n(r.state.begin(), states, 0.0F);
    const float scale = taken ? 1.0F / share : std::numeric_limits<float>::quiet_NaN();
    for (Index step = 1; step <= steps; ++step) {
      for (Index i = 0; i < size; ++i) r.gradient[i] = share * r.value[i];
      const auto given = r.gradient;
      const Update<B> u{r.value.data(), r.gradient.data(), r.state.data(), size, step, rate_factor, &scale};
      optimizer.update(u, optimizer.settings_for("model.layers.0.weight"));
      r.keeps_gradient = r.keeps_gradient && r.gradient == given;
    }
    return r;
  };
  const auto norm = [](const Run& r) {
    double sum = 0;
    for (Index i = 0; i < size; ++i) sum += static_cast<double>(r.value[i]) * static_cast<double>(r.value[i]);
    return std::sqrt(sum);
  };
  std::vector<std::string> wrong;
  const auto say = [&wrong](const char* text, bool right) {
    if (!right) wrong.emplace_back(text);
  };
  const Run start = run(0, 1, 1), learned = run(50, 1, 1), scaled = run(50, 0.25F, 1), resting = run(3, 1, 0);
  say("update() does not lower a quadratic loss", norm(learned) < norm(start));
  say("the same steps lead elsewhere at another time", run(50, 1, 1).value == learned.value);
  double apart = 0;
  for (Index i = 0; i < size; ++i) apart += std::pow(static_cast<double>(learned.value[i] - scaled.value[i]), 2);
  say("gradient_scale does not scale the gradient", std::sqrt(apart) <= 1e-3 * norm(learned));
  const Run refused = run(3, 1, 1, false);
  say("update() changes values or state where gradient_scale is not finite: that step is not to be taken",
      refused.value == start.value && refused.state == start.state);
  say("rate_factor = 0 does not keep values as they are", resting.value == start.value);
  say("update() changes the gradient, or writes beyond it", learned.keeps_gradient);
  const auto stays_within = [=](const std::vector<float>& memory) {
    return std::count(memory.end() - beyond, memory.end(), mark) == beyond;
  };
  say("update() writes beyond the value", stays_within(learned.value));
  say("update() writes beyond the state: is state_floats(size) all that it keeps?", stays_within(learned.state));
  bool named = false;
  optimizer.each_setting([&named](const std::string& name, auto) { named = named || !name.empty(); });
  say("each_setting() names none: a run could be resumed under another learning rate", named);
  return wrong;
}

}  // namespace graft
