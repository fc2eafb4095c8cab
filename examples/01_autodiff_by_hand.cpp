// 01. Autodiff by hand.
// You will learn: what a Var, a Tape and a backward step are, and how an op of your own is written and checked.
// Read first: nothing.   Run: 01_autodiff_by_hand   It prints a loss, a gradient, and how far finite differences agree.
#include <graft/autodiff.hpp>
#include <graft/backend/reference.hpp>

#include <cstdio>

using namespace graft;
using B = reference;

/// y = x²     dx = 2 x dy      (an op: the value on top, what undoes it directly below)
template <class T, Index N, Gradient G>
auto square(T& tape, Var<B, N, G> x) {
  const auto y = tape.template value<N>(x.rows);
  tape.run(x.size(), [=](auto on) { multiply(y.data, x.data, x.data, x.size(), false, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(2 * x.size(), [=](auto on) {
        multiply(dx.data, x.data, dy, x.size(), dx.accumulate, on);
        multiply(dx.data, x.data, dy, x.size(), true, on);
      });
    });
    return z;
  } else {
    return y;
  }
}

int main() {
  const Buffer<B> memory(3 * sizeof(float));
  const std::vector<float> start{0.5F, -1.0F, 2.0F};
  upload<B>(memory.as<float>(), std::span<const float>(start));
  const std::vector<Id> target{2};

  Workspace<B> workspace;
  const auto forward = [&](auto& tape, auto x) {
    return cross_entropy(tape, square(tape, x), tape.ids(target.data(), 1));
  };

  Tape<B> tape(workspace);
  const auto x = tape.track(Var<B, 3>{1, memory.as<float>()});
  const auto loss = forward(tape, x);
  std::printf("loss %.4f\n", static_cast<double>(loss.data[0]));
  tape.backward(loss);
  const auto gradient = download<B>(tape.adjoint(x), 3);
  std::printf("gradient %.4f %.4f %.4f\n", static_cast<double>(gradient[0]), static_cast<double>(gradient[1]),
              static_cast<double>(gradient[2]));

  const auto report = check_gradients<B>({{memory.as<float>(), 3, gradient}}, [&] {
    workspace.reset();
    Inference<B> quiet(workspace);
    return forward(quiet, Var<B, 3>{1, memory.as<float>()}).data[0];
  });
  std::printf("finite differences agree: %s\n", report.worst < 1e-2 ? "yes" : "no");
}
