#include <graft/report/flame.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using report::flame_of, report::flame_picture;

BOOST_AUTO_TEST_SUITE(report_flame)

/// 1.5 seconds forward, 2 backward.
std::vector<Profile::Entry> entries() {
  return {{.op = "attention", .backward = false, .n = 4, .k = 8, .flops = 3'000'000'000, .seconds = 1},
          {.op = "norm", .backward = false, .n = 4, .k = 0, .flops = 0, .seconds = 0.5},
          {.op = "attention", .backward = true, .n = 0, .k = 0, .flops = 0, .seconds = 2}};
}

BOOST_AUTO_TEST_CASE(bars) {
  auto whole = flame_of(entries(), 5);
  BOOST_TEST(whole.seconds == 5.0);
  BOOST_TEST(whole.flops == 3e9);
  BOOST_TEST(whole.part("optimizer and packing").seconds == 1.5);
  BOOST_TEST(whole.part("backward").seconds == 2.0);
  auto& forward = whole.part("forward");
  BOOST_TEST(forward.seconds == 1.5);
  BOOST_TEST(forward.part("norm").parts.empty());
  BOOST_TEST(forward.part("attention").part("to 4 over 8").seconds == 1.0);
  BOOST_TEST(forward.parts.size() == 2U);
  // Kernels of several threads may take more time than passes.
  BOOST_TEST(flame_of(entries(), 1).seconds == 3.5);
}

BOOST_AUTO_TEST_CASE(the_picture) {
  const auto svg = flame_picture(flame_of(entries(), 5));
  const auto at = [&svg](const char* text) {
    BOOST_TEST(svg.find(text) != std::string::npos, text << " in " << svg);
    return svg.find(text);
  };
  at("<title>training steps: 5.00 s, 100.0 %");
  at("width=\"719.0\"");  // with a gap behind it
  at("<title>to 4 over 8: 1.00 s, 20.0 %, 3 GFLOP/s</title>");
  // The longer first, each where the one before ends.
  BOOST_TEST(at("<title>backward: ") < at("<title>forward: "));
  at("<title>backward: 2.00 s, 40.0 %</title><rect x=\"0.0\" y=\"24\" width=\"287.0\"");
  BOOST_TEST(svg.starts_with("<svg "));
  BOOST_TEST(svg.ends_with("</svg>"));
}

BOOST_AUTO_TEST_CASE(what_is_too_narrow_is_left_out) {
  auto all = entries();
  all.push_back({.op = "tiny", .backward = false, .n = 0, .k = 0, .seconds = 1e-4});
  BOOST_TEST(flame_picture(flame_of(all, 5)).find("tiny") == std::string::npos);
  BOOST_TEST(flame_picture(flame_of({}, 0)) == "");
}

BOOST_AUTO_TEST_SUITE_END()
