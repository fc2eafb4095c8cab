/// \file
/// The best approximation of a matrix by one of low rank (Eckart and Young 1936), through Eigen's eigenvectors: its
/// singular value decompositions would cost whoever includes them 15 s of compiling.
#pragma once

#include <graft/core/types.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

#include <algorithm>
#include <cmath>
#include <vector>

namespace graft {

/// w(Out,In) ≈ b(Out,Rank) a(Rank,In), row by row. `left_out`: the norm of what is missing, as a share of the norm of
/// w.
struct LowRankFactors {
  std::vector<float> a, b;
  double left_out = 0;
};

namespace backend::eigen {

using HostMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using HostView = Eigen::Map<const HostMatrix>;

inline HostView host(const std::vector<float>& values, Index rows, Index columns) {
  return {values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns)};
}

using Wide = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// The factors of w: singular vectors from the eigenvectors of wᵀ w or w wᵀ, whichever is smaller, in doubles, so that
/// what floats tell apart is told apart. √S is shared out to both sides, zeros beyond the rank that there is.
[[gnu::noinline]] inline LowRankFactors factors_of(const Wide& w, Index rank) {
  const bool tall = w.rows() >= w.cols();
  const Eigen::SelfAdjointEigenSolver<Wide> solver(tall ? Wide(w.transpose() * w) : Wide(w * w.transpose()));
  const auto count = solver.eigenvalues().size();
  const auto kept = std::min(static_cast<Eigen::Index>(rank), count);
  const auto out = static_cast<Index>(w.rows()), in = static_cast<Index>(w.cols());
  LowRankFactors f{std::vector<float>(rank * in, 0.0F), std::vector<float>(out * rank, 0.0F)};
  double all = 0, missing = 0;
  for (Eigen::Index i = 0; i < count; ++i) {
    const double square = std::max(solver.eigenvalues()[i], 0.0);
    all += square;
    missing += i < count - kept ? square : 0.0;
  }
  f.left_out = all == 0 ? 0 : std::sqrt(missing / all);
  const Wide near = solver.eigenvectors().rightCols(kept), far = tall ? Wide(w * near) : Wide(w.transpose() * near);
  for (Eigen::Index r = 0; r < kept; ++r) {
    const auto column = kept - 1 - r;  // the largest is the last
    const double root = std::sqrt(std::sqrt(std::max(solver.eigenvalues()[count - 1 - r], 0.0)));
    const auto value = [&](bool of_out, Index i) {
      const auto row = static_cast<Eigen::Index>(i);
      return static_cast<float>(root == 0 ? 0.0 : of_out == tall ? far(row, column) / root : near(row, column) * root);
    };
    for (Index o = 0; o < out; ++o) f.b[o * rank + static_cast<Index>(r)] = value(true, o);
    for (Index i = 0; i < in; ++i) f.a[static_cast<Index>(r) * in + i] = value(false, i);
  }
  return f;
}

}  // namespace backend::eigen

/// The factors of w(Out,In).
[[gnu::noinline]] inline LowRankFactors low_rank_factors(const std::vector<float>& w, Index out, Index in, Index rank) {
  return backend::eigen::factors_of(backend::eigen::host(w, out, in).cast<double>(), rank);
}

/// The factors of b(Out,R) a(R,In), which are a product already: only an R × R matrix is decomposed.
[[gnu::noinline]] inline LowRankFactors low_rank_factors(const std::vector<float>& b, const std::vector<float>& a,
                                                         Index out, Index in, Index r, Index rank) {
  using backend::eigen::host;
  using Wide = backend::eigen::Wide;
  const Wide left_w = host(b, out, r).cast<double>(), right_w = host(a, r, in).transpose().cast<double>();
  if (r >= std::min(out, in)) return backend::eigen::factors_of(left_w * right_w.transpose(), rank);
  const auto n = static_cast<Eigen::Index>(r);
  const Eigen::HouseholderQR<Wide> left(left_w), right(right_w);
  const Wide upper_left = left.matrixQR().topRows(n).triangularView<Eigen::Upper>(),
             upper_right = right.matrixQR().topRows(n).triangularView<Eigen::Upper>();
  const auto inner = backend::eigen::factors_of(upper_left * upper_right.transpose(), rank);
  const Wide basis_out = left.householderQ() * Wide::Identity(static_cast<Eigen::Index>(out), n),
             basis_in = right.householderQ() * Wide::Identity(static_cast<Eigen::Index>(in), n);
  const backend::eigen::HostMatrix all_b = (basis_out * host(inner.b, r, rank).cast<double>()).cast<float>(),
                                   all_a = (host(inner.a, rank, r).cast<double>() * basis_in.transpose()).cast<float>();
  return {{all_a.data(), all_a.data() + all_a.size()}, {all_b.data(), all_b.data() + all_b.size()}, inner.left_out};
}

/// An orthonormal basis of w's columns and what is left: w(Out,In) = q(Out,K) r(K,In), the first Rank columns and rows
/// of them.
[[gnu::noinline]] inline LowRankFactors orthogonal_factors(const std::vector<float>& w, Index out, Index in,
                                                           Index rank) {
  using Wide = backend::eigen::Wide;
  const Eigen::HouseholderQR<Wide> qr(backend::eigen::host(w, out, in).cast<double>());
  const auto n = static_cast<Eigen::Index>(rank);
  const backend::eigen::HostMatrix q =
      (qr.householderQ() * Wide::Identity(static_cast<Eigen::Index>(out), n)).cast<float>();
  const Wide upper = qr.matrixQR().triangularView<Eigen::Upper>();
  const backend::eigen::HostMatrix r = upper.topRows(n).cast<float>();
  return {{r.data(), r.data() + r.size()}, {q.data(), q.data() + q.size()}, 0};
}

/// The eigenvectors of the Rank largest eigenvalues of a symmetric gram(N,N), as rows (Rank,N).
[[gnu::noinline]] inline std::vector<float> leading_directions(const std::vector<float>& gram, Index n, Index rank) {
  const Eigen::SelfAdjointEigenSolver<backend::eigen::Wide> solver(backend::eigen::host(gram, n, n).cast<double>());
  std::vector<float> rows(rank * n);
  for (Index r = 0; r < rank; ++r)
    for (Index i = 0; i < n; ++i)
      rows[r * n + i] =
          static_cast<float>(solver.eigenvectors()(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(n - 1 - r)));
  return rows;
}

/// The N eigenvalues of a symmetric gram(N,N), the largest first.
[[gnu::noinline]] inline std::vector<float> eigenvalues(const std::vector<float>& gram, Index n) {
  const Eigen::VectorXf values =
      Eigen::SelfAdjointEigenSolver<backend::eigen::Wide>(backend::eigen::host(gram, n, n).cast<double>())
          .eigenvalues()
          .cast<float>();
  return {std::reverse_iterator(values.data() + values.size()), std::reverse_iterator(values.data())};
}

}  // namespace graft
