/// \file
/// Dense float products through Eigen, the rows (or columns) of the result split between threads.
#pragma once

#include <graft/backend/eigen/tag.hpp>

// The file's threads are graft's own: each piece of a result is one thread's, whatever their number.
#include <Eigen/Core>

namespace graft::backend {

namespace eigen {
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strided = Eigen::OuterStride<>;
using Read = Eigen::Map<const Matrix, 0, Strided>;
using Write = Eigen::Map<Matrix, 0, Strided>;

inline Read read(const float* data, Index rows, Index columns, Index stride) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns), Strided(static_cast<Eigen::Index>(stride))};
}
inline Write write(float* data, Index rows, Index columns, Index stride) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns), Strided(static_cast<Eigen::Index>(stride))};
}

/// z (+)= scale · a b, where a and b may be transposed maps.
template <class A, class B>
void product(Write z, const A& a, const B& b, float scale, bool accumulate) {
  if (!accumulate) z.setZero();
  z.noalias() += scale * a * b;
}

/// Pieces of `n` rows: enough for every thread, none so small that packing dominates.
inline Index piece(Index n) { return std::max<Index>(64, (n + 4 * thread_count() - 1) / (4 * thread_count())); }
}  // namespace eigen

inline void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate, eigen_cpu) {
  if (rows >= out) {
    parallel_pieces(rows, eigen::piece(rows), [=](Index begin, Index end) {
      eigen::product(eigen::write(y + begin * out, end - begin, out, out), eigen::read(x + begin * in, end - begin, in, in), eigen::read(w, out, in, in).transpose(), scale, accumulate);
    });
  } else {
    parallel_pieces(out, eigen::piece(out), [=](Index begin, Index end) {
      eigen::product(eigen::write(y + begin, rows, end - begin, out), eigen::read(x, rows, in, in), eigen::read(w + begin * in, end - begin, in, in).transpose(), scale, accumulate);
    });
  }
}

inline void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out, float scale, bool accumulate, eigen_cpu) {
  if (rows >= in) {
    parallel_pieces(rows, eigen::piece(rows), [=](Index begin, Index end) {
      eigen::product(eigen::write(dx + begin * in, end - begin, in, in), eigen::read(dy + begin * out, end - begin, out, out), eigen::read(w, out, in, in), scale, accumulate);
    });
  } else {
    parallel_pieces(in, eigen::piece(in), [=](Index begin, Index end) {
      eigen::product(eigen::write(dx + begin, rows, end - begin, in), eigen::read(dy, rows, out, out), eigen::read(w + begin, out, end - begin, in), scale, accumulate);
    });
  }
}

inline void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out, float scale, eigen_cpu) {
  if (out >= in) {
    parallel_pieces(out, eigen::piece(out), [=](Index begin, Index end) {
      eigen::product(eigen::write(dw + begin * in, end - begin, in, in), eigen::read(dy + begin, rows, end - begin, out).transpose(), eigen::read(x, rows, in, in), scale, true);
    });
  } else {
    parallel_pieces(in, eigen::piece(in), [=](Index begin, Index end) {
      eigen::product(eigen::write(dw + begin, out, end - begin, in), eigen::read(dy, rows, out, out).transpose(), eigen::read(x + begin, rows, end - begin, in), scale, true);
    });
  }
}

/// Frozen weights kept as floats are dense products.
inline void matmul_frozen(float* y, const float* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, F32, eigen_cpu on) {
  matmul(y, x, reinterpret_cast<const float*>(packed), rows, in, out, 1.0F, accumulate, on);
}
inline void matmul_frozen_input(float* dx, const float* dy, const std::byte* packed, Index rows, Index in, Index out, bool accumulate, F32, eigen_cpu on) {
  matmul_input(dx, dy, reinterpret_cast<const float*>(packed), rows, in, out, 1.0F, accumulate, on);
}

}  // namespace graft::backend
