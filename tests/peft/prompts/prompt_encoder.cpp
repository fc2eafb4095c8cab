#include <graft/peft/prompts/prompt_encoder.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds, holding::is_whole;

BOOST_AUTO_TEST_SUITE(peft_prompts_prompt_encoder)

BOOST_AUTO_TEST_CASE(p_tuning) { holds<PTuning<3, 8>, false>(); }
BOOST_AUTO_TEST_CASE(p_tuning_by_a_memory) { is_whole<PTuning<3, 4, Lstm>>(); }

// A prompt that came from a file is all there is of it: its encoder is not.
BOOST_AUTO_TEST_CASE(a_prompt_from_a_file_is_not_trained) {
  Llama<Config, PTuning<3, 8>, reference> model;
  tiny::fill(model);
  const auto folder = std::filesystem::temp_directory_path() / ("graft-prompt-" + std::to_string(::getpid()));
  save_adapter(model, folder);
  load_adapter(model, folder);
  std::filesystem::remove_all(folder);
  Trainer trainer(model);
  BOOST_CHECK_EXCEPTION(trainer.step(tiny::batch()), Error, [](const Error& e) {
    return std::string(e.what()).find("cannot be trained on") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
