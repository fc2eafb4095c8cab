/// \file
/// The fourth of the five doors: an optimizer turns gradients into steps.
#pragma once

#include <graft/backend/host/reference.hpp>
#include <graft/core/buffer.hpp>

#include <concepts>
#include <string>

namespace graft {

/// One parameter as an optimizer sees it. `state` holds `Optimizer::state_floats(size)` floats.
template <class B>
struct Update {
  Pointer<B> value, gradient, state;  ///< the parameter; its gradient; what is kept beside it
  Index size;
  Index step;                              ///< counts from 1
  float rate_factor;                       ///< what the schedule multiplies the learning rate by
  Pointer<B, const float> gradient_scale;  ///< one number: what clipping multiplies the gradient by
  B on{};                                  ///< where kernels are launched
};

/// Stands for whatever is trained.
struct AnyModel {};

/// requires: `state_floats(size)` is how many floats are kept beside a parameter of `size`, zero before the first step;
/// `settings_for(path)` gives the settings that hold for one parameter; `each_setting(f)` calls f(name, number) for all
/// that steps follow from, which a resumed run must not change; `precondition(model, on)`, called once a step, may
/// change the gradients of several parameters by one another; `update(u, settings)` reads u.gradient, changes u.value
/// and u.state and nothing else, and not even these where *u.gradient_scale is not finite: the number is the backend's,
/// and nobody waits for it. Before all of it `suit(rate)` hears the learning rate that suits what is trained
/// (train/learning_rate.hpp), for one that was given none. All of them are there, if only to say that there is nothing
/// to do. `check_optimizer` judges; see docs/optimizers.md.
template <class O>
concept Optimizer = std::copy_constructible<O> && requires(O& own, const O& optimizer, const std::string& path,
                                                           AnyModel& model, const Update<backend::reference>& u) {
  own.suit(0.0F);
  { O::state_floats(Index{}) } -> std::convertible_to<Index>;
  optimizer.each_setting([](const std::string&, float) {});
  optimizer.precondition(model, backend::reference{});
  optimizer.update(u, optimizer.settings_for(path));
};

}  // namespace graft
