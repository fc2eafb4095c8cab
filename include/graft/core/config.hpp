/// \file
/// Every macro of graft. There are few, and all of them are here.
#pragma once

#define GRAFT_VERSION_MAJOR 0
#define GRAFT_VERSION_MINOR 1
#define GRAFT_VERSION_PATCH 0

/// Marks a loop whose iterations may run in SIMD lanes: `GRAFT_SIMD for (…)`.
#if defined(_OPENMP)
#define GRAFT_SIMD _Pragma("omp simd")
#else
#define GRAFT_SIMD
#endif
