/// \file
/// The fourth of the five doors: an optimizer turns gradients into steps.
#pragma once

#include <graft/core/buffer.hpp>

#include <concepts>
#include <string>

namespace graft {

/// One parameter as an optimizer sees it. `state` holds `Optimizer::state_floats(size)` floats.
template <class B>
struct Update {
  Pointer<B> value, gradient, state;
  Index size;
  Index step;             ///< counts from 1
  float rate_factor;      ///< what the schedule multiplies the learning rate by
  float gradient_scale;   ///< what clipping multiplies the gradient by
};

/// requires: `update` reads u.gradient, changes u.value and u.state (zero before the first step) and nothing else;
/// `settings_for(path)` gives the settings that hold for one parameter; `precondition(model)`, where it is there, may change the
/// gradients of a step first; `each_setting(f)`, where it is there, calls f(name, number) for what steps follow from, which a resumed
/// run must not change. See docs/optimizers.md.
template <class O>
concept Optimizer = requires(const O& optimizer, const std::string& path) {
  { O::state_floats(Index{}) } -> std::convertible_to<Index>;
  { optimizer.settings_for(path) };
};

}  // namespace graft
