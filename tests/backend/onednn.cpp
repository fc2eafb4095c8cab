#include <graft/backend.hpp>
#include <graft/backend/onednn/onednn_cpu.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_onednn_onednn_cpu)

BOOST_AUTO_TEST_CASE(floats_agree) {
  backend::Checker<onednn_cpu> c;
  backend::check_elements<float>(c);
  backend::check_products<F32, float, float>(c, "F32");
  for (const auto& [kernel, difference] : c.results)
    BOOST_TEST(difference < 1e-5, kernel << " differs by " << difference);
}

BOOST_AUTO_TEST_SUITE_END()
