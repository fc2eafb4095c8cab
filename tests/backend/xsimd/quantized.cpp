#include <graft/backend/xsimd/quantized.hpp>

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/core/quantized.hpp>
#include <graft/layers/linear.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_xsimd_quantized)

// A storage of one's own has no function for lanes: 32 numbers in half precision.
struct Halves : quantized::Blocks<Halves> {
  static constexpr const char* name = "Halves";
  static constexpr Index block = 32, block_bytes = 64;

  static void encode(std::byte* to, const float* x) {
    for (Index i = 0; i < block; ++i) quantized::store(to + 2 * i, float_to_half(x[i]));
  }
  static void decode(float* to, const std::byte* from) {
    for (Index i = 0; i < block; ++i) to[i] = quantized::load_half(from + 2 * i);
  }
};
static_assert(QuantizedStorage<Halves>);

constexpr Index out = 37, in = 45, rows = 5;

std::vector<float> drawn(Index n, std::uint64_t stream) {
  std::vector<float> v(n);
  for (Index i = 0; i < n; ++i) v[i] = standard_normal({9, stream}, i);
  return v;
}

// y(5,37) = x(5,45) Wᵀ and dx = dy W of bfloat16 panels: sums of 45 and 37 products that are off by 2⁻⁸ at most each.
BOOST_AUTO_TEST_CASE(decoded_row_by_row) {
  const auto w = drawn(out * in, 1), x = drawn(rows * in, 2), dy = drawn(rows * out, 3);
  Frozen<Linear<Cpu, in, out>, Halves> layer;
  layer.weight.assign(w);
  const Buffer<Cpu> memory(x.size() * sizeof(float));
  upload<Cpu>(memory.as<float>(), std::span<const float>(x));
  Workspace<Cpu> workspace;
  Tape<Cpu> tape(workspace);
  const auto tracked = tape.track(Var<Cpu, in>{rows, memory.as<float>()});
  const auto y = layer(tape, tracked);
  const auto forward = download<Cpu>(y.data, y.size());
  tape.backward(y, std::span<const float>(dy));
  const auto backward = download<Cpu>(tape.adjoint(tracked), tracked.size());
  for (Index t = 0; t < rows; ++t) {
    for (Index o = 0; o < out; ++o) {
      double sum = 0;
      for (Index i = 0; i < in; ++i) sum += static_cast<double>(x[t * in + i]) * static_cast<double>(w[o * in + i]);
      BOOST_TEST(std::abs(static_cast<double>(forward[t * out + o]) - sum) < 0.15);
    }
    for (Index i = 0; i < in; ++i) {
      double sum = 0;
      for (Index o = 0; o < out; ++o) sum += static_cast<double>(dy[t * out + o]) * static_cast<double>(w[o * in + i]);
      BOOST_TEST(std::abs(static_cast<double>(backward[t * in + i]) - sum) < 0.15);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
