// 07. An optimizer of your own, on a layer of your own program's.
// You will learn: what an optimizer must do, and how a host trains one layer under a loss that graft does not know.
// Read first: 02.   Run: 07_your_own_optimizer   It prints what the judge of optimizers says; whether the loss falls.
#include <graft/backend.hpp>
#include <graft/peft.hpp>
#include <graft/train/check_optimizer.hpp>
#include <graft/train/trainer.hpp>

#include <cmath>
#include <cstdio>

using namespace graft;

/// Lion (Chen et al. 2023):   p ← p (1 − lr λ) − lr sign(β₁ m + (1−β₁) g),   m ← β₂ m + (1−β₂) g
struct Lion {
  float learning_rate = 1e-4F, beta1 = 0.9F, beta2 = 0.99F, weight_decay = 0.0F;

  /// The learning rate that suits AdamW with what is trained, for those who have none of their own.
  void suit(float) {}
  /// What it keeps beside a parameter: m.
  static constexpr Index state_floats(Index size) { return size; }
  /// What holds for one parameter: here the same for all, by whatever path they are known.
  struct Settings {
    float learning_rate, weight_decay;
  };
  [[nodiscard]] Settings settings_for(const std::string&) const { return {learning_rate, weight_decay}; }
  /// What a resumed run may not change.
  template <class F>
  void each_setting(F&& f) const {
    f("learning rate", learning_rate);
    f("beta1", beta1);
    f("beta2", beta2);
    f("weight decay", weight_decay);
  }
  /// No parameter's step depends on another's.
  template <class Model, class B>
  void precondition(Model&, const B&) const {}
  /// A step of one parameter, in a kernel: this one is for memory that the host may touch. The scale is a number of the
  /// backend's that nobody waits for; where it is not finite the step is not to be taken.
  template <HostBackend B>
  void update(const Update<B>& u, Settings settings) const {
    const float rate = settings.learning_rate * u.rate_factor;
    launch(u.on, [&, b1 = beta1, b2 = beta2](auto) {
      const float scale = *u.gradient_scale;
      for (Index i = 0; i < u.size && std::isfinite(scale); ++i) {
        const float g = scale * u.gradient[i], direction = b1 * u.state[i] + (1 - b1) * g;
        const auto sign = static_cast<float>((direction > 0) - (direction < 0));
        u.value[i] -= rate * (settings.weight_decay * u.value[i] + sign);
        u.state[i] = b2 * u.state[i] + (1 - b2) * g;
      }
    });
  }
};

int main() {
  for (const auto& complaint : check_optimizer(Lion{.learning_rate = 1e-2F})) std::printf("%s\n", complaint.c_str());

  // The host's layer, with LoRA beside it, and what the host wants of it: y(5,8) near x(5,16) turned round.
  LowRank<LoRA<4>, Frozen<Linear<reference, 16, 8>>> layer;
  Initializer initializer{.key = {1, 0}, .deviation = 0.3F};
  layer.initialize(initializer);
  std::vector<float> x(5 * 16), dy(5 * 8);
  for (Index i = 0; i < x.size(); ++i) x[i] = standard_normal({2, 0}, i);

  Trainer trainer(layer, Lion{.learning_rate = 5e-3F});
  double first = 0, last = 0;
  for (int step = 0; step < 100; ++step) {
    trainer.workspace().reset();
    Tape<reference> tape(trainer.workspace());
    const auto y = layer(tape, Var<reference, 16>{5, tape.numbers(x.data(), x.size())});
    last = 0;
    for (Index i = 0; i < dy.size(); ++i) {
      dy[i] = y.data[i] - x[i / 8 * 16 + 15 - i % 8];
      last += 0.5 * static_cast<double>(dy[i] * dy[i]);
    }
    if (step == 0) first = last;
    tape.backward(y, dy);    // the host's own gradient of its own loss
    trainer.apply(1, last);  // clip and update
  }
  std::printf("the loss falls: %s\n", last < 0.5 * first ? "yes" : "no");
}
