// Programs for types of models. A type is made of what a model's files say and of the method that the user names, so its program
// is compiled when it is first asked for, and kept: in the user's cache, or beside the command line where it was built ahead.
#pragma once

#include "engine.hpp"

#include <graft/checkpoints/stated_config.hpp>

namespace cli {

struct ProgramRequest {
  graft::StatedConfig config;
  std::string method = "LoRA<8, Alpha<16>>";  ///< as C++ spells it, names of graft's unqualified
  std::string storage = "Bf16";
};

/// The program, compiled now if it is not there yet. A mistake in the method is shown in the compiler's words, pointing at it.
std::unique_ptr<Engine> open_program(const ProgramRequest& request);

/// Compiles it into a folder of programs built ahead.
void build_program(const ProgramRequest& request, const std::filesystem::path& folder);

/// The C++ type of the method that an adapter's files name: graft.json, or PEFT's config (then CMake is needed).
std::string method_of_adapter(const std::filesystem::path& adapter, const std::string& family);

/// Methods that have a short name, with their types.
const std::vector<std::pair<std::string, std::string>>& named_methods();

}  // namespace cli
