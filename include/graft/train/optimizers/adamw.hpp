/// \file
/// AdamW (Loshchilov and Hutter 2019):  m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²,  p ← p − lr (λp + m̂/(√v̂ + ε))
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/host/optimizer.hpp>
#include <graft/train/learning_rate.hpp>
#include <graft/train/optimizer.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace graft {

/// Other settings for parameters whose path contains `part`: `{.part = "lora_B", .rate_factor = 16}` is LoRA+.
struct ParameterGroup {
  std::string part;          ///< part of the paths of the parameters that are meant
  float rate_factor = 1.0F;  ///< the learning rate is multiplied with this
  std::optional<float> weight_decay = std::nullopt;
};

/// Defaults are PyTorch's, but for the learning rate, which is one that suits the method (train/learning_rate.hpp).
struct AdamW {
  std::optional<float> learning_rate{};  ///< unless said the method's; `Trainer` puts it here
  float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F, weight_decay = 0.0F;
  std::vector<ParameterGroup> groups{};  ///< the first that matches a path holds

  static constexpr Index state_floats(Index size) { return 2 * size; }

  /// What may differ from one parameter to the next.
  struct Settings {
    float learning_rate, weight_decay;
  };
  [[nodiscard]] Settings settings_for(const std::string& path) const {
    const float rate = learning_rate.value_or(learning_rate_for(Tuned::new_weights));
    for (const auto& group : groups)
      if (path.find(group.part) != std::string::npos)
        return {rate * group.rate_factor, group.weight_decay.value_or(weight_decay)};
    return {rate, weight_decay};
  }
  /// No parameter's step depends on another's.
  template <class Model, class B>
  void precondition(Model&, const B&) const {}
  /// What a trainer says of the method before it asks for settings: the learning rate that suits it.
  void suit(float rate) { learning_rate = learning_rate.value_or(rate); }
  /// What steps follow from, by name: a run is resumed under the same alone.
  template <class F>
  void each_setting(F&& f) const {
    f("learning rate", learning_rate.value_or(learning_rate_for(Tuned::new_weights)));
    f("beta1", beta1);
    f("beta2", beta2);
    f("epsilon", epsilon);
    f("weight decay", weight_decay);
    for (const auto& group : groups) {
      f("learning rate factor of " + group.part, group.rate_factor);
      f("weight decay of " + group.part, group.weight_decay.value_or(weight_decay));
    }
  }

  template <class B>
  void update(const Update<B>& u, Settings settings) const {
    launch(u.on, [&u, step = numbers(u, settings)](auto on) {
      adamw(u.value, u.state, u.state + u.size, u.gradient, u.size, step, u.gradient_scale, on);
    });
  }

 protected:
  /// What kernels want to know of a step.
  template <class B>
  [[nodiscard]] backend::AdamWStep numbers(const Update<B>& u, Settings settings) const {
    const auto power = static_cast<double>(u.step);
    return {.learning_rate = settings.learning_rate * u.rate_factor,
            .beta1 = beta1,
            .beta2 = beta2,
            .epsilon = epsilon,
            .weight_decay = settings.weight_decay,
            .correction1 = static_cast<float>(1.0 - std::pow(static_cast<double>(beta1), power)),
            .correction2 = static_cast<float>(1.0 - std::pow(static_cast<double>(beta2), power))};
  }
};

/// The same with m and v in a byte each beside scales of blocks of 256 (Dettmers et al. 2022): a quarter of the state.
/// Rounded at random, so that small steps are not lost. `AdamW8bit{{.learning_rate = 1e-5F}}`
struct AdamW8bit : AdamW {
  static constexpr Index state_floats(Index size) { return backend::adamw8bit_state_bytes(size) / sizeof(float); }

  template <class B>
  void update(const Update<B>& u, Settings settings) const {
    launch(u.on, [&u, step = numbers(u, settings), seed = static_cast<std::uint32_t>(u.step) * 0x9E3779B1U](auto on) {
      adamw8bit(u.value, u.state, u.gradient, u.size, step, u.gradient_scale, seed, on);
    });
  }
};

}  // namespace graft
