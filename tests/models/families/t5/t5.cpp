// Encoder and decoder: what sees what, distances, prompts on the source.
#include "peft/holds.hpp"

#include <graft/checkpoints/base/load.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/plan/explain.hpp>
#include <graft/plan/plan.hpp>

using namespace graft;

namespace {

struct Config : T5Defaults {
  static constexpr Index vocabulary = 64, width = 32, encoder_blocks = 1, blocks = 2, heads = 4, groups = 4,
                         head_width = 8, feed_forward = 48, buckets = 8, farthest = 12;
};

Batch pairs() {
  Batch batch;
  batch.append_pair({5, 9, 7, 3, 11, 6}, {4, 8, 2, 9});
  batch.append_pair({3, 2, 8}, {7, -1, 5});
  return batch;
}

struct First : Config {  // as the first T5
  static constexpr bool tied_head = true, scaled_head = true, gated = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(models_families_t5_t5_block)

template <class C, class M>
void check_gradient(const char* part) {
  T5<C, M, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, part, pairs(), 1e-4F);  // scores are not divided by √D, so that it bends
}

BOOST_AUTO_TEST_CASE(gradient) {
  for (const char* part :
       {"encoder", "SelfAttention.q", "EncDecAttention", "relative_attention_bias", "DenseReluDense", "layer_norm"})
    check_gradient<Config, FullFineTuning>(part);
  check_gradient<First, FullFineTuning>("shared");
  check_gradient<Config, Methods<LoRA<4>, SoftPrompt<3, OnEncoder>>>("");
  check_gradient<Config, Methods<PrefixTuning<2>, SoftPrompt<3, OnBoth>>>("");
  check_gradient<Config, PTuning<3, 8, Mlp, OnDecoder>>("");
  check_gradient<Config, Methods<PrefixTuning<3>, HoulsbyAdapter<4>>>("");
  check_gradient<Config, Methods<HubPrefixTuning<3, 8>, ParallelAdapter<4>>>("");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(models_families_t5_t5)

template <class Model>
double loss_of(const Model& model, const Batch& batch) {
  return tiny::loss(model, Model::prepared(batch));
}

BOOST_AUTO_TEST_CASE(pairs_are_read_alone_and_the_source_whole) {
  T5<Config, Methods<PrefixTuning<2>, SoftPrompt<2, OnEncoder>>, reference> model;
  tiny::fill(model);
  Batch first, second, other;
  first.append_pair({5, 9, 7, 3, 11, 6}, {4, 8, 2, 9});
  second.append_pair({3, 2, 8}, {7, -1, 5});
  other.append_pair({3, 2, 9}, {7, -1, 5});
  BOOST_TEST(std::abs(loss_of(model, pairs()) - loss_of(model, first) - loss_of(model, second)) < 1e-4);
  const auto read_alone = [&]<class M>(std::type_identity<M>) {
    T5<Config, M, reference> prompted;
    tiny::fill(prompted);
    BOOST_TEST(std::abs(loss_of(prompted, pairs()) - loss_of(prompted, first) - loss_of(prompted, second)) < 1e-4);
  };
  read_alone(std::type_identity<SoftPrompt<2, OnBoth>>{});
  read_alone(std::type_identity<HubPrefixTuning<3, 8>>{});
  BOOST_TEST(std::abs(loss_of(model, other) - loss_of(model, second)) > 1e-3);
}

template <class Method>
void trains_as_planned(float learning_rate) {
  using Model = T5<Config, Method, Cpu, Bf16>;
  Model model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = learning_rate});
  const double first = trainer.step(pairs()).loss;
  double last = first;
  for (int i = 0; i < 20; ++i) last = trainer.step(pairs()).loss;
  BOOST_TEST(last < 0.7 * first);
  const auto shape = pairs().shape();
  BOOST_TEST(shape.source == 9U);
  const auto planned = plan<Model>(shape);
  BOOST_TEST(planned.values == trainer.workspace().value_peak());
  BOOST_TEST(planned.adjoints == trainer.workspace().adjoint_peak());
}

BOOST_AUTO_TEST_CASE(training_and_planning) {
  trains_as_planned<LoRA<4>>(1e-2F);
  trains_as_planned<HubPrefixTuning<4, 16>>(5e-2F);
  const std::string text = explain<T5<Config, LoRA<4>, Cpu, Bf16>>().text();
  BOOST_TEST((text.find("CrossQuery") != std::string::npos && text.find("blocks 1 to 2") != std::string::npos));
}

BOOST_AUTO_TEST_CASE(last_blocks_are_the_decoders) {
  static_assert(T5<Config, LastBlocks<2>, reference>::trainable_parameters == 2 * (8 * 32 * 32 + 3 * 32 + 3 * 32 * 48));
  static_assert(T5<Config, LoRA<2, On<CrossQuery>>, reference>::trainable_parameters == 2 * 2 * 64);
}

BOOST_AUTO_TEST_SUITE_END()
