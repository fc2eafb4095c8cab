#include <graft/runtime/engine_of.hpp>

#include "checkpoints/base/tiny_files.hpp"
#include "error.hpp"
#include "folder.hpp"
#include "tiny.hpp"
#include "train/examples.hpp"

#include <graft/checkpoints/base/config_json.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

namespace {

using Model = Llama<tiny::Config, LoRA<2>, reference>;

/// A base of tiny::Config in files.
struct Base : Folder {
  Base() : Folder("graft-engine-of") {
    write_json(path / "config.json", tiny::config_json());
    Llama<tiny::Config, FrozenBase, reference> model;
    tiny::fill(model);
    write_safetensors(path / "model.safetensors", tiny::tensors_of(model));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_engine_of)

BOOST_AUTO_TEST_CASE(what_the_type_says) {
  const EngineOf<Model> engine("LoRA<2>", start_training<Model>);
  BOOST_TEST(engine.method() == std::string("LoRA<2>"));
  BOOST_TEST((engine.kind() == ExampleKind::next_token));
  BOOST_TEST(engine.trainable_parameters() == Model::trainable_parameters);
  BOOST_TEST(engine.parameters() == Model::parameters);
  BOOST_TEST(engine.classes() == 0U);
  const Base base;
  auto stated = stated_config(base.path);
  BOOST_TEST(EngineOf<Model>::fits(stated));
  stated.blocks = 4;
  BOOST_TEST(!EngineOf<Model>::fits(stated));
}

BOOST_AUTO_TEST_CASE(before_a_model_is_there) {
  EngineOf<Model> engine("LoRA<2>", start_training<Model>);
  BOOST_TEST(error_of([&] { engine.train({}); }).find("the engine has no model yet") == 0U);
  BOOST_TEST(error_of([&] { engine.save_adapter("nowhere", "base"); }).find("the engine has no model yet") == 0U);
  BOOST_TEST(engine.plan(10, 1, 10).trainable == 4 * Model::trainable_parameters);  // follows from the type
}

BOOST_AUTO_TEST_CASE(trains_saves_and_begins_anew) {
  const Base base;
  const auto examples = tiny::examples(4);
  EngineOf<Model> engine("LoRA<2>", start_training<Model>);
  engine.load(base.path, 3, {});
  Model same = load<Model>(base.path, 3);
  const auto passes = passes_of(examples, 512);
  Workspace<reference> workspace;
  const double before = engine.loss(examples, 512).mean();
  BOOST_TEST(before == held_out_loss(same, std::span<const Batch>(passes), workspace).mean());

  RunOptions options;
  options.optimizer.learning_rate = 1e-2F;
  const auto training = engine.train(options);
  for (int i = 0; i < 3; ++i) training->step(examples);
  const double after = engine.loss(examples, 512).mean();
  BOOST_TEST(after < before);
  std::filesystem::create_directories(base.path / "adapter");
  engine.save_adapter(base.path / "adapter", "base");
  engine.load(base.path, 3, {});
  BOOST_TEST(engine.loss(examples, 512).mean() == before);
  engine.load_adapter(base.path / "adapter");
  BOOST_TEST(engine.loss(examples, 512).mean() == after);
}

BOOST_AUTO_TEST_CASE(writes) {
  const Base base;
  EngineOf<Model> engine("LoRA<2>", start_training<Model>);
  engine.load(base.path, 3, {});
  const GenerateOptions options{.max_new_tokens = 4};
  std::vector<Id> heard;
  const auto alone = engine.write({{1, 2, 3}}, options, [&](Id id) { heard.push_back(id); });
  BOOST_TEST(alone[0].size() == 4U);
  BOOST_TEST(heard == alone[0], boost::test_tools::per_element());
  const auto together = engine.write({{1, 2, 3}, {7, 8}}, options);
  BOOST_TEST(together[0] == alone[0], boost::test_tools::per_element());
  BOOST_TEST(together[1].size() == 4U);
}

BOOST_AUTO_TEST_CASE(what_this_model_does_not_do) {
  const Base base;
  EngineOf<Model> engine("LoRA<2>", start_training<Model>);
  engine.load(base.path, 3, {});
  BOOST_TEST(error_of([&] { engine.start_prompt_from({1}); }).find("--prompt-text: LoRA<2> has no rows") == 0U);
  BOOST_TEST(error_of([&] { engine.embed({{1}}); }).find("embed: the model is no encoder") == 0U);
  BOOST_TEST(engine.logits(tiny::examples(1)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
