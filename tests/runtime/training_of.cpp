#include <graft/runtime/training_of.hpp>

#include "error.hpp"
#include "folder.hpp"
#include "tiny.hpp"
#include "train/examples.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(runtime_training_of)

using Model = Llama<tiny::Config, LoRA<2, Blocks<2, 3>>, reference>;
using Frozen = Llama<tiny::Config, FrozenBase, reference>;

template <ExampleKind Kind>
struct OfKind {
  static constexpr bool fills_in = Kind == ExampleKind::fill_in, finds_answers = Kind == ExampleKind::answer,
                        labels_tokens = Kind == ExampleKind::token_class,
                        says_numbers = Kind == ExampleKind::text_number, new_heads = Kind == ExampleKind::text_class;
  struct config {
    static constexpr Index encoder_blocks = Kind == ExampleKind::pair ? 1 : 0;
  };
};

BOOST_AUTO_TEST_CASE(shapes_are_as_each_kind_has_labels) {
  using enum ExampleKind;
  const auto words = pass_shape<OfKind<next_token>>(60, 3, 10);
  BOOST_TEST((words == BatchShape{.tokens = 60, .sequences = 3, .targets = 10}));
  BOOST_TEST((pass_shape<OfKind<fill_in>>(60, 3, 10) == words));
  BOOST_TEST((pass_shape<OfKind<token_class>>(60, 3, 10) == words));
  BOOST_TEST((pass_shape<OfKind<text_class>>(60, 3, 10) == BatchShape{.tokens = 60, .sequences = 3, .targets = 3}));
  BOOST_TEST((pass_shape<OfKind<text_number>>(60, 3, 10) ==
              BatchShape{.tokens = 60, .sequences = 3, .targets = 3, .values = 3}));
  BOOST_TEST(
      (pass_shape<OfKind<answer>>(60, 3, 10) == BatchShape{.tokens = 60, .sequences = 3, .targets = 6, .spans = 6}));
  BOOST_TEST(
      (pass_shape<OfKind<pair>>(60, 3, 10) == BatchShape{.tokens = 60, .sequences = 3, .targets = 10, .source = 60}));
}

BOOST_AUTO_TEST_CASE(passes_hold_so_many_tokens) {
  const auto examples = tiny::examples(6);  // of 7, 8, 9, 7, 8 and 9 tokens
  const auto passes = passes_of(examples, 16);
  Index tokens = 0;
  for (const auto& pass : passes) {
    BOOST_TEST(pass.tokens.size() <= 16U);
    tokens += pass.tokens.size();
  }
  BOOST_TEST(tokens == 48U);
  BOOST_TEST(passes_of(examples, 1000).size() == 1U);
}

BOOST_AUTO_TEST_CASE(steps_are_the_trainers) {
  Model model, same;
  tiny::fill(model);
  tiny::fill(same);
  RunOptions options;
  options.optimizer.learning_rate = 1e-2F;
  options.fit.micro_tokens = 16;  // a step of several passes is one step
  const auto training = start_training(model, options);
  BOOST_TEST(training->learning_rate() == 1e-2F);
  Trainer trainer(same, options.optimizer, options.trainer);
  const auto examples = tiny::examples(4);
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(training->step(examples) == trainer.step(std::span<const Batch>(passes_of(examples, 16))).loss);
  BOOST_TEST(tiny::trained(model) == tiny::trained(same), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_run_says_what_it_took) {
  Model model;
  tiny::fill(model);
  RunOptions options;
  options.optimizer.learning_rate = 1e-2F;
  options.fit.epochs = 2, options.fit.batch = 4, options.fit.progress = false;
  const auto record = start_training(model, options)->fit(tiny::examples(8), [] { return 0.5; });
  BOOST_TEST(record.history.losses.size() == 4U);
  BOOST_TEST(record.history.changed);
  BOOST_TEST(record.history.kept_loss().value() == 0.5);
  BOOST_TEST(record.measured_bytes.value() > record.plan.frozen + record.plan.trainable);
  BOOST_TEST(!record.profile.empty());
}

BOOST_AUTO_TEST_CASE(what_could_not_be_trained) {
  Frozen frozen;
  BOOST_TEST(error_of([&] { start_training(frozen, {}); }) == "Methods<> trains nothing");
  Model model;
  RunOptions options;
  options.trunk_cache = "nowhere";
  BOOST_TEST(error_of([&] {
               start_training(model, options);
             }).find("(or --trunk-cache-memory is 0): there is nothing to keep") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_trunk_yields_is_kept_in_a_file) {
  const Folder folder("graft-training-of");
  Model model;
  tiny::fill(model);
  RunOptions options;
  options.fit.progress = false;
  options.trainer.trunk_cache_bytes = Index{1} << 20U;
  options.trunk_cache = folder.path / "trunk";
  const auto examples = tiny::examples(4);
  const auto first = start_training(model, options)->fit(examples, {}).history.losses;
  BOOST_TEST(std::filesystem::file_size(options.trunk_cache) > 0U);
  tiny::fill(model);
  BOOST_TEST(start_training(model, options)->fit(examples, {}).history.losses == first,
             boost::test_tools::per_element());
  std::filesystem::resize_file(options.trunk_cache, std::filesystem::file_size(options.trunk_cache) - 3);
  BOOST_TEST(!error_of([&] { start_training(model, options); }).empty());  // it is read before the run
}

BOOST_AUTO_TEST_SUITE_END()
