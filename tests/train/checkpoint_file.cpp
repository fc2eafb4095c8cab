#include <graft/train/checkpoint_file.hpp>

#include "error.hpp"
#include "folder.hpp"
#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(train_checkpoint_file)

using Plain = Llama<tiny::Config, LoRA<2>, reference>;

BOOST_AUTO_TEST_CASE(numbers_as_text) {
  BOOST_TEST(noted(0.1F) == "0.1");
  BOOST_TEST(noted(0.1) == "0.1");
  BOOST_TEST(noted(static_cast<double>(0.1F)) == "0.10000000149011612");
  BOOST_TEST(noted(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(noted(std::vector<double>{1.5, 0.1}) == "1.5 0.1 ");
  BOOST_TEST(noted(std::vector<double>{}).empty());
}

BOOST_AUTO_TEST_CASE(what_a_caller_keeps) {
  const Folder folder("graft-checkpoint");
  const auto path = folder.path / "run.safetensors";
  write_safetensors(path, {{"best", {2}, {3, 4}}},
                    {{"step", "18446744073709551615"},
                     {"losses", "1.5 0.1 "},
                     {"none", ""},
                     {"broken", "1.5 x"},
                     {"cut", "1.5"},
                     {"negative", "-1"}});
  const CheckpointFile file(path);
  BOOST_TEST(file.number("step") == std::numeric_limits<std::uint64_t>::max());
  BOOST_TEST(file.numbers("losses") == (std::vector<double>{1.5, 0.1}), boost::test_tools::per_element());
  BOOST_TEST(file.numbers("none").empty());
  BOOST_TEST(file.note("nothing").empty());
  for (const char* key : {"nothing", "losses", "negative"})
    BOOST_TEST(error_of([&] {
                 static_cast<void>(file.number(key));
               }).find('"' + std::string(key) + "\" is missing or no number") != std::string::npos);
  for (const char* key : {"broken", "cut"})
    BOOST_TEST(error_of([&] {
                 static_cast<void>(file.numbers(key));
               }).find('"' + std::string(key) + "\" is no list of numbers") != std::string::npos);
  BOOST_TEST(file.has("best"));
  BOOST_TEST(file.floats("best", 2) == (std::vector<float>{3, 4}), boost::test_tools::per_element());
  BOOST_TEST(error_of([&] { static_cast<void>(file.floats("best", 3)); }).find("best is missing, or of another size") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_goes_on_as_it_would_have) {
  const Folder folder("graft-checkpoint");
  const auto path = folder.path / "run.safetensors";
  Plain model, other;
  tiny::fill(model);
  tiny::fill(other);
  const AdamW adamw{.learning_rate = 1e-2F};
  Trainer trainer(model, adamw);
  for (int i = 0; i < 2; ++i) trainer.step(tiny::batch());
  save_checkpoint(trainer, path, {{"epoch", "1"}}, {{"best", {1}, {7}}});
  Trainer resumed(other, adamw);
  const auto notes = load_checkpoint(resumed, path);
  BOOST_TEST(notes.at("epoch") == "1");
  BOOST_TEST(resumed.steps() == 2U);
  BOOST_TEST(tiny::trained(other) == tiny::trained(model), boost::test_tools::per_element());
  trainer.step(tiny::batch());
  resumed.step(tiny::batch());
  BOOST_TEST(tiny::trained(other) == tiny::trained(model), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_method_is_refused) {
  const Folder folder("graft-checkpoint");
  const auto path = folder.path / "run.safetensors";
  Plain model;
  tiny::fill(model);
  Trainer trainer(model);
  save_checkpoint(trainer, path);
  Llama<tiny::Config, LoRA<2, On<Query>>, reference> other;
  tiny::fill(other);
  const auto before = tiny::trained(other);
  Trainer other_trainer(other);
  BOOST_TEST(error_of([&] { load_checkpoint(other_trainer, path); }).find("another model or method") !=
             std::string::npos);
  BOOST_TEST(tiny::trained(other) == before, boost::test_tools::per_element());  // nothing was read by half
}

BOOST_AUTO_TEST_SUITE_END()
