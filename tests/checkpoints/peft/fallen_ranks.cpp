// AdaLoRA's finished adapter: files hold what its schedule has left, PEFT's config says which ranks these are, and the
// model they came from and one with all ranks read them back.
#include "folder.hpp"
#include "tiny.hpp"

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/checkpoints/adapter_folder.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_peft_fallen_ranks)

using Model = Llama<tiny::Config, AdaLoRA<6, On<Query, Value>>, reference>;

BOOST_AUTO_TEST_CASE(a_finished_adapter) {
  const Folder made("graft-fallen");
  const auto& folder = made.path;
  Model model;
  tiny::fill(model);
  save_adapter(model, folder / "before");
  BOOST_TEST(!read_json(folder / "before" / "adapter_config.json").contains("rank_pattern"));
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  trainer.share_ranks(RankBudgetOptions{.target_rank = 2, .steps = 4});
  for (int step = 0; step < 4; ++step) trainer.step(tiny::batch());
  const Index left = trainer.rank_budget()->kept();
  BOOST_TEST(left == 2 * 2 * tiny::Config::blocks);
  save_adapter(model, folder / "after");

  const auto config = read_json(folder / "after" / "adapter_config.json");
  const SafetensorsFile file(folder / "after" / "adapter_model.safetensors");
  Index said = 0;
  for (const auto& [path, mask] : config.at("rank_pattern").items()) {
    const auto kept = static_cast<Index>(std::count(mask.begin(), mask.end(), Json(true)));
    said += kept;
    const auto at = "base_model.model." + path.substr(0, path.rfind('.'));
    BOOST_TEST(mask.size() == 6U);
    BOOST_TEST(file.tensors.at(at + ".lora_A").shape == (std::vector<Index>{kept, 16}),
               boost::test_tools::per_element());
    BOOST_TEST(file.tensors.at(at + ".lora_B").shape[1] == kept);
    BOOST_TEST(file.tensors.at(at + ".lora_E").shape == (std::vector<Index>{kept, 1}),
               boost::test_tools::per_element());
  }
  BOOST_TEST(said == left);
  BOOST_TEST(config.at("init_r") == 6);

  // Read back by what has all ranks: another model, and the one that has dropped some.
  const double loss = tiny::loss(model, tiny::batch());
  Model other;
  tiny::fill(other);
  load_adapter(other, folder / "after");
  BOOST_TEST(tiny::loss(other, tiny::batch()) == loss);
  load_adapter(model, folder / "after");
  BOOST_TEST(tiny::loss(model, tiny::batch()) == loss);
  save_adapter(other, folder / "again");
  BOOST_TEST(read_json(folder / "again" / "adapter_config.json") == config);
  BOOST_TEST(read_file(folder / "again" / "adapter_model.safetensors") ==
             read_file(folder / "after" / "adapter_model.safetensors"));
  // A type of other ranks does not.
  Llama<tiny::Config, AdaLoRA<5, On<Query, Value>>, reference> smaller;
  tiny::fill(smaller);
  BOOST_CHECK_THROW(load_adapter(smaller, folder / "after"), Error);

  // By its words the folder is of as many final ranks for every module.
  const auto method = AdapterFolder(folder / "after").reading(stated_config_of<Model>()).method;
  const std::string text = type_text(method);
  BOOST_TEST((text.find("AdaLoRA<6") != std::string::npos && text.find("FinalRank<") != std::string::npos), text);
}

// Nothing learned yet is not the same as everything dropped.
BOOST_AUTO_TEST_CASE(before_the_first_step) {
  const Folder made("graft-fallen");
  const auto& folder = made.path;
  Model model;
  model.initialize({.key = {1, 0}});
  save_adapter(model, folder / "adapter");
  BOOST_TEST(!read_json(folder / "adapter" / "adapter_config.json").contains("rank_pattern"));
  load_adapter(model, folder / "adapter");
}

BOOST_AUTO_TEST_SUITE_END()
