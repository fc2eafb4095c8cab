/// \file
/// Dense float products through Eigen, the rows (or columns) of the result split between threads.
#pragma once

#include <graft/backend/eigen/tag.hpp>
#include <graft/core/config.hpp>

#if defined(GRAFT_KERNEL_INLINE)
// The file's threads are graft's own: each piece of a result is one thread's, whatever their number.
#include <Eigen/Core>
#endif

#include <concepts>

namespace graft::backend {

void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale, bool accumulate,
            eigen_cpu);
void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out, float scale,
                  bool accumulate, eigen_cpu);
void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out, float scale, eigen_cpu);

#if defined(GRAFT_KERNEL_INLINE)
namespace eigen {
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strided = Eigen::OuterStride<>;
using Read = Eigen::Map<const Matrix, 0, Strided>;
using Write = Eigen::Map<Matrix, 0, Strided>;

inline Read read(const float* data, Index rows, Index columns, Index stride) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns),
          Strided(static_cast<Eigen::Index>(stride))};
}
inline Write write(float* data, Index rows, Index columns, Index stride) {
  return {data, static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns),
          Strided(static_cast<Eigen::Index>(stride))};
}

/// Pieces of `n` rows: enough for many threads, none so small that packing dominates, and the same for any number of
/// threads, as Eigen's order of summation depends on a product's size.
inline Index piece(Index n) { return std::max<Index>(64, (n + 15) / 16); }

/// A matrix in memory and the distance of its rows.
struct Rows {
  const float* data;
  Index stride;
};

// The three products, each compiled once. z(m,n) (+)= scale · …
[[gnu::noinline]] inline void product_nt(float* z, Index z_stride, Rows a, Rows b, Index m, Index n, Index k,
                                         float scale, bool accumulate) {
  auto out = write(z, m, n, z_stride);  // a(m,k) b(n,k)ᵀ
  if (!accumulate) out.setZero();
  out.noalias() += scale * read(a.data, m, k, a.stride) * read(b.data, n, k, b.stride).transpose();
}
[[gnu::noinline]] inline void product_nn(float* z, Index z_stride, Rows a, Rows b, Index m, Index n, Index k,
                                         float scale, bool accumulate) {
  auto out = write(z, m, n, z_stride);  // a(m,k) b(k,n)
  if (!accumulate) out.setZero();
  out.noalias() += scale * read(a.data, m, k, a.stride) * read(b.data, k, n, b.stride);
}
[[gnu::noinline]] inline void product_tn(float* z, Index z_stride, Rows a, Rows b, Index m, Index n, Index k,
                                         float scale, bool accumulate) {
  auto out = write(z, m, n, z_stride);  // a(k,m)ᵀ b(k,n)
  if (!accumulate) out.setZero();
  out.noalias() += scale * read(a.data, k, m, a.stride).transpose() * read(b.data, k, n, b.stride);
}
}  // namespace eigen

GRAFT_KERNEL_INLINE void matmul(float* y, const float* x, const float* w, Index rows, Index in, Index out, float scale,
                                bool accumulate, eigen_cpu) {
  if (rows >= out) {
    parallel_pieces(rows, eigen::piece(rows), [=](Index begin, Index end) {
      eigen::product_nt(y + begin * out, out, {x + begin * in, in}, {w, in}, end - begin, out, in, scale, accumulate);
    });
  } else {
    parallel_pieces(out, eigen::piece(out), [=](Index begin, Index end) {
      eigen::product_nt(y + begin, out, {x, in}, {w + begin * in, in}, rows, end - begin, in, scale, accumulate);
    });
  }
}

GRAFT_KERNEL_INLINE void matmul_input(float* dx, const float* dy, const float* w, Index rows, Index in, Index out,
                                      float scale, bool accumulate, eigen_cpu) {
  if (rows >= in) {
    parallel_pieces(rows, eigen::piece(rows), [=](Index begin, Index end) {
      eigen::product_nn(dx + begin * in, in, {dy + begin * out, out}, {w, in}, end - begin, in, out, scale, accumulate);
    });
  } else {
    parallel_pieces(in, eigen::piece(in), [=](Index begin, Index end) {
      eigen::product_nn(dx + begin, in, {dy, out}, {w + begin, in}, rows, end - begin, out, scale, accumulate);
    });
  }
}

GRAFT_KERNEL_INLINE void matmul_weight(float* dw, const float* dy, const float* x, Index rows, Index in, Index out,
                                       float scale, eigen_cpu) {
  if (out >= in) {
    parallel_pieces(out, eigen::piece(out), [=](Index begin, Index end) {
      eigen::product_tn(dw + begin * in, in, {dy + begin, out}, {x, in}, end - begin, in, rows, scale, true);
    });
  } else {
    parallel_pieces(in, eigen::piece(in), [=](Index begin, Index end) {
      eigen::product_tn(dw + begin, in, {dy, out}, {x + begin, in}, out, end - begin, rows, scale, true);
    });
  }
}
#endif

/// Frozen weights kept as floats are dense products, and so are trained ones; of whatever backend further along the
/// chain has them.
template <class S, std::derived_from<eigen_cpu> On>
  requires(std::is_same_v<S, F32> || std::is_same_v<S, Trained>)
void matmul_frozen(float* y, const float* x, const std::byte* packed, Index rows, Index in, Index out, bool accumulate,
                   S, On on) {
  matmul(y, x, reinterpret_cast<const float*>(packed), rows, in, out, 1.0F, accumulate, on);
}
template <class S, std::derived_from<eigen_cpu> On>
  requires(std::is_same_v<S, F32> || std::is_same_v<S, Trained>)
void matmul_frozen_input(float* dx, const float* dy, const std::byte* packed, Index rows, Index in, Index out,
                         bool accumulate, S, On on) {
  matmul_input(dx, dy, reinterpret_cast<const float*>(packed), rows, in, out, 1.0F, accumulate, on);
}

}  // namespace graft::backend
