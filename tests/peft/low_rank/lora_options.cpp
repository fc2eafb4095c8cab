#include <graft/peft/low_rank/lora_options.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora_options)

// Options, in any order.
static_assert(lora_settings<8>().alpha == 16.0 && lora_settings<8>().scaling() == 2.0F);
static_assert(lora_settings<4, RankStabilized, Alpha<8>>().scaling() == 4.0F);
static_assert(lora_settings<4, Alpha<8>, RankStabilized>().scaling() == 4.0F);
static_assert(lora_settings<4, Alpha<1, 2>>().scaling() == 0.125F);
static_assert(lora_settings<4, Dropout<1, 20>>().dropout == 0.05 && lora_settings<4>().dropout == 0);
static_assert(lora_settings<4>(1.0).alpha == 1 && lora_settings<4, Alpha<3>>(1.0).alpha == 3);  // another's default
static_assert(lora_settings<4, LoraBias>().bias && lora_settings<4, WithHead>().with_head);
static_assert(lora_settings<4, GaussianInit>().init == LoraInit::gaussian &&
              !lora_settings<4, GaussianInit>().starts_from_base());
static_assert(lora_settings<4, PissaInit>().starts_from_base() && lora_settings<4, OloraInit>().starts_from_base() &&
              !lora_settings<4>().starts_from_base());

// Those of others are passed over.
struct Others {};
static_assert(!LoraOption<Others> && LoraOption<Dropout<1, 2>> && AlphaOption<Alpha<4>> && !AlphaOption<LoraBias>);
static_assert(lora_settings<4, Others, Alpha<6>>().alpha == 6.0);

BOOST_AUTO_TEST_CASE(roots_without_the_library) {
  for (const double x : {1.0, 2.0, 4.0, 640.0, 1e6, 0.25})
    BOOST_TEST(std::abs(square_root(x) / std::sqrt(x) - 1) < 1e-15);
}

BOOST_AUTO_TEST_SUITE_END()
