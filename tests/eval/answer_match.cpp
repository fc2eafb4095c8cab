#include <graft/eval/answer_match.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(eval_answer_match)

// By hand, from the rules of SQuAD's script.
BOOST_AUTO_TEST_CASE(matches) {
  const auto of = [](const std::string& given, const std::vector<std::string>& right) {
    return answer_match(given, right);
  };
  BOOST_TEST(of("The Normans.", {"normans"}).exact == 1);
  BOOST_TEST(of("in the 10th century", {"10th century"}).exact == 0);
  BOOST_TEST(of("in the 10th century", {"10th century"}).f1 == 2 * 2.0 / 5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(of("state-of-the-art", {"stateoftheart"}).exact == 1);  // punctuation joins
  BOOST_TEST(of("France", {"Paris", "france"}).f1 == 1);             // the best of several
  BOOST_TEST(of("a a b", {"b a a b b"}).f1 == 2 * 1.0 / 4, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(of("", {}).exact == 1);
  BOOST_TEST(of("Paris", {}).f1 == 0);
  BOOST_TEST(of("", {"Paris"}).f1 == 0);
  BOOST_TEST(of("Ärger", {"ärger"}).exact == 1);
}

BOOST_AUTO_TEST_SUITE_END()
