// A LoRA that works behind an invocation only.
#include "tiny.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/serve/generate.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_low_rank_activated_lora)

// An activated LoRA leaves the text before its invocation to the base, in a pass as in the cache, and on every backend.
template <class B, class S>
void works_behind_its_invocation() {
  using Mine = ActivatedLoRA<2, Invocation<8, 9>, On<Query, Value>>;
  Llama<tiny::Config, Mine, B, S, Activations<F32>> model;
  Llama<tiny::Config, LoRA<2, On<Query, Value>>, B, S, Activations<F32>> always;
  tiny::fill(model);
  tiny::fill(always);
  const std::vector<Id> text{8, 9, 3, 8, 9, 4, 5}, without{3, 4, 5, 9};
  const auto logits_of = [](const auto& m, const std::vector<Id>& ids) {
    using M = std::remove_cvref_t<decltype(m)>;
    Batch batch;
    batch.append(ids, std::vector<Id>(ids.size(), -1));
    const auto prepared = M::prepared(batch);
    Workspace<B> workspace;
    Inference<B> tape(workspace);
    const auto logits = m.logits(tape, m.hidden(tape, place(tape, prepared)));
    return download<B>(logits.data, logits.size());
  };
  const auto apart = [](const std::vector<float>& x, const std::vector<float>& y, Index row) {
    double worst = 0;
    for (Index v = 0; v < tiny::Config::vocabulary; ++v)
      worst = std::max(worst, static_cast<double>(std::abs(x[row * tiny::Config::vocabulary + v] -
                                                           y[row * tiny::Config::vocabulary + v])));
    return worst;
  };
  auto base = logits_of(always, text);
  Llama<tiny::Config, LoRA<2, On<Query, Value>>, B, S, Activations<F32>> off;
  tiny::fill(off);
  decltype(off)::visit(off, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) p.assign(std::vector<float>(p.size, 0.0F));
  });
  const auto mixed = logits_of(model, text), plain = logits_of(off, text);
  for (Index t = 0; t < 3; ++t) BOOST_TEST(apart(mixed, plain, t) < 1e-5);
  for (Index t = 3; t < text.size(); ++t) {
    BOOST_TEST(apart(mixed, plain, t) > 1e-3);
    BOOST_TEST(apart(mixed, base, t) > 1e-3);
  }
  const auto never = logits_of(model, without), never_plain = logits_of(off, without);
  for (Index t = 0; t < without.size(); ++t) BOOST_TEST(apart(never, never_plain, t) < 1e-5);
  Generator generator(model, 32);
  const auto next = generator.next({8, 9, 3, 8, 9, 4});
  for (Index v = 0; v < tiny::Config::vocabulary; ++v)
    BOOST_REQUIRE(std::abs(next[v] - mixed[5 * tiny::Config::vocabulary + v]) < 1e-4F);
  const auto last = generator.next(std::vector<Id>{5});
  for (Index v = 0; v < tiny::Config::vocabulary; ++v)
    BOOST_REQUIRE(std::abs(last[v] - mixed[6 * tiny::Config::vocabulary + v]) < 1e-4F);
}
BOOST_AUTO_TEST_CASE(activated_on_reference) { works_behind_its_invocation<reference, F32>(); }
BOOST_AUTO_TEST_CASE(activated_on_the_cpu) { works_behind_its_invocation<Cpu, Bf16>(); }
BOOST_AUTO_TEST_CASE(activated_gradient) {
  Llama<tiny::Config, ActivatedLoRA<2, Invocation<3, 4>>, reference> model;
  tiny::fill(model);
  const auto batch = decltype(model)::prepared(tiny::batch());
  Trainer trainer(model);
  trainer.gradient(batch, 1.0F);
  Index checked = 0;
  for (const auto& slot : trainer.slots()) {
    const auto gradient = download<reference>(slot.gradient, slot.size);
    const Index i = slot.size / 2;
    const float before = slot.value[i];
    const auto loss = [&](float x) {
      slot.value[i] = x;
      return tiny::loss(model, batch);
    };
    const double difference = (loss(before + 2e-3F) - loss(before - 2e-3F)) / 4e-3;
    slot.value[i] = before;
    BOOST_TEST(std::abs(difference - static_cast<double>(gradient[i])) < 2e-2 * std::max(0.1, std::abs(difference)),
               slot.path);
    ++checked;
  }
  BOOST_TEST(checked > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
