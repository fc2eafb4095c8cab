// Whole models against finite differences, for each kind of method.
#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_families_llama_llama_block)

template <class Model>
double check(Index wanted_parameters) {
  using B = typename Model::backend;
  static Model model;
  tiny::fill(model);
  const Batch batch = tiny::batch();
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto loss = model.loss(tape, place(tape, batch));
  const double value = static_cast<double>(loss.data[0]);
  BOOST_TEST(value == tiny::loss(model, batch), boost::test_tools::tolerance(1e-6));
  tape.backward(loss);
  std::vector<Watched<B>> watched;
  Model::visit(model, [&](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable)
      watched.push_back({p.value(), p.size, download<B>(p.gradient(), p.size)});
  });
  const auto report = check_gradients<B>(watched, [&] { return static_cast<float>(tiny::loss(model, batch)); });
  BOOST_TEST(report.worst < 2e-2);
  BOOST_TEST(report.checked == wanted_parameters);
  BOOST_TEST(report.checked == Model::trainable_parameters);
  return value;
}

using tiny::Config, tiny::TiedConfig;
BOOST_AUTO_TEST_CASE(lora) {
  const double plain = check<Llama<Config, LoRA<2>, reference>>(3 * 2 * (4 * 16 + 2 * (16 + 8) + 3 * (16 + 24)));
  const double checkpointed =
      check<Llama<Config, LoRA<2>, reference, CheckpointBlocks>>(3 * 2 * (4 * 16 + 2 * (16 + 8) + 3 * (16 + 24)));
  BOOST_TEST(plain == checkpointed);
}
BOOST_AUTO_TEST_CASE(mixed) {
  check<Llama<Config, Methods<LoRA<2, On<Query>, Blocks<1, 2>>, Unfreeze<Norms>>, reference>>(2 * 32 + 7 * 16);
  check<Llama<TiedConfig, Methods<LoRA<1, On<Value>>, Unfreeze<Head>>, reference>>(3 * 24 + 50 * 16);
}
BOOST_AUTO_TEST_CASE(selective) {
  check<Llama<Config, BitFit, reference, Bf16, Activations<F32>>>(3 * 32);
  check<Llama<TiedConfig, LastBlocks<1>, reference>>(2 * 16 + 16 * 16 * 2 + 2 * 8 * 16 + 32 + 3 * 16 * 24);
}
BOOST_AUTO_TEST_CASE(full) {
  check<Llama<TiedConfig, FullFineTuning, reference>>(Llama<TiedConfig, FullFineTuning, reference>::parameters);
}

BOOST_AUTO_TEST_CASE(packing_does_not_mix_sequences) {
  using Model = Llama<Config, FrozenBase, reference>;
  static Model model;
  tiny::fill(model);
  Batch first, second;
  first.append({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  second.append({7, 8, 9, 11}, {-1, -1, 9, 11});
  BOOST_TEST(tiny::loss(model, tiny::batch()) == tiny::loss(model, first) + tiny::loss(model, second),
             boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_SUITE_END()
