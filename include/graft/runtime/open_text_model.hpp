/// \file
/// A text model for files and a method: of an engine that was compiled in, or of a program.
#pragma once

#include <graft/runtime/compiled.hpp>
#include <graft/runtime/model_choice.hpp>
#include <graft/runtime/program.hpp>
#include <graft/runtime/text_model.hpp>

namespace graft {

/// A text model of a model's files.
/// \param model a folder of a model, or a GGUF file
/// \param method the short name of an engine that was compiled in, or what --method of the command line takes, for
/// which a program is
///   opened, or compiled where there is a toolchain (runtime/toolchain.hpp)
/// \param options how it is trained, and how long texts are
/// \throws Error that names what there is
[[nodiscard, gnu::cold]] inline std::unique_ptr<TextModel> open_text_model(const std::filesystem::path& model,
                                                                           const std::string& method,
                                                                           const TextModel::Options& options = {}) {
  const ModelFiles files(model);
  std::string there;
  for (const auto& one : compiled_engines()) {
    there += "\n  " + std::string(one.preset) + " with " + one.method + " = " + one.type;
    if ((method == one.method || method == one.type) && one.fits(files.config()))
      return std::make_unique<TextModel>(one.make(), files, options);
  }
  if (const auto by = Toolchain::find()) {
    const auto chosen = choose_model({.model = model, .method = method}, Purpose::train, {}, {}, *by);
    return std::make_unique<TextModel>(open_program(chosen.program, *by), files, options);
  }
  fail(model.string(), ": no engine with the method \"", method,
       "\" was compiled in for this architecture; there are:", there,
       "\nMore are chosen where the library is made (graft_add_instances in CMake); with graft's toolchain.json, which "
       "GRAFT_TOOLCHAIN ",
       "names, any model and method are compiled when they are met");
}

}  // namespace graft
