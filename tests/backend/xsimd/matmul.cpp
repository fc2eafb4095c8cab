#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/core/random.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_xsimd_matmul)

/// Sizes on both sides of what is laid out at a time: rows 96 and 1,024, columns 256, depths 128 and 256.
BOOST_AUTO_TEST_CASE(products_of_all_sizes) {
  struct Size {
    Index rows, in, out;
  };
  for (const auto [rows, in, out] :
       {Size{97, 33, 9}, {96, 1, 16}, {100, 257, 31}, {211, 300, 270}, {1030, 40, 65}, {7, 513, 97}}) {
    auto drawn = [stream = std::uint64_t{0}](Index n) mutable {
      std::vector<float> all(n);
      ++stream;
      for (Index i = 0; i < n; ++i) all[i] = standard_normal({5, stream}, i);
      return all;
    };
    const auto x = drawn(rows * in), w = drawn(out * in), dy = drawn(rows * out);
    const auto agree = [&](Index n, Index depth, const auto& product) {
      std::vector<float> mine(n, 0.25F), wanted(n, 0.25F);
      product(mine.data(), Cpu{});
      product(wanted.data(), reference{});
      float worst = 0;
      for (Index i = 0; i < n; ++i) worst = std::max(worst, std::abs(mine[i] - wanted[i]));
      BOOST_TEST(worst < 1e-6F * static_cast<float>(depth + 16), rows << " x " << in << " x " << out << ": " << worst);
    };
    for (const bool more : {false, true}) {
      agree(rows * out, in, [&](float* y, auto on) { matmul(y, x.data(), w.data(), rows, in, out, 0.5F, more, on); });
      agree(rows * in, out,
            [&](float* dx, auto on) { matmul_input(dx, dy.data(), w.data(), rows, in, out, 1.0F, more, on); });
    }
    agree(out * in, rows, [&](float* dw, auto on) { matmul_weight(dw, dy.data(), x.data(), rows, in, out, 2.0F, on); });
  }
}

BOOST_AUTO_TEST_SUITE_END()
