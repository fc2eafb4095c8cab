#include "tiny.hpp"

#include <graft/serve/generate.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(serve_writer)

using Model = Llama<tiny::Config, LoRA<2>, reference>;

// Every way to ask says which it is.
BOOST_AUTO_TEST_CASE(one_prompt_or_many) {
  Model model;
  tiny::fill(model);
  Generator generator(model, 32, 2);
  const std::vector<Id> one = generator({1}, {.max_new_tokens = 7});
  BOOST_TEST(one.size() == 7U);
  const std::vector<Id> two = generator({1, 2}, {.max_new_tokens = 7});
  const std::vector<std::vector<Id>> listed = generator({{1}, {1, 2}}, {.max_new_tokens = 7});
  BOOST_REQUIRE(listed.size() == 2U);
  BOOST_TEST(listed[0] == one, boost::test_tools::per_element());
  BOOST_TEST(listed[1] == two, boost::test_tools::per_element());
  std::vector<Id> streamed;
  generator({1}, {.max_new_tokens = 7}, [&](Id id) { streamed.push_back(id); });
  BOOST_TEST(streamed == one, boost::test_tools::per_element());
  Generator other(model, 32, 2);
  const auto single = other.next({1}), both = other.next({{0, {2}}, {1, {1}}});
  BOOST_TEST(std::vector<float>(both.begin() + tiny::Config::vocabulary, both.end()) == single,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
