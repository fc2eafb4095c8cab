// What several methods in one type offer together.
#include "tiny.hpp"

#include <graft/models/parts/admitted.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_contract_together)

using Activated = ActivatedLoRA<2, Invocation<8, 9>, On<Query, Value>>;

static_assert(method_offers<Methods<>>.members == 1 && method_offers<LoRA<4>>.invocation.empty());
static_assert(method_offers<Methods<Bank<3, LoRA<4>>, UntiedHead>>.members == 3);
static_assert(method_offers<Methods<UntiedHead, Methods<Unfreeze<Head>, Activated>>>.invocation.size() == 2);
static_assert(Llama<tiny::Config, Methods<Bank<3, LoRA<4>>, Unfreeze<FinalNorm>>, reference>::members == 3);
static_assert(Llama<tiny::Config, Methods<Activated, Unfreeze<Head>>, reference>::activates);

template <class Model>
std::vector<float> logits_of(const Model& model, const std::vector<Id>& ids) {
  using B = typename Model::backend;
  Batch batch;
  batch.append(ids, std::vector<Id>(ids.size(), -1));
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, admitted<Model>(batch))));
  return download<B>(logits.data, logits.size());
}

// An activated LoRA beside a trained head works behind its invocation, as it does alone: a head of twice the weights
// says twice what the head of the base says, before the invocation and behind it.
BOOST_AUTO_TEST_CASE(an_invocation_beside_a_trained_head) {
  Llama<tiny::Config, Activated, reference> alone;
  Llama<tiny::Config, Methods<Activated, Unfreeze<Head>>, reference> beside;
  Llama<tiny::Config, Methods<LoRA<2, On<Query, Value>>, Unfreeze<Head>>, reference> always;
  const Initializer seed{.key = {1, 0}, .deviation = 0.3F};
  alone.initialize(seed);
  beside.initialize(seed);
  always.initialize(seed);
  const auto move = [](auto& model) {
    std::remove_reference_t<decltype(model)>::visit(model, []<class P>(const Path& path, P& p) {
      if constexpr (P::trainable) {
        auto values = p.read();
        for (Index i = 0; i < values.size(); ++i)
          values[i] = path.str().starts_with("lm_head") ? 2 * values[i] : 0.2F * standard_normal({5, P::rows}, i);
        p.assign(values);
      }
    });
  };
  move(alone);
  move(beside);
  move(always);
  const std::vector<Id> text{8, 9, 3, 8, 9, 4, 5};
  const auto one = logits_of(alone, text), two = logits_of(beside, text), other = logits_of(always, text);
  double before = 0;
  for (Index i = 0; i < one.size(); ++i) {
    BOOST_REQUIRE_CLOSE(two[i], 2 * one[i], 1e-3);
    if (i < 3 * tiny::Config::vocabulary) before = std::max(before, static_cast<double>(std::abs(other[i] - two[i])));
  }
  BOOST_TEST(before > 1e-3);  // one that is always on says something else there
}

// Two seeds draw two pairs of matrices, and layers of one seed have one.
BOOST_AUTO_TEST_CASE(shared_parts_of_two_seeds) {
  using First = VeRA<4, Seed<1>, On<Query, Output>>;
  using Second = VeRA<4, Seed<2>, On<Value>>;
  Llama<tiny::Config, Methods<First, Second>, reference> both;
  Llama<tiny::Config, Second, reference> alone;
  both.initialize({.key = {1, 0}});
  alone.initialize({.key = {1, 0}});
  const auto parts = [](const auto& model, const std::string& site) {
    std::vector<std::vector<float>> found;
    std::remove_cvref_t<decltype(model)>::visit(model, [&]<class P>(const Path& path, const P& p) {
      if constexpr (P::shared)
        if (path.str().find(site) != std::string::npos) found.push_back(p.read());
    });
    return found;
  };
  BOOST_TEST((parts(both, "v_proj.vera_A") == parts(alone, "v_proj.vera_A")));
  BOOST_TEST((parts(both, "v_proj.vera_A")[0] != parts(both, "q_proj.vera_A")[0]));
}

BOOST_AUTO_TEST_SUITE_END()
