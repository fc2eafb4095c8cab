/// \file
/// z(M,N) (+)= a(M,K) b(K,N) in floats, in registers: a column of tiles of z at a time, whose part of b stays in the
/// first-level cache while all rows of a meet it (Goto and van de Geijn 2008).
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/core/types.hpp>

namespace graft::backend {

/// Rows and columns of a tile, whose sums take 24 of 32 registers, or 12 of 16.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr Index float_rows = 12;
#else
inline constexpr Index float_rows = 6;
#endif
inline constexpr Index float_columns = 2 * simd::width;

/// The K for which b's part of a column of tiles takes 16 KB; rows of a beside it, which stay in the second-level
/// cache; and how far these lie apart, so that they do not meet in one set of the cache.
inline constexpr Index float_depth = 4096 / float_columns, float_rows_together = 96, float_stride = float_depth + 16;

/// z(Rows, float_columns) (+)= a(Rows,k) b(k, float_columns); a's element (r,s) is a[r · Row + s · Next].
template <Index Rows, Index Row, Index Next>
[[gnu::noinline]] void float_tile(float* z, Index z_stride, const float* a, const float* b, Index k, bool accumulate) {
  simd::Lanes c[Rows][2];
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < 2; ++j) c[r][j] =
        accumulate ? simd::load(z + r * z_stride + j * simd::width) : simd::Lanes(0.0F);
  }
  for (Index s = 0; s < k; ++s, b += float_columns) {
    const simd::Lanes left = simd::load(b), right = simd::load(b + simd::width);
    GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
      const simd::Lanes x(a[r * Row + s * Next]);
      c[r][0] = xsimd::fma(x, left, c[r][0]);
      c[r][1] = xsimd::fma(x, right, c[r][1]);
    }
  }
  GRAFT_UNROLL for (Index r = 0; r < Rows; ++r) {
    GRAFT_UNROLL for (Index j = 0; j < 2; ++j) simd::store(z + r * z_stride + j * simd::width, c[r][j]);
  }
}

/// The same for any number of rows. What a sum is made of, and in what order, does not depend on it.
template <Index Row, Index Next>
void float_tiles(float* z, Index z_stride, const float* a, const float* b, Index rows, Index k, bool accumulate) {
  Index r = 0;
  const auto run = [&]<Index Rows>(std::integral_constant<Index, Rows>) {
    for (; r + Rows <= rows; r += Rows)
      float_tile<Rows, Row, Next>(z + r * z_stride, z_stride, a + r * Row, b, k, accumulate);
  };
  run(std::integral_constant<Index, float_rows>{});
  if constexpr (float_rows > 6) run(std::integral_constant<Index, 6>{});
  run(std::integral_constant<Index, 2>{});
  run(std::integral_constant<Index, 1>{});
}

}  // namespace graft::backend
