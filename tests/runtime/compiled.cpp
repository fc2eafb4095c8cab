#include <graft/runtime/compiled.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_compiled)

BOOST_AUTO_TEST_CASE(an_engine_in_words) {
  const CompiledEngine one{"SmolLM2_135M", "lora", "LoRA<8, Alpha<16>>", nullptr, nullptr};
  BOOST_TEST(one.text() == "SmolLM2_135M lora = LoRA<8, Alpha<16>>");
}

BOOST_AUTO_TEST_SUITE_END()
