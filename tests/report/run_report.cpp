#include "../tiny.hpp"

#include <graft/report.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(report_run_report)

BOOST_AUTO_TEST_CASE(the_map_shows_what_is_trained) {
  using Model = Llama<tiny::Config, LoRA<2, On<Query>, Blocks<1, 2>>, meta<reference>>;
  const Model model;
  Index trained = 0;
  for (const auto& entry : site_map(model)) {
    BOOST_TEST((entry.trainable > 0) == (entry.site == "Query" && entry.block == 1), entry.path);
    trained += entry.trainable;
  }
  BOOST_TEST(trained == Model::trainable_parameters);
}

BOOST_AUTO_TEST_CASE(pages_escape_what_models_say) {
  RunReport report;
  report.title = "a <b> & c";
  report.parameters = 10;
  report.history.losses = {3, 2, 1};
  report.before = report.after = HeldOutFigures{.loss = 2};
  report.samples.push_back({"<script>", "x", "y", "z"});
  const auto html = report.html();
  BOOST_TEST(html.find("<script>") == std::string::npos);
  BOOST_TEST(html.find("a &lt;b&gt; &amp; c") != std::string::npos);
  BOOST_TEST(html.find("<polyline") != std::string::npos);
  BOOST_TEST(html.find("http") == std::string::npos);  // nothing from outside
  const auto json = report.json();
  BOOST_TEST(json.at("held_out_after").at("loss") == 2.0);
  BOOST_TEST(json.at("losses").size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
