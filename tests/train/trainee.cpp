#include <graft/train/trainee.hpp>

#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_trainee)

using Layer = LowRank<LoRA<2>, Frozen<Linear<reference, 6, 4>>>;
using Model = Llama<tiny::Config, LoRA<2, On<Query>>, reference>;
using Late = Llama<tiny::Config, LoRA<2, Blocks<2, 3>>, reference>;

static_assert(WholeModel<Model> && !WholeModel<Layer>);
static_assert(!Trainee<Layer>::has_trunk && Trainee<Late>::has_trunk && !Trainee<Model>::has_trunk);
static_assert(Trainee<Layer>::members == 1 && Trainee<Model>::members == 1 && !Trainee<Model>::activates);

template <class T>
std::vector<std::string> names(T& trained) {
  std::vector<std::string> all;
  Trainee<T>::visit(trained, [&all]<class P>(const Path& path, const P&) {
    if (P::trainable) all.push_back(path.str());
  });
  return all;
}

BOOST_AUTO_TEST_CASE(a_lone_layer) {
  Layer layer;
  const void* found = nullptr;
  Trainee<Layer>::each_layer(layer, [&found](Layer& one) { found = &one; });
  BOOST_TEST(found == &layer);
  BOOST_TEST((names(layer) == std::vector<std::string>{"lora_A.weight", "lora_B.weight"}));
}

BOOST_AUTO_TEST_CASE(a_whole_model) {
  Model model;
  const auto all = names(model);
  BOOST_TEST(all.size() == 6U);
  BOOST_TEST(all.front() == "model.layers.0.self_attn.q_proj.lora_A.weight");
  Index adapted = 0;
  Trainee<Model>::each_layer(model, [&adapted]<class L>(L&) { adapted += offers_of<L>.low_rank ? 1 : 0; });
  BOOST_TEST(adapted == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
