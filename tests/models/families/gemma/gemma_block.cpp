// Gemma and Phi-3: gradients through norms of what blocks add, caps, windows and two rotary bases; the cache beside
// them.
#include "peft/holds.hpp"

#include <graft/models/families/gemma/gemma.hpp>
#include <graft/models/families/phi3/phi3.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_families_gemma_gemma_block)

struct Second : GemmaDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 3, heads = 4, groups = 2, head_width = 6,
                         feed_forward = 24, window = 3, full_every = 2;
  static constexpr float attention_scale = 0.5F, attention_cap = 1.5F, logit_cap = 2.0F;
};
struct Third : Second {
  static constexpr float attention_cap = 0, logit_cap = 0, rope_base = 1'000.0F, local_rope_base = 50.0F,
                         rope_factor = 2;
  static constexpr bool head_norm = true;
};
struct Phi : Phi3Defaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 2, head_width = 6,
                         feed_forward = 24, window = 3;
};
struct Turned : tiny::Config {  // as SmolLM3 and Mistral have it
  static constexpr Index no_rope_every = 2, window = 3;
};

template <class Model>
void check_gradient(const char* part, float step = 1e-4F) {
  Model model;
  tiny::fill(model);
  holding::check_gradient(model, part, tiny::batch(), step);
}
BOOST_AUTO_TEST_CASE(gradient) {
  for (const char* part :
       {"embed_tokens", "q_proj", "post_attention_layernorm", "post_feedforward_layernorm", "gate_proj"})
    check_gradient<Gemma<Second, FullFineTuning, reference>>(part);
  for (const char* part : {"k_norm", "input_layernorm", "v_proj"})
    check_gradient<Gemma<Third, FullFineTuning, reference>>(part, 1e-3F);
  check_gradient<Gemma<Second, Methods<LoRA<2>, SoftPrompt<2>, PfeifferAdapter<4>>, reference>>("");
  check_gradient<Gemma<Third, SoftPrompt<2>, reference>>("", 1e-3F);
  check_gradient<Llama<Turned, FullFineTuning, reference>>("");
}

/// The logits behind a text read at once, and token by token from a cache, some of it beyond every window.
template <class Model>
void cache_changes_nothing() {
  Model model;
  tiny::fill(model);
  const std::vector<Id> ids{3, 1, 4, 1, 5, 9, 2, 6, 5};
  Generator with(model), without(model);
  std::vector<float> step_by_step;
  with.next({3, 1, 4});
  for (Index i = 3; i < ids.size(); ++i) step_by_step = with.next(std::vector<Id>{ids[i]});
  const auto at_once = without.next(ids);
  for (Index i = 0; i < at_once.size(); ++i) BOOST_TEST(std::abs(at_once[i] - step_by_step[i]) < 2e-4F);
}
BOOST_AUTO_TEST_CASE(windows_and_the_cache) {
  cache_changes_nothing<Gemma<Second, LoRA<2>, reference>>();
  cache_changes_nothing<Gemma<Third, LoRA<2>, eigen_cpu>>();
  cache_changes_nothing<Phi3<Phi, PrefixTuning<2>, reference>>();
  cache_changes_nothing<Llama<Turned, LoRA<2>, reference>>();
}
struct Narrow : Turned {
  static constexpr Index blocks = 1;
};
BOOST_AUTO_TEST_CASE(a_window_hides_what_is_before_it) {
  Llama<Narrow, FrozenBase, reference> model;
  tiny::fill(model);
  Generator one(model), other(model);
  const auto a = one.next({7, 8, 1, 2, 3}), b = other.next({9, 4, 1, 2, 3});  // the last token sees three
  BOOST_TEST(a == b, boost::test_tools::per_element());
  BOOST_TEST((other.next(std::vector<Id>{5}) != one.next(std::vector<Id>{6})));
}

BOOST_AUTO_TEST_SUITE_END()
