#include <graft/models/parts/headed_transformer.hpp>

#include "models/by_hand.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft/selective/selective.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_headed_transformer)

/// What models with heads see of it.
template <class Family, class C, class M = FrozenBase>
struct Probe : HeadedTransformer<Family, C, M, B> {
  using Base = HeadedTransformer<Family, C, M, B>;
  using Base::behind_trunk, Base::normed;
  void initialize(Initializer initializer) { initialize_layers(*this, initializer); }
};
struct Decoding : by_hand::TwoColumns<LlamaDefaults> {
  static constexpr Index blocks = 2;
};
struct Encoding : by_hand::TwoColumns<BertDefaults> {};

template <class Model>
std::string last_site(const Model& model) {
  std::string last;
  Model::each_site(model, [&last]<class S, class L>(S, const Path& path, const L&) {
    if (!is_absent<L>) last = S::site + (" " + path.str());
  });
  return last;
}
template <class Model>
std::vector<float> normed(const Model& model) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> h{7, 1};
  return download<B>(model.normed(tape, Var<B, 2>{1, tape.numbers(h.data(), 2)}).data, 2);
}

BOOST_AUTO_TEST_CASE(a_decoder_has_a_norm_behind_its_blocks) {
  Probe<LlamaFamily, Decoding> model;
  model.initialize({.key = {1, 0}});
  model.final_norm.weight.assign(std::vector<float>{1, 10});
  close(normed(model), {1.4F, 2});
  BOOST_TEST(last_site(model) == "FinalNorm model.norm");
  BOOST_TEST(model.final_norm.epsilon == Decoding::norm_epsilon);
}
BOOST_AUTO_TEST_CASE(an_encoder_has_none) {
  Probe<BertFamily, Encoding> model;
  model.initialize({.key = {1, 0}});
  close(normed(model), {7, 1});
  BOOST_TEST(last_site(model) == "OutputNorm bert.encoder.layer.0.output.LayerNorm");
}

BOOST_AUTO_TEST_CASE(rows_behind_a_trunk_are_those_of_the_whole) {
  Probe<LlamaFamily, Decoding, LastBlocks<1>> model;
  model.initialize({.key = {1, 0}, .deviation = 0.5F});
  static_assert(decltype(model)::trunk_blocks == 1);
  Batch batch;
  batch.append_text({1, 4, 0});
  const std::vector<Id> rows{2, 0};
  const auto of = [&](bool trunk) {
    return by_hand::read(model, batch, [&](auto& tape, const auto& placed) {
      const Rows<B> some{tape.ids(rows.data(), 2), 2, false};
      return trunk ? model.behind_trunk(tape, placed, model.trunk(tape, placed), some)
                   : model.hidden(tape, placed, some);
    });
  };
  const auto whole = by_hand::hidden(model, batch);
  BOOST_TEST(of(true) == of(false), boost::test_tools::per_element());
  close(of(true), {whole[4], whole[5], whole[0], whole[1]}, 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()
