#include <graft/peft/bottleneck/adapter.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds, holding::is_whole, holding::holds_over;

BOOST_AUTO_TEST_SUITE(peft_bottleneck_adapter)

BOOST_AUTO_TEST_CASE(pfeiffer) { holds<PfeifferAdapter<4>, false>(); }
BOOST_AUTO_TEST_CASE(houlsby) { is_whole<HoulsbyAdapter<4>>(); }
BOOST_AUTO_TEST_CASE(parallel) { holds<ParallelAdapter<4>, false>(); }
BOOST_AUTO_TEST_CASE(pfeiffer_over_four_bits) { holds_over<Nf4, PfeifferAdapter<4>, false>(); }

// A merged model would lose them.
BOOST_AUTO_TEST_CASE(adapters_are_not_merged) {
  static_assert(any_layer<Llama<Config, HoulsbyAdapter<4>, reference>>(
      [](auto, const auto& layer) { return stays_beside_the_base(layer); }));
  static_assert(any_layer<Llama<Config, SoftPrompt<3>, reference>>(
      [](auto, const auto& layer) { return stays_beside_the_base(layer); }));
  static_assert(any_layer<Llama<Config, TrainableTokens<3>, reference>>(
      [](auto, const auto& layer) { return stays_beside_the_base(layer); }));
  static_assert(!any_layer<Llama<Config, Methods<LoRA<2>, LNTuning<>>, reference>>(
      [](auto, const auto& layer) { return stays_beside_the_base(layer); }));
  static_assert(!any_layer<Llama<Config, FullFineTuning, reference>>(
      [](auto, const auto& layer) { return stays_beside_the_base(layer); }));
}

BOOST_AUTO_TEST_CASE(adapter_in_every_block_of_bfloat16) {
  Llama<Config, HoulsbyAdapter<4>, Cpu, Bf16, CheckpointBlocks> model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  const double first = trainer.step(tiny::batch()).loss;
  for (int i = 0; i < 8; ++i) trainer.step(tiny::batch());
  BOOST_TEST(trainer.step(tiny::batch()).loss < first);
}

// Adapters one behind the other are folders of their own, and what one trained stands behind another.
BOOST_AUTO_TEST_CASE(stack) {
  using First = PfeifferAdapter<4, Swish, Named<"a">>;  // smooth, for differences
  using Second = HoulsbyAdapter<4, Named<"b">>;
  Llama<Config, Methods<First, Second>, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, "");
  const double loss = holding::loss_of(model);
  const auto folder = std::filesystem::temp_directory_path() / ("graft-stack-" + std::to_string(::getpid()));
  BOOST_CHECK_THROW(save_adapter(model, folder), Error);
  for (const char* name : {"a", "b"}) save_hub_adapter(model, folder / name, "", name);
  Llama<Config, Methods<First, Second>, reference> other;
  tiny::fill(other);
  decltype(other)::visit(other, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) p.assign(std::vector<float>(p.size, 0.37F));
  });
  BOOST_TEST(std::abs(holding::loss_of(other) - loss) > 1e-6);
  for (const char* name : {"a", "b"}) load_adapter(other, folder / name);
  BOOST_TEST(holding::loss_of(other) == loss);

  // One of them alone, and one that a fusion takes in.
  Llama<Config, First, reference> alone;
  tiny::fill(alone);
  load_adapter(alone, folder / "a");
  Llama<Config, Fuse<First, PfeifferAdapter<4, Swish, Named<"c">>>, reference> fused;
  tiny::fill(fused);
  load_adapter(fused, folder / "a");
  BOOST_CHECK_EXCEPTION(load_adapter(fused, folder / "b"), Error, [](const Error& e) {
    return std::string(e.what()).find("no adapter named b") != std::string::npos;
  });
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()
