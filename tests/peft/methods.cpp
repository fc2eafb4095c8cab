// What holds for every method that reparameterises weights, or trains some of them: see holds.hpp.
#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds;

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora)

// Down has none that it could be merged into
BOOST_AUTO_TEST_CASE(lora_with_a_bias) { holds<LoRA<4, On<Query, Down>, LoraBias>, false>(); }

BOOST_AUTO_TEST_CASE(lora_with_a_bias_merged) { holds<LoRA<4, On<Query, Key, Value>, LoraBias>, true>(); }
BOOST_AUTO_TEST_CASE(lora) { holds<LoRA<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_dora)

// Its norms are constants to the gradient, as the paper has it, but not to the loss: differences agree for magnitudes
// only; parity with PyTorch checks the rest.
BOOST_AUTO_TEST_CASE(dora) { holds<DoRA<4>, true>("lora_magnitude_vector"); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_selective_ia3)

BOOST_AUTO_TEST_CASE(ia3) { holds<IA3<>, true>(); }
BOOST_AUTO_TEST_CASE(ia3_before_a_residual) { holds<IA3<On<Query, Output>>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_delta_loha)

BOOST_AUTO_TEST_CASE(loha) { holds<LoHa<4>, true>(); }

BOOST_AUTO_TEST_CASE(loha_in_some_blocks) {
  static_assert(2 * Llama<Config, LoHa<4, Blocks<1, 2>>, reference>::trainable_parameters ==
                Llama<Config, LoHa<4, Blocks<1, 3>>, reference>::trainable_parameters);
  holds<LoHa<4, Blocks<1, 2>>, true>();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_delta_lokr)

BOOST_AUTO_TEST_CASE(lokr) { holds<LoKr<2>, true>(); }
BOOST_AUTO_TEST_CASE(lokr_with_a_whole_factor) { holds<LoKr<16>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_vera)

BOOST_AUTO_TEST_CASE(vera) { holds<VeRA<8>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_delta_miss)

BOOST_AUTO_TEST_CASE(miss) { holds<MiSS<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_orthogonal_hra)

BOOST_AUTO_TEST_CASE(hra) { holds<HRA<4>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_orthogonal_oft)

BOOST_AUTO_TEST_CASE(oft) { holds<OFT<8>, true>(); }
BOOST_AUTO_TEST_CASE(cayley_oft) { holds<CayleyOFT<8>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_adalora)

BOOST_AUTO_TEST_CASE(adalora) { holds<AdaLoRA<4>, true>("lora_E"); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_delta_fourier_ft)

BOOST_AUTO_TEST_CASE(fourier_ft) { holds<FourierFT<20>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_rand_lora)

BOOST_AUTO_TEST_CASE(rand_lora) { holds<RandLoRA<4, Alpha<8>>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_low_rank_lora_embedding)

BOOST_AUTO_TEST_CASE(lora_on_the_embedding) { holds<LoRA<4, On<TokenEmbedding, Query>>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_selective_trainable_tokens)

BOOST_AUTO_TEST_CASE(trainable_tokens) { holds<TrainableTokens<3, 9>, false>(); }

BOOST_AUTO_TEST_CASE(trainable_tokens_beside_lora) {
  holds<Methods<TrainableTokens<3, 9>, LoRA<2>>, true>("trainable_tokens");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_orthogonal_boft)

BOOST_AUTO_TEST_CASE(boft) { holds<BOFT<8>, true>(); }
BOOST_AUTO_TEST_CASE(boft_of_two_factors) { holds<BOFT<4, 3>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_delta_shira)

BOOST_AUTO_TEST_CASE(shira) { holds<SHiRA<2>, true>(); }

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(peft_selective_ln_tuning)

BOOST_AUTO_TEST_CASE(ln_tuning) { holds<LNTuning<>, false>(); }

BOOST_AUTO_TEST_SUITE_END()
