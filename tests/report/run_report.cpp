#include "tiny.hpp"

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
  const auto json = report.result();
  BOOST_TEST(json.at("held_out_after").at("loss") == 2.0);
  BOOST_TEST(json.at("losses").size() == 3U);
}

BOOST_AUTO_TEST_CASE(what_was_not_measured_is_absent) {
  RunReport report;
  report.parameters = 10;
  report.history.losses = {3};
  const auto keys = [](const Json& json) {
    std::string all;
    for (const auto& [key, value] : json.items()) all += key + " ";
    return all;
  };
  BOOST_TEST(keys(report.result()) == "kept_step losses method model parameters steps tokens trainable_parameters ");
  BOOST_TEST(keys(report.cost()) == "kernels machine ");
  BOOST_TEST(report.html().find("0.0 MB") == std::string::npos);
  BOOST_TEST(report.html().find("tokens/s") == std::string::npos);
  BOOST_TEST(report.html().find("0.0 s") == std::string::npos);

  report.before = HeldOutFigures{.loss = 2};
  // measured, and 0
  report.after = HeldOutFigures{.loss = 1, .others = {{"rouge1", "ROUGE-1", 0.0}, {"rouge2", "ROUGE-2", 0.5}}};
  report.history.evaluations = {{1, 1.0}};
  report.history.kept_ranks = 0;
  report.adapter_bytes = 0;
  report.base_bytes = 5;
  BOOST_TEST(keys(report.result()) ==
             "adapter_bytes base_file_bytes evaluations held_out_after held_out_before kept_ranks kept_step losses "
             "method model parameters steps tokens trainable_parameters ");
  BOOST_TEST(keys(report.result().at("held_out_before")) == "loss ");
  BOOST_TEST(keys(report.result().at("held_out_after")) == "loss rouge1 rouge2 ");
  BOOST_TEST(report.html().find("ROUGE") == std::string::npos);  // there is nothing to compare with

  report.history.seconds = 2;
  report.history.timed_tokens = 100;
  report.train_seconds = report.total_seconds = report.load_seconds = 1.5;
  report.peak_resident_bytes = report.measured_bytes = 7;
  report.plan.emplace().frozen = 1;
  BOOST_TEST(
      keys(report.cost()) ==
      "kernels load_seconds machine measured_bytes peak_resident_bytes planned_bytes tokens_per_second total_seconds "
      "train_seconds ");
  BOOST_TEST(report.cost().at("tokens_per_second") == 50.0);
  report.history.resumed_at = 1;
  BOOST_TEST(report.cost().at("resumed_at_step") == 1);
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
  for (const auto& e : profile.entries())
    BOOST_TEST((e.op != "attention" || e.calls == 2 * tiny::Config::blocks), e.op);
  BOOST_TEST(report::flame_picture(whole).find("project") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
