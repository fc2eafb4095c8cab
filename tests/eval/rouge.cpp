#include <graft/eval/perplexity.hpp>
#include <graft/eval/rouge.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(eval_rouge)

BOOST_AUTO_TEST_CASE(the_course_example) {
  const auto r = rouge("It is very cold outside.", "It is cold outside.");
  BOOST_TEST(r.one.precision == 0.8, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(r.one.recall == 1.0);
  BOOST_TEST(r.two.f == 4.0 / 7.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(r.l.f == 8.0 / 9.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(edges) {
  BOOST_TEST(rouge("", "a b").l.f == 0.0);
  BOOST_TEST(rouge("!!!", "...").one.f == 0.0);
  BOOST_TEST(rouge("café", "caf").one.f == 1.0);
  BOOST_TEST(rouge("İx K", "i x k").one.f == 1.0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(eval_porter)

BOOST_AUTO_TEST_CASE(stems) {
  PorterStemmer stem;
  for (const auto& [word, wanted] : std::vector<std::pair<std::string, std::string>>{{"running", "run"},
                                                                                     {"flies", "fli"},
                                                                                     {"dying", "die"},
                                                                                     {"happily", "happili"},
                                                                                     {"universally", "univers"},
                                                                                     {"relational", "relat"},
                                                                                     {"hopefully", "hope"}})
    BOOST_TEST(stem(word) == wanted);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(eval_perplexity)

BOOST_AUTO_TEST_CASE(perplexity) {
  const HeldOutLoss loss{.sum = 6, .targets = 3};
  BOOST_TEST(loss.perplexity() == std::exp(2.0), boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_SUITE_END()
