/// \file
/// The one place where graft starts threads.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/function_ref.hpp>
#include <graft/core/types.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace graft {

/// The number of threads that `parallel_for` uses.
inline Index thread_count() {
#if defined(_OPENMP)
  return static_cast<Index>(omp_get_max_threads());
#else
  return 1;
#endif
}

/// Calls body(i) for every i < count, on all threads when `worthwhile`. Each i is computed by one thread in one
/// order, so that results do not depend on the number of threads.
inline void parallel_for(Index count, [[maybe_unused]] bool worthwhile, FunctionRef<void(Index)> body) {
#if defined(_OPENMP)
#pragma omp parallel for schedule(dynamic, 1) if (worthwhile && count > 1)
#endif
  for (Index i = 0; i < count; ++i) body(i);
}

/// Calls body(begin, end) on pieces of [0, count) of at most `piece` items.
inline void parallel_pieces(Index count, Index piece, FunctionRef<void(Index, Index)> body) {
  const Index pieces = (count + piece - 1) / piece;
  parallel_for(pieces, pieces > 1,
               [&](Index i) { body(i * piece, count < (i + 1) * piece ? count : (i + 1) * piece); });
}

}  // namespace graft
