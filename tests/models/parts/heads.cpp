// Models that say something of texts, of their tokens, and where in them an answer stands: encoders and decoders.
#include "peft/holds.hpp"

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(models_heads)

struct Classes : tiny::Config {
  static constexpr Index classes = 3;
  static constexpr std::ptrdiff_t pad = 2;
};
struct Reward : tiny::Config {
  static constexpr Index classes = 1;
};
struct Encoding : BertDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 4, head_width = 4,
                         feed_forward = 24, positions = 16, classes = 5;
};
using Method = Methods<LoRA<2, On<Query, Value>>, Unfreeze<Head>>;

template <class Model>
void check_gradients(const Batch& batch) {
  Model model;
  tiny::fill(model);
  holding::check_gradient(model, "", batch);
}

BOOST_AUTO_TEST_CASE(gradients_by_differences) {
  Batch classes, numbers, tokens, answers;
  classes.append_class({1, 7, 3, 4}, 2);
  classes.append_class({9, 8}, 0);
  numbers.append_number({1, 7, 3, 4}, 0.5F);
  numbers.append_number({9, 8}, -2);
  tokens.append_labelled({1, 7, 3, 4}, {-1, 2, 0, -1});
  tokens.append_labelled({9, 8}, {1, 1});
  answers.append_answer({1, 7, 3, 4}, 1, 2);
  answers.append_padding({0, 0});
  answers.append_answer({9, 8, 5}, 0, 0);
  check_gradients<LlamaClassifier<Classes, Method, reference>>(classes);
  check_gradients<LlamaClassifier<Reward, Method, reference>>(numbers);
  check_gradients<LlamaTokenClassifier<Classes, Method, reference>>(tokens);
  check_gradients<LlamaQuestionAnswering<Classes, Method, reference>>(answers);
  check_gradients<BertTokenClassifier<Encoding, Method, reference>>(tokens);
  check_gradients<BertQuestionAnswering<Encoding, Method, reference>>(answers);
}

template <class Model>
std::vector<float> logits_of(const Model& model, const Batch& given) {
  Workspace<reference> workspace;
  Inference<reference> tape(workspace);
  const Batch batch = Model::prepared(given);
  const auto placed = place(tape, batch);
  const auto z = [&] {
    if constexpr (requires { model.logits(tape, placed); }) return model.logits(tape, placed);
    else return model.logits(tape, model.hidden(tape, placed));
  }();
  return download<reference>(z.data, z.size());
}

BOOST_AUTO_TEST_CASE(a_decoder_says_of_a_text_what_its_last_token_yields) {
  LlamaClassifier<Classes, Method, reference> model;
  tiny::fill(model);
  Batch plain, padded, other;
  plain.append_class({1, 7, 3}, 0);
  padded.append_class({1, 7, 3, 2, 2}, 0);
  other.append_class({1, 7, 3, 4}, 0);
  BOOST_TEST(logits_of(model, padded) == logits_of(model, plain));
  BOOST_TEST(logits_of(model, other) != logits_of(model, plain));
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
  same(LlamaQuestionAnswering<Classes, Method, reference>{});
  same(BertQuestionAnswering<Encoding, Method, reference>{});
}

BOOST_AUTO_TEST_CASE(what_is_no_batch_of_the_model_is_refused) {
  Batch classes, numbers, answers, broken;
  classes.append_class({1, 7}, 1);
  numbers.append_number({1, 7}, 1);
  answers.append_answer({1, 7}, 0, 1);
  broken.append_number({1, 7}, std::numeric_limits<float>::quiet_NaN());
  using Says = LlamaClassifier<Reward, Method, reference>;
  BOOST_CHECK_NO_THROW(check(numbers, batch_limits<Says>()));
  BOOST_CHECK_THROW(check(classes, batch_limits<Says>()), Error);
  BOOST_CHECK_THROW(check(broken, batch_limits<Says>()), Error);
  using Seeks = LlamaQuestionAnswering<Classes, Method, reference>;
  BOOST_CHECK_NO_THROW(check(answers, batch_limits<Seeks>()));
  BOOST_CHECK_THROW(check(classes, batch_limits<Seeks>()), Error);
  BOOST_CHECK_THROW(check(answers, batch_limits<Says>()), Error);
  answers.rows[1] = 2;
  BOOST_CHECK_THROW(check(answers, batch_limits<Seeks>()), Error);
}

BOOST_AUTO_TEST_SUITE_END()
