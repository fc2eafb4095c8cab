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

BOOST_AUTO_TEST_CASE(the_time_of_steps_as_bars) {
  Profile profile;
  Llama<tiny::Config, LoRA<2>, reference> model;
  tiny::fill(model);
  Trainer trainer(model);
  trainer.workspace().profile = &profile;
  trainer.step(tiny::batch());
  trainer.step(tiny::batch());
  const auto whole = report::flame_of(profile.entries(), 2 * profile.seconds());
  BOOST_TEST(std::abs(whole.seconds - 2 * profile.seconds()) < 1e-9);
  double parts = 0, flops = 0;
  for (const auto& direction : whole.parts) parts += direction.seconds;
  BOOST_TEST(std::abs(parts - whole.seconds) < 1e-9);
  for (const auto& e : profile.entries()) flops += static_cast<double>(e.flops);
  BOOST_TEST(flops == static_cast<double>(trainer.workspace().cost().forward + trainer.workspace().cost().backward));
  for (const auto& e : profile.entries()) BOOST_TEST((e.op != "attention" || e.calls == 2 * tiny::Config::blocks), e.op);
  BOOST_TEST(report::flame_picture(whole).find("project") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
