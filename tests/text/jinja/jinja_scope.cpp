#include <graft/text/jinja/jinja_scope.hpp>

#include "error.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using namespace graft::jinja;
using made::error_of;

BOOST_AUTO_TEST_SUITE(text_jinja_jinja_scope)

BOOST_AUTO_TEST_CASE(inner_names_hide_outer_ones) {
  Scope scope({{"a", 1}, {"b", 2}});
  scope.push({{"a", 3}});
  scope.set("b", 4);
  BOOST_TEST(scope.get("a").integer() == 3);
  BOOST_TEST(scope.get("b").integer() == 4);
  scope.pop();
  BOOST_TEST(scope.get("a").integer() == 1);
  BOOST_TEST(scope.get("b").integer() == 2);
  BOOST_TEST(scope.get("c").is_undefined());
}

BOOST_AUTO_TEST_CASE(depth_and_work_are_limited) {
  Scope scope({});
  BOOST_TEST(error_of([&] {
               for (int i = 0; i < 1000; ++i) scope.push();
             }) == "the chat template nests too deeply");
  Scope other({});
  BOOST_TEST(error_of([&] {
               for (int i = 0; i < 20'000'001; ++i) other.work();
             }) == "the chat template does not come to an end");
}

BOOST_AUTO_TEST_CASE(generated_places_are_of_the_text) {
  using Spans = std::vector<std::pair<Index, Index>>;
  Scope scope({});
  scope.rendered.text = "abcd";
  scope.note_generated(scope.rendered.text, 1);
  BOOST_TEST((scope.finished().generated == Spans{{1, 4}}));
  // Nobody knows where a variable ends up.
  Scope other({});
  const std::string variable = "xy";
  other.note_generated(other.rendered.text, 0);
  other.note_generated(variable, 0);
  BOOST_TEST(other.finished().generated.empty());
}

BOOST_AUTO_TEST_CASE(a_body_runs_until_the_flow_turns) {
  Scope scope({});
  const auto writes = [](const char* text, Flow flow) {
    return [text, flow](Scope&, std::string& out) { return out += text, flow; };
  };
  std::string out;
  BOOST_TEST((run({writes("a", Flow::goes_on), writes("b", Flow::continues), writes("c", Flow::goes_on)}, scope, out) ==
              Flow::continues));
  BOOST_TEST(out == "ab");
  BOOST_TEST((run({}, scope, out) == Flow::goes_on));
  out.assign(50'000'001, 'x');
  BOOST_TEST(error_of([&] { run({writes("a", Flow::goes_on)}, scope, out); }) ==
             "the chat template writes without end");
}

BOOST_AUTO_TEST_SUITE_END()
