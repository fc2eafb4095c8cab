/// \file
/// Products of bfloat16 activations with float weights that are trained: rounded panel by panel on the way.
#pragma once

#include <graft/backend/xsimd/project.hpp>

namespace graft::backend {

namespace bf16 {
/// z(rows,n) (+)= scale · a(rows,k) b for b's panels made by `make(to, range)`
template <class Z, class Make>
void dense_product(Z* z, Operand a, Index rows, Index k, Index n, float scale, bool accumulate, const Make& make) {
  product(
      units(n), rows, k, true,
      [=](Index u, Piece& piece) {
        place(piece, u, n);
        piece.add(a, k, [&](Index from, Index length) {
          return make(scratch<struct Made, Word>(piece.width() * panel_words(length)),
                      PanelRange{piece.begin / panel, piece.width(), from, length});
        });
      },
      [=](const Piece& piece, const float* from, Index first, Index block) {
        store_rows<Z>(z + first * n + piece.begin, nullptr, n, from, block, piece.columns, scale, accumulate);
      });
}
}  // namespace bf16

template <class Y>
void matmul(Y* y, const Bfloat16* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate,
            xsimd_cpu) {
  using namespace bf16;
  dense_product(y, operand<struct Input>(x, rows, in), rows, in, out, scale, accumulate,
                [=](Word* to, PanelRange range) {
                  return Panels<Trained>::forward(to, reinterpret_cast<const std::byte*>(w), out, in, range);
                });
}

template <class Y>
void matmul_input(Bfloat16* dx, const Y* dy, const float* w, Index rows, Index in, Index out, float scale,
                  bool accumulate, xsimd_cpu) {
  using namespace bf16;
  dense_product(dx, operand<struct Upper>(dy, rows, out), rows, out, in, scale, accumulate,
                [=](Word* to, PanelRange range) {
                  return Panels<Trained>::backward(to, reinterpret_cast<const std::byte*>(w), out, in, range);
                });
}

template <class Y>
void matmul_weight(float* dw, const Y* dy, const Bfloat16* x, Index rows, Index in, Index out, float scale, xsimd_cpu) {
  using namespace bf16;
  weight_gradient(dw, operand<struct Upper>(dy, rows, out), x, rows, in, out, scale);
}

template <class Y, class X, class S>
  requires Bf16Product<X, S>
void matmul_frozen(Y* y, const X* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, S,
                   xsimd_cpu) {
  using namespace bf16;
  dense_product(y, operand<struct Input>(x, rows, in), rows, in, out, 1.0F, accumulate,
                [=](Word* to, PanelRange range) { return Panels<S>::forward(to, packed, out, in, range); });
}

template <class X, class Y, class S>
  requires Bf16Product<X, S>
void matmul_frozen_input(X* dx, const Y* dy, const std::byte* packed, Index rows, Index in, Index out, bool accumulate,
                         S, xsimd_cpu) {
  using namespace bf16;
  dense_product(dx, operand<struct Upper>(dy, rows, out), rows, out, in, 1.0F, accumulate,
                [=](Word* to, PanelRange range) { return Panels<S>::backward(to, packed, out, in, range); });
}

}  // namespace graft::backend
