/// \file
/// Loops in SIMD lanes through xsimd, written once for a whole batch and once for the tail.
#pragma once

#include <graft/core/types.hpp>

#include <xsimd/xsimd.hpp>

namespace graft::backend::simd {

using Lanes = xsimd::batch<float>;
inline constexpr Index width = Lanes::size;

inline Lanes load(const float* from) { return Lanes::load_unaligned(from); }
inline Lanes load(const float* from, Index count) {
  float lanes[width] = {};
  for (Index i = 0; i < count; ++i) lanes[i] = from[i];
  return load(lanes);
}
inline void store(float* to, Lanes x) { x.store_unaligned(to); }
inline void store(float* to, Lanes x, Index count) {
  float lanes[width];
  store(lanes, x);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
}

/// Calls body(i, count...) for lanes starting at i: whole batches without a count, the tail with one.
template <class Body>
void each(Index begin, Index end, const Body& body) {
  Index i = begin;
  for (; i + width <= end; i += width) body(i);
  if (i < end) body(i, end - i);
}

/// y ← or +← value
template <class... Count>
void put(float* y, Lanes value, bool accumulate, Count... count) {
  store(y, accumulate ? load(y, count...) + value : value, count...);
}

inline Lanes sigmoid(Lanes x) { return Lanes(1.0F) / (Lanes(1.0F) + xsimd::exp(-x)); }
inline float sum(Lanes x) { return xsimd::hadd(x); }
inline float largest(Lanes x) {
  float lanes[width];
  store(lanes, x);
  float most = lanes[0];
  for (Index i = 1; i < width; ++i) most = lanes[i] > most ? lanes[i] : most;
  return most;
}

}  // namespace graft::backend::simd
