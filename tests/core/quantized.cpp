#include <graft/core/quantized.hpp>
#include <graft/core/random.hpp>

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_quantized)

BOOST_AUTO_TEST_CASE(every_half_there_and_back) {
  for (std::uint32_t half = 0; half < 0x10000U; ++half) {
    const float x = half_to_float(static_cast<std::uint16_t>(half));
    if (std::isnan(x)) BOOST_TEST(std::isnan(half_to_float(float_to_half(x))));
    else BOOST_TEST(float_to_half(x) == half);
  }
  BOOST_TEST(float_to_half(65519.0F) == 0x7bff);  // rounds down to the largest
  BOOST_TEST(float_to_half(65520.0F) == 0x7c00);
  BOOST_TEST(float_to_half(1.00048828125F) == 0x3c00);  // half-way: to even
  BOOST_TEST(float_to_half(1.00146484375F) == 0x3c02);
  BOOST_TEST(float_to_half(0x1p-25F) == 0x0000);
  BOOST_TEST(float_to_half(0x1.8p-25F) == 0x0001);
}

template <QuantizedStorage S>
void near(float step) {
  for (const Index n : {32U, 64U, 70U, 192U}) {
    std::vector<float> row(n), back(n);
    for (Index i = 0; i < n; ++i) row[i] = standard_normal({5, n}, i);
    std::vector<std::byte> bytes(S::row_bytes(n));
    S::encode_row(bytes.data(), row.data(), n);
    S::decode_row(back.data(), bytes.data(), n);
    for (Index i = 0; i < n; ++i)
      BOOST_TEST(std::abs(row[i] - back[i]) < step, S::name << " of " << n << ": " << row[i] << " is " << back[i]);
    // What is decoded is encoded the same again, or next to it.
    std::vector<float> again(n);
    S::encode_row(bytes.data(), back.data(), n);
    S::decode_row(again.data(), bytes.data(), n);
    for (Index i = 0; i < n; ++i) BOOST_TEST(std::abs(again[i] - back[i]) < 2e-2F);
  }
}
BOOST_AUTO_TEST_CASE(values_come_back_within_a_step) {
  near<Q8_0>(0.02F);
  near<Q4_1>(0.25F);
  near<Nf4>(0.6F);
  near<Nf4DoubleQuant>(0.6F);
  near<Int8>(0.02F);
}

BOOST_AUTO_TEST_CASE(a_row_of_zeros) {
  const std::vector<float> zeros(64, 0.0F);
  const auto check = [&]<class S>(S) {
    std::vector<std::byte> bytes(S::row_bytes(64));
    std::vector<float> back(64, 1.0F);
    S::encode_row(bytes.data(), zeros.data(), 64);
    S::decode_row(back.data(), bytes.data(), 64);
    BOOST_TEST(back == zeros, boost::test_tools::per_element());
  };
  check(Q8_0{}), check(Q4_1{}), check(Nf4{}), check(Nf4DoubleQuant{}), check(Int8{});
}

// Bytes as llama.cpp and bitsandbytes lay them out.
BOOST_AUTO_TEST_CASE(layouts) {
  std::array<float, 64> ramp{};
  for (Index i = 0; i < 64; ++i) ramp[i] = static_cast<float>(i);
  std::array<std::byte, 40> bytes{};
  Q4_1::encode(bytes.data(), ramp.data());  // 0 … 31
  BOOST_TEST(quantized::load<std::uint16_t>(bytes.data()) == float_to_half(31.0F / 15.0F));
  BOOST_TEST(quantized::load<std::uint16_t>(bytes.data() + 2) == 0);
  BOOST_TEST(std::to_integer<int>(bytes[4]) == (0 | (8 << 4)));    // elements 0 and 16
  BOOST_TEST(std::to_integer<int>(bytes[19]) == (7 | (15 << 4)));  // 15 and 31
  Q8_0::encode(bytes.data(), ramp.data());
  BOOST_TEST(static_cast<int>(quantized::load<std::int8_t>(bytes.data() + 2 + 31)) == 127);
  Nf4::encode(bytes.data(), ramp.data());
  BOOST_TEST(quantized::load<float>(bytes.data()) == 63.0F);
  BOOST_TEST(std::to_integer<int>(bytes[4]) == 0x77);       // 0 and 1/63: code 7 is zero
  BOOST_TEST(std::to_integer<int>(bytes[4 + 31]) == 0xff);  // 62/63 and 1
}

BOOST_AUTO_TEST_SUITE_END()
