// Programs for types of models. A type is made of what a model's files say and of the method that the user names, so its program
// is compiled when it is first asked for, and kept: in the user's cache, or beside the command line where it was built ahead.
#pragma once

#include "engine.hpp"

#include <graft/checkpoints/method_description.hpp>
#include <graft/checkpoints/stated_config.hpp>

namespace cli {

struct ProgramRequest {
  graft::StatedConfig config;
  graft::MethodDescription method;
  std::string storage = "Bf16";
  std::vector<std::filesystem::path> headers{};  ///< of methods of the user's own
};

/// The program, compiled now if it is not there yet, of nothing but what graft knows and the user's headers. Where a model has no place for the method, the
/// sentence of the type that says so is shown.
std::unique_ptr<Engine> open_program(const ProgramRequest& request);

/// Compiles it into a folder of programs built ahead.
void build_program(const ProgramRequest& request, const std::filesystem::path& folder);

/// Methods that have a short name, with their types.
const std::vector<std::pair<std::string, std::string>>& named_methods();

}  // namespace cli
