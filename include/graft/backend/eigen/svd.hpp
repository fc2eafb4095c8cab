/// \file
/// The best approximation of a matrix by one of low rank (Eckart and Young 1936), through Eigen's singular value decompositions.
#pragma once

#include <graft/core/types.hpp>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>

#include <algorithm>
#include <cmath>
#include <vector>

namespace graft {

/// w(Out,In) ≈ b(Out,Rank) a(Rank,In), row by row. `left_out`: the norm of what is missing, as a share of the norm of w.
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

/// √S shared out to both sides, zeros beyond the rank that there is.
[[gnu::noinline]] inline LowRankFactors factors_of(const Eigen::MatrixXf& u, const Eigen::VectorXf& s, const Eigen::MatrixXf& v, Index rank) {
  const auto out = static_cast<Index>(u.rows()), in = static_cast<Index>(v.rows());
  const Index kept = std::min(rank, static_cast<Index>(s.size()));
  LowRankFactors f{std::vector<float>(rank * in, 0.0F), std::vector<float>(out * rank, 0.0F)};
  double all = 0, missing = 0;
  for (Eigen::Index r = 0; r < s.size(); ++r) {
    const double square = static_cast<double>(s[r]) * static_cast<double>(s[r]);
    all += square;
    missing += static_cast<Index>(r) < kept ? 0.0 : square;
  }
  f.left_out = all == 0 ? 0 : std::sqrt(missing / all);
  for (Index r = 0; r < kept; ++r) {
    const auto column = static_cast<Eigen::Index>(r);
    const float root = std::sqrt(s[column]);
    for (Index o = 0; o < out; ++o) f.b[o * rank + r] = u(static_cast<Eigen::Index>(o), column) * root;
    for (Index i = 0; i < in; ++i) f.a[r * in + i] = v(static_cast<Eigen::Index>(i), column) * root;
  }
  return f;
}

}  // namespace backend::eigen

/// The factors of w(Out,In).
[[gnu::noinline]] inline LowRankFactors low_rank_factors(const std::vector<float>& w, Index out, Index in, Index rank) {
  const Eigen::BDCSVD<Eigen::MatrixXf> svd(backend::eigen::host(w, out, in), Eigen::ComputeThinU | Eigen::ComputeThinV);
  return backend::eigen::factors_of(svd.matrixU(), svd.singularValues(), svd.matrixV(), rank);
}

/// The factors of b(Out,R) a(R,In), which are a product already: only an R × R matrix is decomposed.
[[gnu::noinline]] inline LowRankFactors low_rank_factors(const std::vector<float>& b, const std::vector<float>& a, Index out, Index in, Index r, Index rank) {
  using backend::eigen::host;
  if (r >= std::min(out, in)) {
    const backend::eigen::HostMatrix w = host(b, out, r) * host(a, r, in);
    return low_rank_factors({w.data(), w.data() + w.size()}, out, in, rank);
  }
  const auto n = static_cast<Eigen::Index>(r);
  const Eigen::HouseholderQR<Eigen::MatrixXf> left(host(b, out, r)), right(host(a, r, in).transpose());
  const Eigen::MatrixXf upper_left = left.matrixQR().topRows(n).triangularView<Eigen::Upper>(), upper_right = right.matrixQR().topRows(n).triangularView<Eigen::Upper>();
  const Eigen::JacobiSVD<Eigen::MatrixXf> svd(upper_left * upper_right.transpose(), Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Eigen::MatrixXf u = left.householderQ() * Eigen::MatrixXf::Identity(static_cast<Eigen::Index>(out), n) * svd.matrixU();
  const Eigen::MatrixXf v = right.householderQ() * Eigen::MatrixXf::Identity(static_cast<Eigen::Index>(in), n) * svd.matrixV();
  return backend::eigen::factors_of(u, svd.singularValues(), v, rank);
}

/// An orthonormal basis of w's columns and what is left: w(Out,In) = q(Out,K) r(K,In), the first Rank columns and rows of them.
[[gnu::noinline]] inline LowRankFactors orthogonal_factors(const std::vector<float>& w, Index out, Index in, Index rank) {
  const Eigen::HouseholderQR<Eigen::MatrixXf> qr(backend::eigen::host(w, out, in));
  const auto n = static_cast<Eigen::Index>(rank);
  const backend::eigen::HostMatrix q = qr.householderQ() * Eigen::MatrixXf::Identity(static_cast<Eigen::Index>(out), n);
  const Eigen::MatrixXf upper = qr.matrixQR().triangularView<Eigen::Upper>();
  const backend::eigen::HostMatrix r = upper.topRows(n);
  return {{r.data(), r.data() + r.size()}, {q.data(), q.data() + q.size()}, 0};
}

/// The eigenvectors of the Rank largest eigenvalues of a symmetric gram(N,N), as rows (Rank,N).
[[gnu::noinline]] inline std::vector<float> leading_directions(const std::vector<float>& gram, Index n, Index rank) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(backend::eigen::host(gram, n, n));
  std::vector<float> rows(rank * n);
  for (Index r = 0; r < rank; ++r)
    for (Index i = 0; i < n; ++i) rows[r * n + i] = solver.eigenvectors()(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(n - 1 - r));
  return rows;
}

/// The N eigenvalues of a symmetric gram(N,N), the largest first.
[[gnu::noinline]] inline std::vector<float> eigenvalues(const std::vector<float>& gram, Index n) {
  const Eigen::VectorXf values = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf>(backend::eigen::host(gram, n, n), Eigen::EigenvaluesOnly).eigenvalues();
  return {std::reverse_iterator(values.data() + values.size()), std::reverse_iterator(values.data())};
}

}  // namespace graft
