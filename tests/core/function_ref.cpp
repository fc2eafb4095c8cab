#include <graft/core/function_ref.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_function_ref)

int twice(FunctionRef<int(int)> f) { return f(f(3)); }

BOOST_AUTO_TEST_CASE(calls_what_it_refers_to) {
  int calls = 0, factor = 2;
  const auto scale = [&](int x) {
    ++calls;
    return factor * x;
  };
  BOOST_TEST(twice(scale) == 12);
  const FunctionRef<int(int)> kept(scale), copy(kept);  // refers to the lambda, not to `kept`
  factor = 10;
  BOOST_TEST((copy(1) == 10 && calls == 3));
}

BOOST_AUTO_TEST_CASE(references_are_handed_on) {
  std::string text = "a";
  const auto more = [](std::string& t, const std::string& by) -> std::string& { return t += by; };
  const FunctionRef<std::string&(std::string&, const std::string&)> append(more);
  append(text, "b") += "c";
  BOOST_TEST(text == "abc");
}

BOOST_AUTO_TEST_SUITE_END()
