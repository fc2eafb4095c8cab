#include <graft/eval/accuracy.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

using namespace graft;

BOOST_AUTO_TEST_SUITE(eval_accuracy)

BOOST_AUTO_TEST_CASE(of_texts_and_of_tokens) {
  const std::vector<std::vector<float>> scores{{0, 2, 1}, {3, 3, 1}, {0, 0, 1}};
  std::vector<Example> examples(3);
  examples[0].labels = {1};
  examples[1].labels = {1};  // of equal scores the first is said
  examples[2].labels = {2};
  BOOST_TEST(accuracy(scores, examples, 3) == 2.0 / 3);

  const std::vector<std::vector<float>> tokens{{1, 0, 0, 1, 1, 0}};
  std::vector<Example> tagged(1);
  tagged[0].labels = {0, -1, 1};  // the second has none
  BOOST_TEST(accuracy(tokens, tagged, 2) == 0.5);
  tagged[0].labels = {-1, -1, -1};
  BOOST_TEST(std::isnan(accuracy(tokens, tagged, 2)));
}

BOOST_AUTO_TEST_SUITE_END()
