#include <graft/models/families/llama/llama_config.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_families_llama_llama_config)

static_assert(!is_nth<0>(0) && !is_nth<0>(5));
static_assert(is_nth<1>(0) && !is_nth<4>(0) && !is_nth<4>(2) && is_nth<4>(3) && !is_nth<4>(4) && is_nth<4>(7));

struct Mixed : LlamaDefaults {
  static constexpr Index window = 8, full_every = 3;
};
struct Windowed : LlamaDefaults {
  static constexpr Index window = 8;
};
static_assert(windowed<Mixed>(0).window == 8 && windowed<Mixed>(1).window == 8 && windowed<Mixed>(2).window == 0);
static_assert(windowed<Windowed>(2).window == 8 && windowed<LlamaDefaults>(0).window == 0);

static_assert(LlamaConfig<SmolLM2_135M> && !LlamaConfig<Mixed>);  // which does not say how large it is

/// Parameters, counted from the sizes.
template <class C>
constexpr Index parameters() {
  constexpr Index queries = C::heads * C::head_width, keys = C::groups * C::head_width;
  constexpr Index block = 2 * C::width * (queries + keys) + (C::qkv_bias ? queries + 2 * keys : 0) +
                          3 * C::width * C::feed_forward + 2 * C::width;
  return (C::tied_head ? 1 : 2) * C::vocabulary * C::width + C::blocks * block + C::width;
}
// As their authors have counted them.
BOOST_AUTO_TEST_CASE(sizes_of_published_models) {
  BOOST_TEST(parameters<SmolLM2_135M>() == 134'515'008U);
  BOOST_TEST(parameters<SmolLM2_360M>() == 361'821'120U);
  BOOST_TEST(parameters<Qwen2_0_5B>() == 494'032'768U);
}

BOOST_AUTO_TEST_SUITE_END()
