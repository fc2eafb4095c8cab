#include <graft/io/tensor.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(io_tensor)

template <class T>
StoredTensor stored(ElementType type, const std::vector<T>& values, const char* type_name = "") {
  return {.type = type,
          .type_name = type_name,
          .shape = {values.size()},
          .data = reinterpret_cast<const std::byte*>(values.data()),
          .bytes = values.size() * sizeof(T)};
}

BOOST_AUTO_TEST_CASE(elements_as_floats) {
  const std::vector<std::uint16_t> halves{0x3c00, 0xc000}, brains{0x3f80, 0xc000};
  const std::vector<float> floats{1, -2};
  for (const auto& tensor :
       {stored(ElementType::F16, halves), stored(ElementType::BF16, brains), stored(ElementType::F32, floats)})
    BOOST_TEST(to_floats(tensor, "x") == floats, boost::test_tools::per_element());
  // Views into files lie at any address.
  std::vector<std::byte> shifted(9);
  std::memcpy(shifted.data() + 1, floats.data(), 8);
  auto tensor = stored(ElementType::F32, floats);
  tensor.data = shifted.data() + 1;
  BOOST_TEST(to_floats(tensor, "x") == floats, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(integers) {
  const std::vector<std::int64_t> longs{-1, std::int64_t{1} << 40U};
  const std::vector<std::int32_t> ints{-1, 7};
  BOOST_TEST(to_integers(stored(ElementType::I64, longs), "x") == longs, boost::test_tools::per_element());
  BOOST_TEST(to_integers(stored(ElementType::I32, ints), "x") == (std::vector<std::int64_t>{-1, 7}),
             boost::test_tools::per_element());
  BOOST_TEST(error_of([] { to_integers(stored<float>(ElementType::F32, {1}, "F32"), "ids"); }) ==
             "tensor \"ids\" holds F32 where integers were expected");
  BOOST_TEST(error_of([&] {
               to_floats(stored(ElementType::I32, ints, "I32"), "w");
             }).starts_with("tensor \"w\" has elements of type I32, which graft cannot read as numbers"));
}

BOOST_AUTO_TEST_CASE(sizes) {
  BOOST_TEST(StoredTensor{}.size() == 1U);
  BOOST_TEST((checked_size({2, 3, 4}) == 24U));
  BOOST_TEST((checked_size({}) == 1U));
  BOOST_TEST((checked_size({Index{1} << 40U, Index{1} << 40U}) == std::nullopt));
  BOOST_TEST(described("w", {1536, 576}) == "w [1536, 576]");
  BOOST_TEST(described("scalar", {}) == "scalar []");
  // As GGUF has them: 32 elements, their scale a half; Q4_1 has a least value, too.
  BOOST_TEST((block_size(ElementType::Q8_0).elements == 32 && block_size(ElementType::Q8_0).bytes == 34));
  BOOST_TEST((block_size(ElementType::Q4_0).elements == 32 && block_size(ElementType::Q4_0).bytes == 18));
  BOOST_TEST((block_size(ElementType::Q4_1).elements == 32 && block_size(ElementType::Q4_1).bytes == 20));
  BOOST_TEST(block_size(ElementType::I64).bytes == 8U);
  BOOST_TEST(block_size(ElementType::BF16).bytes == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
