#include <graft/eval/test_set.hpp>
#include <graft/text/tokenizers/splitter.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(eval_test_set)

/// A model that says what it is told to.
struct Parrot {
  ExampleKind is;
  std::vector<std::vector<float>> scores{};
  std::vector<std::vector<Id>> texts{};
  Index asked = 0;

  [[nodiscard]] ExampleKind kind() const { return is; }
  [[nodiscard]] Index classes() const { return 2; }
  std::vector<std::vector<float>> logits(const std::vector<Example>&) const { return scores; }
  std::vector<std::vector<Id>> write(const std::vector<std::vector<Id>>& prompts, const GenerateOptions&) {
    asked = prompts.size();
    return {texts.begin(), texts.begin() + static_cast<std::ptrdiff_t>(prompts.size())};
  }
};
static_assert(Asked<Parrot>);
static_assert(!Asked<int>);

const Tokenizer letters(byte_level_parts({"a", "b", "c", "d", "e"}, {}, {}, {splitter::gpt2_pattern}));
Row row(OrderedJson json) { return {std::move(json), "a row"}; }
double figure(const Measured& m, std::string_view key) {
  for (const auto& one : m.figures.others)
    if (one.key == key) return one.value;
  return -1;
}

BOOST_AUTO_TEST_CASE(writers_are_judged_by_rouge) {
  const Formatter formatter{.tokenizer = letters};
  const std::vector<Row> rows{row({{"prompt", "a"}, {"completion", "bcd"}}),
                              row({{"prompt", "b"}, {"completion", "e"}}), row({{"prompt", "c"}, {"completion", "e"}})};
  const auto examples = formatter.examples(rows, "test");
  Parrot parrot{.is = ExampleKind::next_token,
                .texts = {letters.encode("bcd"), letters.encode("d"), letters.encode("e")}};
  const auto two = measure(parrot, {formatter, examples, rows, 2, 8}, 1.5);
  BOOST_TEST(two.figures.loss == 1.5);
  BOOST_TEST(parrot.asked == 2U);
  BOOST_TEST(figure(two, "rouge1") == 0.5);
  BOOST_TEST((two.answers == std::vector<std::string>{"bcd", "d"}));
  BOOST_TEST(measure(parrot, {formatter, examples, rows, 0, 8}, 1.5).figures.others.empty());
}

BOOST_AUTO_TEST_CASE(heads_are_judged_by_what_they_say) {
  const Formatter formatter{.tokenizer = letters};
  std::vector<Example> examples(2);
  examples[0].labels = {1};
  examples[1].labels = {0};
  examples[0].number = 1;
  examples[1].number = 3;
  const std::vector<Row> rows(2);
  Parrot classes{.is = ExampleKind::text_class, .scores = {{0, 1}, {0, 1}}};
  const auto of_classes = measure(classes, {formatter, examples, rows}, 0.5);
  BOOST_TEST(figure(of_classes, "accuracy") == 0.5);
  BOOST_TEST(of_classes.figures.loss_name == std::string("loss"));
  Parrot numbers{.is = ExampleKind::text_number, .scores = {{2}, {5}}};
  const auto of_numbers = measure(numbers, {formatter, examples, rows}, 0.5);
  BOOST_TEST(figure(of_numbers, "mean_squared_error") == 2.5);
  BOOST_TEST(figure(of_numbers, "pearson") == 1, boost::test_tools::tolerance(1e-12));
  Parrot masked{.is = ExampleKind::fill_in};
  BOOST_TEST(measure(masked, {formatter, examples, rows}, 0.5).figures.others.empty());
}

BOOST_AUTO_TEST_SUITE_END()
