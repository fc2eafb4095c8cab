/// \file
/// Which of its kernels this backend runs here, in words: the instruction set, and the tile of sums in registers.
#pragma once

#include <graft/backend/xsimd/bytes.hpp>
#include <graft/backend/xsimd/matmul.hpp>
#include <graft/backend/xsimd/quantized.hpp>
#include <graft/backend/xsimd/tag.hpp>

#include <string>

namespace graft::backend {

namespace bf16 {

/// The tile of products of bfloat16.
[[gnu::cold]] inline std::string tile_in_words() {
  if (has_amx) return "AMX tiles of 32 x 32";
#if defined(__AVX512BF16__)
  return "vdpbf16ps, tiles of " + std::to_string(tile_rows<most_vectors>) + " x " +
         std::to_string(most_vectors * simd::width);
#else
  return "widened to floats, tiles of " + std::to_string(float_rows) + " x " + std::to_string(float_columns);
#endif
}

}  // namespace bf16

/// "bfloat16: AMX tiles of 32 x 32; the rest: avx512…, lanes of 16"
template <class S>
[[gnu::cold]] std::string chosen_kernels(S, xsimd_cpu) {
  std::string products = "bfloat16: " + bf16::tile_in_words();
  if constexpr (std::is_same_v<S, F32>)
    products = "floats: tiles of " + std::to_string(float_rows) + " x " + std::to_string(float_columns);
  if constexpr (QuantizedStorage<S>) products = std::string(S::name) + " decoded to " + products;
#if defined(__AVX512VNNI__) && defined(__AVX512VBMI__) && defined(__AVX512BF16__)
  if constexpr (std::is_same_v<S, Int8>)
    products = bf16::has_amx ? "bytes: AMX tiles of 32 x 32" : "bytes: vpdpbusd, tiles of 8 x 32";
#endif
  return products + "; the rest: " + xsimd::default_arch::name() + ", lanes of " + std::to_string(simd::width);
}

}  // namespace graft::backend
