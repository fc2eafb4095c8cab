// Models of several methods over one base, their own or a host's; and that a seed's base is the same under all of them.
#include "error.hpp"
#include "tiny.hpp"

#include <graft/adapters/base_directions.hpp>
#include <graft/backend/counting_reference.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/plan/plan.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(models_parts_shared_base)

template <class M, class B = reference, class... Policies>
using Model = Llama<tiny::Config, M, B, Policies...>;

template <class M>
M initialized(std::uint64_t seed = 1) {
  M model;
  model.initialize({.key = {seed, 0}, .deviation = 0.3F});
  return model;
}
/// The base's weights by name: their values, and where those lie that are frozen.
template <class M>
std::map<std::string, std::pair<std::vector<float>, const void*>> base_of(const M& model) {
  std::map<std::string, std::pair<std::vector<float>, const void*>> all;
  M::each_site(model, [&all](auto, const Path& at, const auto& layer) {
    visit_base(
        layer,
        [&all]<class P>(const Path& path, const P& p) {
          const void* address = nullptr;
          if constexpr (requires { p.packed(); }) address = p.packed();
          else address = p.value();
          all[path.str()] = {p.read(), P::trainable ? nullptr : address};
        },
        at);
  });
  return all;
}
template <class M>
std::vector<float> logits(const M& model) {
  using B = typename M::backend;
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto placed = place(tape, M::prepared(tiny::batch()));
  const auto z = model.logits(tape, model.hidden(tape, placed));
  return download<B>(z.data, z.size());
}

using Lora = LoRA<4, Alpha<16>>;
using Other = Methods<LoRA<2, On<Query>>, IA3<On<Value>, Reads<Down>>>;

template <class B, class... Policies>
void share_and_give_what_they_give_alone() {
  const auto base = initialized<typename Model<Lora, B, Policies...>::base>();
  Model<Lora, B, Policies...> first(base, 1), alone;
  Model<Other, B, Policies...> second(base, 1), other;
  for (const auto& [name, weight] : base_of(base)) {
    BOOST_TEST((base_of(first).at(name).second == weight.second), name);
    BOOST_TEST((base_of(second).at(name).second == weight.second), name);
  }
  const auto trained = [](auto& model) { model.initialize({.key = {1, 0}, .deviation = 0.3F}); };
  const auto moved = []<class M>(M& model) {
    std::uint64_t stream = 100;
    M::visit(model, [&stream]<class P>(const Path&, P& p) {
      if constexpr (P::trainable) {
        auto values = p.read();
        for (Index i = 0; i < values.size(); ++i) values[i] += 0.2F * standard_normal({5, stream}, i);
        ++stream;
        p.assign(values);
      }
    });
  };
  trained(alone), trained(other);
  moved(alone), moved(other), moved(first), moved(second);
  BOOST_TEST((logits(first) == logits(alone)));
  BOOST_TEST((logits(second) == logits(other)));
  BOOST_TEST((logits(first) != logits(base) && logits(second) != logits(base)));
}
BOOST_AUTO_TEST_CASE(two_models_of_different_methods) {
  share_and_give_what_they_give_alone<Cpu, Bf16, CheckpointBlocks>();
  share_and_give_what_they_give_alone<reference, Q4_1, SharedBase>();
}

BOOST_AUTO_TEST_CASE(the_base_may_go_before_its_models) {
  auto base = std::make_optional(initialized<Model<FrozenBase>>());
  const Model<Lora> model(*base);
  const auto before = logits(*base);
  base.reset();
  BOOST_TEST((logits(model) == before));
}

