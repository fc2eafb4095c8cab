// Values go in whole and come out as they are kept.
#include <graft/autodiff/parameter.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_parameter)

template <class P>
void takes_its_size_alone(Index size) {
  P p;
  p.assign(std::vector<float>(size, 0.5F));
  BOOST_TEST(p.read() == std::vector<float>(size, 0.5F));
  for (const Index wrong : {Index{0}, size - 1, size + 1})
    BOOST_CHECK_EXCEPTION(p.assign(std::vector<float>(wrong)), Error, [wrong](const Error& error) { return std::string(error.what()).find("assign: " + std::to_string(wrong) + " values for a parameter of ") == 0; });
  BOOST_TEST(p.read() == std::vector<float>(size, 0.5F));
}
BOOST_AUTO_TEST_CASE(assigned) {
  takes_its_size_alone<Parameter<reference, Trainable, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<F32>, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<Bf16>, 3, 4>>(12);
  takes_its_size_alone<Parameter<reference, Constant<Plain>, 1, 7>>(7);
}
BOOST_AUTO_TEST_CASE(assigned_as_encoded) {
  Parameter<reference, Constant<Q8_0>, 2, 32> p;
  p.assign_rows(std::vector<std::byte>(2 * Q8_0::row_bytes(32)));
  BOOST_TEST(p.read() == std::vector<float>(64, 0.0F));
  BOOST_CHECK_THROW(p.assign_rows(std::vector<std::byte>(Q8_0::row_bytes(32))), Error);
  BOOST_CHECK_THROW(p.assign_rows(std::vector<std::byte>(3 * Q8_0::row_bytes(32))), Error);
}

BOOST_AUTO_TEST_SUITE_END()
