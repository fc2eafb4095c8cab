#include "tiny.hpp"

#include <graft/train/check_optimizer.hpp>
#include <graft/train/optimizers/lora_fa.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_optimizers_lora_fa)

BOOST_AUTO_TEST_CASE(does_what_an_optimizer_must) {
  BOOST_TEST(check_optimizer(LoraFA{{.learning_rate = 1e-2F}}).empty());
}

// dB ← dB (A Aᵀ)⁻¹ / s², and A stays.
BOOST_AUTO_TEST_CASE(lora_fa) {
  Llama<tiny::Config, LoRA<3, On<Query>, Alpha<6>>, reference> model;
  tiny::fill(model);
  Trainer trainer(model, LoraFA{{.learning_rate = 1e-2F}});
  auto& layer = std::get<0>(model.blocks).blocks[0].query;
  const auto a = layer.a.read();
  trainer.gradient(tiny::batch(), 0.1F);
  const auto raw = download<reference>(layer.b.gradient(), layer.b.size);
  trainer.optimizer().precondition(model, reference{});
  const auto made = download<reference>(layer.b.gradient(), layer.b.size);
  for (Index o = 0; o < layer.out; ++o)
    for (Index r = 0; r < 3; ++r) {
      double back = 0;
      for (Index k = 0; k < 3; ++k)
        for (Index i = 0; i < layer.in; ++i)
          back += 4.0 * static_cast<double>(made[o * 3 + k] * a[k * layer.in + i] * a[r * layer.in + i]);
      BOOST_TEST(std::abs(back - static_cast<double>(raw[o * 3 + r])) < 1e-5);
    }
  trainer.clear_gradients();
  const double first = trainer.step(tiny::batch()).loss;
  double last = first;
  for (int i = 0; i < 10; ++i) last = trainer.step(tiny::batch()).loss;
  BOOST_TEST(last < first);
  BOOST_TEST(layer.a.read() == a, boost::test_tools::per_element());
}

// A lone layer is preconditioned as one of a model.
BOOST_AUTO_TEST_CASE(a_lone_layer) {
  LowRank<LoRA<2>, Frozen<Linear<reference, 6, 4>>> layer;
  Initializer initializer{.key = {1, 0}, .deviation = 0.3F};
  layer.initialize(initializer);
  const auto a = layer.a.read(), b = layer.b.read();
  Trainer trainer(layer, LoraFA{{.learning_rate = 1e-2F}});
  Tape<reference> tape(trainer.workspace());
  const std::vector<float> x(18, 0.5F), dy(12, 1.0F);
  tape.backward(layer(tape, Var<reference, 6>{3, tape.numbers(x.data(), x.size())}), dy);
  trainer.apply();
  BOOST_TEST(layer.a.read() == a, boost::test_tools::per_element());
  BOOST_TEST(layer.b.read() != b);
}

BOOST_AUTO_TEST_SUITE_END()
