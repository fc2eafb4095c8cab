/// \file
/// Engines that were compiled into a library, for hosts without a compiler: graft::instances, which graft_add_instances
/// makes in CMake.
#pragma once

#include <graft/runtime/engine.hpp>

namespace graft {

/// One of them: a config struct, and a method under its short name.
struct CompiledEngine {
  const char *preset, *method, *type;        ///< the config's name, the method and the model's type, as text
  bool (*fits)(const StatedConfig& stated);  ///< whether it is of the architecture that files state
  std::unique_ptr<Engine> (*make)();         ///< makes one

  /// "SmolLM2_135M lora = LoRA<8, Alpha<16>>"
  [[nodiscard]] std::string text() const { return std::string(preset) + " " + method + " = " + type; }
};

/// All that were compiled in: defined by the library.
std::span<const CompiledEngine> compiled_engines();

}  // namespace graft
