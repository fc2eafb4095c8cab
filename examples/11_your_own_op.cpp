// 11. An op of your own, with a kernel of its own.
// You will learn: what a kernel is, what an op records, how its gradient is judged, how a layer is written with it.
// Read first: 01, 02.   Run: 11_your_own_op
//     It prints whether the gradient is that of differences, and what a pass costs.
#include <graft/autodiff/check_gradients.hpp>
#include <graft/autodiff/ops.hpp>
#include <graft/backend.hpp>
#include <graft/layers.hpp>

#include <cmath>
#include <cstdio>

using namespace graft;

// softplus (Dugas et al. 2001):   y = ln(1 + eˣ)     dx = dy σ(x)

// Kernels work on memory and know no gradients. The backend's tag comes last; one for another backend takes its tag,
// and what a backend does not have it inherits.
namespace graft::backend {
inline void softplus(float* y, const float* x, Index n, reference) {
  for (Index i = 0; i < n; ++i) y[i] = std::max(x[i], 0.0F) + std::log1p(std::exp(-std::abs(x[i])));
}
/// dx ← or +← dy σ(x)
inline void softplus_input(float* dx, const float* dy, const float* x, Index n, bool accumulate, reference) {
  for (Index i = 0; i < n; ++i) put(dx[i], dy[i] / (1.0F + std::exp(-x[i])), accumulate);
}
}  // namespace graft::backend

/// y(T,N), recorded if x is tracked: then x is kept, and the step adds its share to x's adjoint.
template <class T, Index N, Gradient G>
constexpr auto softplus(T& tape, Var<typename T::backend, N, G> x) {
  const auto y = tape.template value<N>(x.rows);
  tape.run(4 * x.size(), [=](auto on) { softplus(y.data, x.data, x.size(), on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto z = tape.track(y);
    tape.record(z, [=](auto& back, auto dy) {
      const auto dx = back.contribute(x);
      back.run(4 * x.size(), [=](auto on) { softplus_input(dx.data, dy, x.data, x.size(), dx.accumulate, on); });
    });
    return z;
  } else {
    return y;
  }
}

/// A layer is written with ops, so that its gradient is derived:   y(T,Out) = softplus(x Wᵀ + b)
template <class B, Index In, Index Out>
struct Smooth {
  using backend = B;
  template <class S>
  using frozen = Smooth;

  Linear<B, In, Out, true> inner;

  template <class T, Gradient G>
  constexpr auto operator()(T& tape, Var<B, In, G> x) const {
    return softplus(tape, inner(tape, x));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    decltype(inner)::visit(self.inner, f, path);
  }
  void initialize(Initializer& initializer) { inner.initialize(initializer); }
};

int main() {
  Smooth<reference, 6, 3> layer;
  Initializer initializer{.key = {1, 0}, .deviation = 0.5F};
  layer.initialize(initializer);
  const auto report = check_layer<6>(layer);
  std::printf("%zu entries of gradients are those of differences: %s\n", report.checked,
              report.worst < 1e-2 ? "yes" : "no");

  // On `meta` the same code counts what it will take, in a constant expression.
  constexpr Cost cost = [] {
    Workspace<meta<reference>> workspace;
    Tape<meta<reference>> tape(workspace);
    const auto x = tape.track(tape.value<1>(40));
    tape.backward(squared_error(tape, softplus(tape, x), {}));
    return workspace.cost();
  }();
  static_assert(cost.forward == 40 * (4 + 3) && cost.backward == 40 * (4 + 3));
  std::printf("%ju operations forward, of which softplus takes 4 a value\n", static_cast<std::uintmax_t>(cost.forward));
}
