/// \file
/// Every macro of graft. There are few, and all of them are here.
#pragma once

/// PCRE2 asks for this one, by this name, before its header.
#if !defined(PCRE2_CODE_UNIT_WIDTH)
#define PCRE2_CODE_UNIT_WIDTH 8
#endif

/// Whether the SentencePiece library is linked (text/tokenizers/sentencepiece.hpp); graft's CMake says so where it
/// finds it.
#if !defined(GRAFT_HAS_SENTENCEPIECE)
#define GRAFT_HAS_SENTENCEPIECE 0
#endif

/// What reads texts and files knows no model's type, so that it can be compiled once: in the target graft::text, which
/// defines GRAFT_TEXT_COMPILED for those who link it. To them headers only declare what has its body under `#if
/// defined(GRAFT_TEXT_INLINE)`; this is `inline` where bodies stand in headers.
#if defined(GRAFT_TEXT_SOURCE)
#define GRAFT_TEXT_INLINE
#elif !defined(GRAFT_TEXT_COMPILED)
#define GRAFT_TEXT_INLINE inline
#endif

/// Kernels take sizes when they run, so that they can be compiled once, too: in the target graft::kernels, which
/// defines GRAFT_KERNELS_COMPILED for those who link it. To them headers only declare what has its body under `#if
/// defined(GRAFT_KERNEL_INLINE)`, and templates of kernels that backend/xsimd/compiled.hpp lists are not instantiated
/// anew.
#if defined(GRAFT_KERNELS_SOURCE)
#define GRAFT_KERNEL_INLINE
/// How a listed template of a kernel is declared where it is compiled, and where it was.
#define GRAFT_KERNEL_TEMPLATE template
#elif defined(GRAFT_KERNELS_COMPILED)
#define GRAFT_KERNEL_TEMPLATE extern template
#else
/// `inline` where bodies stand in headers.
#define GRAFT_KERNEL_INLINE inline
#endif

/// Releases that may break users' code.
#define GRAFT_VERSION_MAJOR 0
/// Releases with new features.
#define GRAFT_VERSION_MINOR 1
/// Releases with corrections alone.
#define GRAFT_VERSION_PATCH 0

/// Marks a loop whose iterations may run in SIMD lanes: `GRAFT_SIMD for (…)`.
#if defined(_OPENMP)
#define GRAFT_SIMD _Pragma("omp simd")
#else
#define GRAFT_SIMD
#endif

/// Unrolls a loop of few, fixed iterations even where the optimiser would keep it: accumulators must stay in registers.
#if defined(__clang__)
#define GRAFT_UNROLL _Pragma("unroll")
#else
#define GRAFT_UNROLL _Pragma("GCC unroll 16")
#endif
