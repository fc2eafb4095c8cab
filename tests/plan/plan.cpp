// The plan, a constant expression, against the real arena, pool and buffers.
#include "tiny.hpp"

#include <graft/backend/counting_reference.hpp>
#include <graft/plan/plan.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(plan_plan)

template <class M, class... Policies>
void holds() {
  using Model = Llama<tiny::Config, M, counting_reference, Policies...>;
  constexpr BatchShape shape{.tokens = 96, .sequences = 3, .targets = 60};
  constexpr Plan planned = plan<Model>(shape);
  static_assert(planned.total() > 0);

  const Index before = counting_reference::in_use;
  Model model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{});
  const Index weights = counting_reference::in_use - before - StepScales<counting_reference, 1>::bytes;
  Batch batch;
  for (int s = 0; s < 3; ++s) {
    std::vector<Id> ids(32), labels(32, -1);
    for (Index i = 0; i < 32; ++i) ids[i] = static_cast<Id>((7 * i + static_cast<Index>(s)) % 50);
    std::copy(ids.begin() + 12, ids.end(), labels.begin() + 12);
    batch.append(ids, labels);
  }
  BOOST_TEST(batch.targets.size() == 60U);
  trainer.step(batch);
  trainer.step(batch);  // the first step learns sizes, the second uses them
  const Index real = weights + trainer.workspace().value_peak() + trainer.workspace().adjoint_peak();
  const auto apart = [](Index a, Index b) { return std::abs(static_cast<double>(a) / static_cast<double>(b) - 1); };
  BOOST_TEST(apart(planned.total(), real) < 0.02, "planned " << planned.total() << ", real " << real);
  BOOST_TEST(planned.frozen + planned.trainable + planned.gradients + planned.optimizer == weights);
  BOOST_TEST(planned.values == trainer.workspace().value_peak());
  BOOST_TEST(planned.adjoints == trainer.workspace().adjoint_peak());
}

BOOST_AUTO_TEST_CASE(full_fine_tuning) { holds<FullFineTuning>(); }
BOOST_AUTO_TEST_CASE(lora) { holds<LoRA<2>>(); }
BOOST_AUTO_TEST_CASE(lora_bf16) { holds<LoRA<4, On<Query, Value>>, Bf16>(); }
BOOST_AUTO_TEST_CASE(lora_checkpointed) { holds<LoRA<2>, CheckpointBlocks>(); }
BOOST_AUTO_TEST_CASE(last_block) { holds<LastBlocks<1>>(); }

// What PEFT saves, as numbers of types.
using Full = Llama<SmolLM2_135M, FullFineTuning, reference>;
using Lora = Llama<SmolLM2_135M, LoRA<8, On<Query, Value>>, reference, Bf16>;
static_assert(plan<Full>(Tokens{256}).optimizer == 2 * 4 * 134'515'008ULL);
static_assert(plan<Lora>(Tokens{256}).optimizer == 2 * 4 * 460'800);
static_assert(plan<Lora>(Tokens{1024}).total() < plan<Full>(Tokens{1024}).total() / 2);
static_assert(plan<Llama<SmolLM2_135M, LoRA<8, On<Query, Value>>, reference, Bf16, CheckpointBlocks>>(Tokens{1024})
                  .total() < 1_GiB);

// What layers of a method share is counted, and once for each size.
using Vera = Llama<SmolLM2_135M, VeRA<256>, reference, Bf16>;
using Bare = Llama<SmolLM2_135M, IA3<>, reference, Bf16>;
static_assert(plan<Vera>(Tokens{16}).frozen - plan<Bare>(Tokens{16}).frozen ==
              4 * 256 * (576 + 1536 + 576 + 192 + 1536));

BOOST_AUTO_TEST_SUITE_END()