// What changes base weights changes a copy.
template <class M>
void merges_a_copy() {
  const auto base = initialized<Model<FrozenBase>>();
  const auto before = base_of(base);
  Model<M> merged(base), beside(base);
  std::uint64_t stream = 100;
  Model<M>::visit(merged, [&stream]<class P>(const Path&, P& p) {
    if constexpr (P::trainable) {
      auto values = p.read();
      for (Index i = 0; i < values.size(); ++i) values[i] += 0.2F * standard_normal({5, ++stream}, i);
      p.assign(values);
    }
  });
  const auto own = logits(beside), others = logits(merged);
  merge(merged);
  Index changed = 0;
  for (const auto& [name, weight] : base_of(merged)) changed += weight != before.at(name) ? 1 : 0;
  BOOST_TEST(changed > 0U);
  BOOST_TEST((base_of(base) == before && logits(beside) == own));
  unmerge(merged);
  // the shared ones again, no copies
  for (const auto& [name, weight] : base_of(merged))
    BOOST_TEST((weight == before.at(name) || name.ends_with("bias")), name);
  BOOST_TEST((logits(merged) == others));
}
BOOST_AUTO_TEST_CASE(merging_is_seen_by_nobody_else) {
  merges_a_copy<LoRA<2>>();
  merges_a_copy<DoRA<2>>();
  merges_a_copy<LoHa<2>>();
  merges_a_copy<OFT<4>>();
  merges_a_copy<IA3<>>();
  merges_a_copy<LoRA<2, On<TokenEmbedding>>>();
}
BOOST_AUTO_TEST_CASE(so_are_directions_of_the_base_that_it_then_lacks) {
  const auto base = initialized<Model<FrozenBase>>();
  const auto before = base_of(base);
  const Model<LoRA<2, On<Query>, PissaInit>> model(base);
  Index changed = 0;
  for (const auto& [name, weight] : base_of(model)) changed += weight != before.at(name) ? 1 : 0;
  BOOST_TEST(changed == 3U);
  BOOST_TEST((base_of(base) == before));
}
BOOST_AUTO_TEST_CASE(trained_weights_are_copies) {
  const auto base = initialized<Model<FrozenBase>>();
  const auto before = base_of(base);
  Model<FullFineTuning> full(base);
  BOOST_TEST((logits(full) == logits(base)));
  Trainer trainer(full, AdamW{.learning_rate = 0.1F});
  trainer.step(tiny::batch());
  BOOST_TEST((logits(full) != logits(base) && base_of(base) == before));
}

// A seed's base is the same whatever is trained on it, and with it a model over it.
template <class M, class Config = tiny::Config>
void draws_the_same_base() {
  const auto wanted = base_of(initialized<Llama<Config, FrozenBase, reference>>());
  const auto model = initialized<Llama<Config, M, reference>>();
  for (const auto& [name, weight] : base_of(model))
    BOOST_TEST(
        (weight.first ==
         wanted.at(name == "lm_head.weight" && !wanted.contains(name) ? "model.embed_tokens.weight" : name).first),
        name);
}
BOOST_AUTO_TEST_CASE(a_seed_draws_one_base) {
  draws_the_same_base<LoRA<4>>();
  draws_the_same_base<LoRA<4, On<Query>>>();
  draws_the_same_base<LoRA<4, On<TokenEmbedding, Linears>, GaussianInit>>();
  draws_the_same_base<VeRA<4>>();
  draws_the_same_base<IA3<>>();
  draws_the_same_base<OFT<4>>();
  draws_the_same_base<SHiRA<1>>();
  draws_the_same_base<SoftPrompt<3, FromVocabulary>>();
  draws_the_same_base<PrefixTuning<3>>();
  draws_the_same_base<PfeifferAdapter<4>>();
  draws_the_same_base<LoReFT<2>>();
  draws_the_same_base<BitFit>();
  draws_the_same_base<FullFineTuning>();
  draws_the_same_base<Methods<LoRA<2>, Unfreeze<Head>>, tiny::TiedConfig>();
}
BOOST_AUTO_TEST_CASE(a_model_over_a_base_is_the_model_that_its_seed_draws) {
  const auto whole = initialized<Model<Lora>>(7);
  const Model<Lora> over(initialized<Model<FrozenBase>>(7), 7);
  BOOST_TEST((tiny::trained(over) == tiny::trained(whole) && logits(over) == logits(whole)));
}

BOOST_AUTO_TEST_CASE(an_untied_head_begins_as_the_embedding) {
  using Tied = Llama<tiny::TiedConfig, FrozenBase, reference>;
  const auto base = initialized<Tied>();
  const Tied::of<Unfreeze<Head>> trained(base);
  const Tied::of<LoRA<2, On<Head>>> adapted(base);
  BOOST_TEST((logits(trained) == logits(base) && logits(adapted) == logits(base)));
}
struct Encoding : BertDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 4, head_width = 4,
                         feed_forward = 24, positions = 16, classes = 3;
};
struct Translating : T5Defaults {
  static constexpr Index vocabulary = 50, width = 16, encoder_blocks = 1, blocks = 1, heads = 4, groups = 4,
                         head_width = 4, feed_forward = 24, buckets = 8, farthest = 12;
};
BOOST_AUTO_TEST_CASE(other_kinds_of_models) {
  const auto over = []<class M>(std::type_identity<M>) {
    const auto base = initialized<typename M::base>();
    const auto alone = initialized<M>(1);
    const M model(base, 1);
    const auto frozen = base_of(base);
    for (const auto& [name, weight] : base_of(model)) {
      BOOST_TEST((weight.second == nullptr || weight.second == frozen.at(name).second), name);
      BOOST_TEST((weight.first == frozen.at(name).first), name);
    }
    BOOST_TEST((tiny::trained(model) == tiny::trained(alone)));
  };
  using Method = Methods<LoRA<2, On<Query>>, Unfreeze<Head>>;
  over(std::type_identity<BertClassifier<Encoding, Method, reference>>{});
  over(std::type_identity<BertTokenClassifier<Encoding, Method, reference>>{});
  over(std::type_identity<BertQuestionAnswering<Encoding, Method, reference>>{});
  over(std::type_identity<BertMaskedLM<Encoding, LoRA<2>, reference>>{});
  over(std::type_identity<BertEncoder<Encoding, LoRA<2>, reference>>{});
  over(std::type_identity<T5<Translating, Method, reference>>{});
}

