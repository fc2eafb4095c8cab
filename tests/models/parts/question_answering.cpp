#include <graft/models/parts/question_answering.hpp>

#include "models/by_hand.hpp"
#include "tiny.hpp"
#include "slope.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/parts/admitted.hpp>

using namespace graft;
using B = reference;
using by_hand::close;

BOOST_AUTO_TEST_SUITE(models_parts_question_answering)

using Encoding = by_hand::SixteenColumns<BertDefaults>;
struct Small : by_hand::TwoColumns<LlamaDefaults> {};
struct SmallMistral : Small {
  static constexpr Index window = 3;
};
using Method = Methods<LoRA<2, On<Query, Value>>, Unfreeze<Head>>;

BOOST_AUTO_TEST_CASE(gradients_by_differences) {
  Batch answers;
  answers.append_answer({1, 7, 3, 4}, 1, 2);
  answers.append_padding({0, 0});
  answers.append_answer({9, 8, 5}, 0, 0);
  LlamaQuestionAnswering<tiny::Config, Method, B> decoder;
  BertQuestionAnswering<Encoding, Method, B> encoder;
  tiny::fill(decoder), tiny::fill(encoder);
  check_slope(decoder, answers);
  check_slope(encoder, answers);
}

template <class Model>
std::vector<float> logits_of(const Model& model, const Batch& given) {
  return by_hand::read(model, Model::prepared(given),
                       [&](auto& tape, const auto& placed) { return model.logits(tape, model.hidden(tape, placed)); });
}

BOOST_AUTO_TEST_CASE(padding_sees_a_text_and_is_not_seen) {
  const auto same = []<class Model>(const Model&) {
    Model model;
    tiny::fill(model);
    Batch plain, padded;
    plain.append_answer({1, 7, 3}, 0, 1);
    padded.append_answer({1, 7, 3}, 0, 1);
    padded.append_padding({0, 0, 0});
    const auto of_plain = logits_of(model, plain), of_padded = logits_of(model, padded);
    BOOST_TEST(std::vector<float>(of_padded.begin(), of_padded.begin() + 6) == of_plain);
    // places are sought there, too
    BOOST_TEST(tiny::loss(model, Model::prepared(padded)) > tiny::loss(model, Model::prepared(plain)));
  };
  same(LlamaQuestionAnswering<tiny::Config, Method, B>{});
  same(BertQuestionAnswering<Encoding, Method, B>{});
}

// Each place against those of its own text: the head reads (1, −1), (7, 1) / 5 and (1, 1); the other text has one row.
BOOST_AUTO_TEST_CASE(places_by_hand) {
  LlamaQuestionAnswering<Small, FrozenBase, B> model;
  by_hand::still(model);
  model.head.weight.assign(std::vector<float>{1, 0, 0, 2});
  model.head.bias.assign(std::vector<float>{0.5F, 0});
  Batch batch;
  batch.append_answer({1, 4, 0}, 1, 2);
  batch.append_answer({3}, 0, 0);  // the only place there is: no loss
  close(logits_of(model, batch), {1.5F, -2, 1.9F, 0.4F, 1.5F, 2, -0.5F, -2});
  const double wanted = by_hand::cross_entropy_of({1.5, 1.9, 1.5}, 1) + by_hand::cross_entropy_of({-2, 0.4, 2}, 2);
  BOOST_TEST(std::abs(static_cast<double>(by_hand::loss(model, batch)) - wanted) < 1e-5);
}

// Hugging Face has the blocks of some models that answer questions under another name.
BOOST_AUTO_TEST_CASE(names) {
  const auto name = []<class Model>(const Model& model) {
    std::string first;
    Model::visit(model, [&first](const Path& path, const auto&) { first = first.empty() ? path.str() : first; });
    return first;
  };
  BOOST_TEST(name(LlamaQuestionAnswering<Small, FrozenBase, B>()) == "transformer.embed_tokens.weight");
  BOOST_TEST(name(LlamaQuestionAnswering<SmallMistral, FrozenBase, B>()) == "model.embed_tokens.weight");
  BOOST_TEST((LlamaQuestionAnswering<Small, FrozenBase, B>::embedding_name()) == "transformer.embed_tokens.weight");
  BOOST_TEST((BertQuestionAnswering<Encoding, FrozenBase, B>::blocks_name()) == "bert.encoder.layer.");
}

BOOST_AUTO_TEST_CASE(what_is_no_batch_of_the_model_is_refused) {
  Batch classes, answers;
  classes.append_class({1, 7}, 1);
  answers.append_answer({1, 7}, 0, 1);
  using Seeks = LlamaQuestionAnswering<tiny::Config, Method, B>;
  BOOST_CHECK_NO_THROW(check(answers, batch_limits<Seeks>()));
  BOOST_CHECK_THROW(check(classes, batch_limits<Seeks>()), Error);
  answers.rows[1] = 2;
  BOOST_CHECK_THROW(check(answers, batch_limits<Seeks>()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
