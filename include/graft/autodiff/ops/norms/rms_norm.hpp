/// \file
/// y(T,N) = x r w,  r(T) = 1/√(mean(x²) + ε)     dx = r (g − x r² mean(g x)),  g = dy w     dw = Σ_t dy x r
/// (Zhang and Sennrich 2019)
#pragma once

#include <graft/autodiff/ops/source.hpp>
#include <graft/autodiff/parameter.hpp>

namespace graft {

/// The norm of x in elements E, as a source: only x and r are saved.
template <class X, class E, bool Trained>
struct RmsNormOf {
  using backend = typename X::backend;
  using element = E;
  static constexpr Index columns = X::columns;
  static constexpr Gradient gradient = X::tracked || Trained ? Gradient::tracked : Gradient::none;
  static constexpr bool made = true;

  X x;                               ///< what is normed
  Pointer<backend> w;                ///< the gain, (N)
  const GradientRange<backend>* dw;  ///< where the gain's gradient is kept, or null
  Pointer<backend> r;                ///< 1/√(mean(x²) + ε) of every row
  float epsilon;

  [[nodiscard]] constexpr Index rows() const { return x.rows; }

  template <class T>
  constexpr void make(T& tape, Var<backend, columns, Gradient::none, E> y) const {
    tape.run(4 * x.size(), [=, x = x, w = w, r = r, epsilon = epsilon](auto on) {
      rms_norm(y.data, r, x.data, w, x.rows, columns, epsilon, on);
    });
  }
  template <class T>
  constexpr void undo(T& back, Pointer<backend, E> dy) const {
    if constexpr (Trained)
      back.run(3 * x.size(), [=, x = x, dw = dw->data(), r = r](auto on) {
        rms_norm_weight(dw, dy, x.data, r, x.rows, columns, on);
      });
    if constexpr (X::tracked) {
      const auto dx = back.contribute(x);
      back.run(8 * x.size(), [=, x = x, w = w, r = r](auto on) {
        rms_norm_input(dx.data, dy, x.data, w, r, x.rows, columns, dx.accumulate, on);
      });
    }
  }
};

/// RMS normalisation as a source: the op that reads it makes the rows on the way in, and nothing of them is kept.
template <class E = float, class T, Index N, Gradient G, class Ex, class Role>
constexpr auto rms_norm_of(T& tape, Var<typename T::backend, N, G, Ex> x,
                           const Parameter<typename T::backend, Role, 1, N>& w, float epsilon) {
  constexpr bool trained = Parameter<typename T::backend, Role, 1, N>::trainable;
  return RmsNormOf<decltype(x), E, trained>{x, w.value(), gradient_of(w), tape.template scratch<float>(x.rows),
                                            epsilon};
}

/// RMS normalisation of every row of x(T,N) with gain w, epsilon under the root (Zhang and Sennrich 2019).
template <class T, Index N, Gradient G, class E, class Role>
constexpr auto rms_norm(T& tape, Var<typename T::backend, N, G, E> x,
                        const Parameter<typename T::backend, Role, 1, N>& w, float epsilon) {
  return value_of(tape, rms_norm_of<E>(tape, x, w, epsilon));
}

}  // namespace graft