// An engine that has the weights in memory of its own.
struct Engine {
  std::map<std::string, std::vector<float>, std::less<>> weights;
  explicit Engine(const Model<FrozenBase>& model) {
    for (const auto& [name, weight] : base_of(model)) weights[name] = weight.first;
  }
  std::span<const float> operator()(const std::string& name, Index, Index) const { return weights.at(name); }
};
BOOST_AUTO_TEST_CASE(a_base_in_memory_of_the_host) {
  const auto drawn = initialized<Model<FrozenBase>>();
  Engine engine(drawn);
  Model<FrozenBase> base;
  borrow(base, engine);
  Model<Lora> model(base);
  Model<BitFit> biases;
  borrow(biases, engine);
  for (const auto& [name, weight] : base_of(model)) BOOST_TEST((weight.second == engine.weights.at(name).data()), name);
  const auto before = logits(base);
  BOOST_TEST((before == logits(drawn) && logits(model) == before && logits(biases) == before));
  for (float& x : engine.weights.at("lm_head.weight")) x = 0.0F;
  for (const float z : logits(model)) BOOST_TEST(z == 0.0F);  // it computes on the engine's memory

  const auto kept = engine.weights;
  Trainer trainer(model, AdamW{.learning_rate = 0.1F});
  trainer.step(tiny::batch());
  merge(model);
  BOOST_TEST((engine.weights == kept));  // and never writes it
}
BOOST_AUTO_TEST_CASE(what_does_not_fit_is_one_error) {
  Engine engine(initialized<Model<FrozenBase>>());
  engine.weights.at("model.norm.weight").pop_back();
  engine.weights.at("model.layers.1.self_attn.q_proj.weight").push_back(0.0F);
  Model<FrozenBase> base;
  auto error = error_of([&] { borrow(base, engine); });
  for (const char* part : {"what was lent does not fit the model", "model.norm.weight: a weight of 1 x 16",
                           "model.layers.1.self_attn.q_proj.weight: a weight of 16 x 16 in F32 borrows 1024 bytes"})
    BOOST_TEST(error.find(part) != std::string::npos, error);
  BOOST_TEST(error_of([&] { logits(base); }).find("no values") != std::string::npos);  // nothing was changed
  Model<FrozenBase, Cpu, Bf16> panels;
  error = error_of([&] { borrow(panels, engine); });
  BOOST_TEST(
      error.find("the backend xsimd_cpu keeps weights of the storage Bf16 in a layout of its own") != std::string::npos,
      error);
}

template <class M>
void plan_counts_no_base() {
  using Shared = Model<M, counting_reference, SharedBase>;
  constexpr BatchShape shape{.tokens = 9, .sequences = 2, .targets = 7};
  constexpr Plan planned = plan<Shared>(shape), whole = plan<Model<M, counting_reference>>(shape);
  const auto base = initialized<typename Shared::base>();
  const Index before = counting_reference::in_use;
  Shared model(base);
  Trainer trainer(model, AdamW{});
  const Index taken = counting_reference::in_use - before - StepScales<counting_reference, 1>::bytes;
  BOOST_TEST(planned.frozen + planned.trainable + planned.gradients + planned.optimizer == taken);
  BOOST_TEST(planned.trainable == whole.trainable);
  BOOST_TEST(planned.values == whole.values);
}
BOOST_AUTO_TEST_CASE(plans_of_a_shared_base_count_none_of_it) {
  plan_counts_no_base<LoRA<2>>();
  plan_counts_no_base<LoRA<2, On<Query>, PissaInit>>();
  plan_counts_no_base<Methods<LoRA<2>, BitFit>>();
  static_assert(plan<Model<LoRA<2>, reference, SharedBase>>(Tokens{9}).frozen == 0);
}

BOOST_AUTO_TEST_SUITE_END()
