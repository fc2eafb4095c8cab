// What this machine can do at the most on two threads: register-only loops of every kind of product, and reading
// memory. Prints one JSON object: gigaflops of "f32", "bf16", "int8" (the faster of vectors and tiles), and gigabytes
// per second of "read".
#include <graft/graft.hpp>

#include <chrono>
#include <cstdio>
#include <vector>

using namespace graft;
namespace simd = graft::backend::simd;

double seconds_of(const auto& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// The most of `rounds` runs of body() on every thread, `operations` a thread, in 10⁹ a second.
double best(double operations, const auto& body) {
  double most = 0;
  const Index threads = thread_count();
  for (int round = 0; round < 5; ++round)
    most = std::max(most, operations * static_cast<double>(threads) /
                              seconds_of([&] { parallel_for(threads, true, [&](Index) { body(); }); }) / 1e9);
  return most;
}

// Sums and factors that the compiler may not see through.
constexpr Index sums = 12, turns = 1'000'000;
template <class V>
void keep(V (&c)[sums]) {
  for (auto& v : c) asm volatile("" : "+x"(v));
}
template <class Sum>
double vectors(double operations_each, const auto& multiply) {
  return best(static_cast<double>(turns * sums) * operations_each, [&] {
    Sum c[sums] = {};
    for (Index i = 0; i < turns; ++i) { GRAFT_UNROLL for (Index j = 0; j < sums; ++j) c[j] = multiply(c[j]); }
    keep(c);
  });
}

#if defined(__AMX_BF16__) && defined(__AMX_INT8__) && defined(__linux__)
double tiles(double operations_each, const auto& multiply) {
  if (!graft::backend::bf16::has_amx) return 0;
  return best(4e5 * 4 * operations_each, [&] {
    alignas(64) static thread_local std::byte zeros[1024] = {};
    graft::backend::bf16::Tiles registers;
    registers.shape(32);
    _tile_loadd(4, zeros, 64);
    _tile_loadd(5, zeros, 64);
    _tile_loadd(6, zeros, 64);
    _tile_loadd(7, zeros, 64);
    for (int i = 0; i < 400'000; ++i) multiply();
  });
}
#endif

int main() {
  const simd::Lanes half(0.5F);
  const double f32 = vectors<simd::Lanes>(2.0 * simd::width, [&](simd::Lanes c) { return xsimd::fma(half, half, c); });
  double bf16 = 0, int8 = 0;
#if defined(__AVX512BF16__)
  const auto ones = simd::Words(0x3F803F80);
  bf16 = vectors<simd::Lanes>(4.0 * simd::width, [&](simd::Lanes c) { return simd::dot(c, ones, ones); });
#endif
#if defined(__AVX512VNNI__)
  const __m512i bytes = _mm512_set1_epi8(1);
  int8 = vectors<__m512i>(128, [&](__m512i c) { return _mm512_dpbusd_epi32(c, bytes, bytes); });
#endif
#if defined(__AMX_BF16__) && defined(__AMX_INT8__) && defined(__linux__)
  bf16 = std::max(bf16, tiles(16 * 16 * 32 * 2, [] {
                    _tile_dpbf16ps(0, 4, 6);
                    _tile_dpbf16ps(1, 4, 7);
                    _tile_dpbf16ps(2, 5, 6);
                    _tile_dpbf16ps(3, 5, 7);
                  }));
  int8 = std::max(int8, tiles(16 * 16 * 64 * 2, [] {
                    _tile_dpbssd(0, 4, 6);
                    _tile_dpbssd(1, 4, 7);
                    _tile_dpbssd(2, 5, 6);
                    _tile_dpbssd(3, 5, 7);
                  }));
#endif
  bf16 = std::max(bf16, f32), int8 = std::max(int8, f32);  // where there is no such instruction, numbers are widened

  const Index threads = thread_count(), floats = Index{64} << 20;
  std::vector<float> memory(floats, 1.0F), found(threads);
  double read = 0;
  for (int round = 0; round < 5; ++round) {
    const double seconds = seconds_of([&] {
      parallel_for(threads, true, [&](Index t) {
        simd::Lanes sum[4] = {simd::Lanes(0.0F), simd::Lanes(0.0F), simd::Lanes(0.0F), simd::Lanes(0.0F)};
        const float* const from = memory.data() + t * (floats / threads);
        for (Index i = 0; i + 4 * simd::width <= floats / threads; i += 4 * simd::width)
          GRAFT_UNROLL for (Index j = 0; j < 4; ++j) {
            _mm_prefetch(reinterpret_cast<const char*>(from + i + j * simd::width) + 4096, _MM_HINT_T0);
            sum[j] += simd::load(from + i + j * simd::width);
          }
        found[t] = simd::sum(sum[0] + sum[1] + sum[2] + sum[3]);
      });
    });
    read = std::max(read, static_cast<double>(floats * sizeof(float)) / seconds / 1e9);
  }
  std::printf("{\"f32\": %.0f, \"bf16\": %.0f, \"int8\": %.0f, \"read\": %.1f, \"threads\": %zu}\n", f32, bf16, int8,
              read, threads);
}
