/// \file
/// How programs for types of models are compiled where this one stands: a file share/graft/toolchain.json above the
/// program or library that asks, in an installed prefix as in a build tree. What it names of graft's it names relative
/// to itself, so that a prefix can be moved and needs neither the sources nor the folder that it was built in.
#pragma once

#include <graft/io/json.hpp>

#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <link.h>

namespace graft {

/// A compiler and its options.
struct Toolchain {
  std::string compiler, launcher;                            ///< a launcher like ccache stands before it, or nothing
  std::vector<std::string> flags, libraries;                 ///< of compiling and of linking
  std::filesystem::path include;                             ///< where graft/graft.hpp is
  std::filesystem::path kernels;                             ///< graft::kernels, where it was compiled for programs
  std::filesystem::path programs;                            ///< those that were built ahead
  std::vector<std::pair<std::string, std::string>> methods;  ///< types that have a short name; the first is the default
  std::string storage;                                       ///< how frozen weights are kept, unless said

  /// Reads one. The environment's GRAFT_CXX is another compiler. \throws Error
  [[nodiscard]] static Toolchain read(const std::filesystem::path& file);
  /// That of the program or library which calls, or of the environment's GRAFT_TOOLCHAIN; none where there is no such
  /// file.
  [[nodiscard]] static std::optional<Toolchain> find();
  /// The same, read once. \throws Error where there is none
  [[nodiscard]] static const Toolchain& here();

  /// Whether a program could be compiled now.
  [[nodiscard]] bool works() const;
};

/// Where the program or library lies that this code is part of.
[[nodiscard, gnu::cold]] inline std::filesystem::path own_path() {
  static const char of_this = 0;
  Dl_info info{};
  link_map* map = nullptr;
  if (::dladdr1(&of_this, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 || map == nullptr) return {};
  std::error_code error;
  return std::filesystem::canonical(*map->l_name == 0 ? "/proc/self/exe" : map->l_name, error);
}

/// A variable of the environment, where it is there and not empty.
[[nodiscard, gnu::cold]] inline std::string environment(const char* name, const std::string& otherwise = "") {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : otherwise;
}

/// A text as one word of a shell's.
[[nodiscard, gnu::cold]] inline std::string quoted(const std::string& text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? "'\\''" : std::string(1, c);
  return all + "'";
}
/// The words as a shell reads them.
[[nodiscard, gnu::cold]] inline std::string quoted(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : " ") + quoted(word);
  return all;
}

[[gnu::cold]] inline Toolchain Toolchain::read(const std::filesystem::path& file) {
  const Json json = read_json(file);
  const auto source = file.string();
  const auto place = [&](const char* key) {
    return (file.parent_path() / required<std::string>(json, key, source)).lexically_normal();
  };
  const std::filesystem::path kernels = optional<std::string>(json, "kernels", "", source);
  Toolchain made{.compiler = environment("GRAFT_CXX", required<std::string>(json, "compiler", source)),
                 .launcher = optional<std::string>(json, "launcher", "", source),
                 .flags = required<std::vector<std::string>>(json, "flags", source),
                 .libraries = required<std::vector<std::string>>(json, "libraries", source),
                 .include = place("include"),
                 .kernels = kernels.empty() ? kernels : place("kernels"),
                 .programs = place("programs"),
                 .methods = required<std::vector<std::pair<std::string, std::string>>>(json, "methods", source),
                 .storage = required<std::string>(json, "storage", source)};
  if (made.methods.empty()) fail(source, ": \"methods\" names none");
  return made;
}

[[gnu::cold]] inline std::optional<Toolchain> Toolchain::find() {
  if (const auto named = environment("GRAFT_TOOLCHAIN"); !named.empty()) return read(named);
  const auto path = own_path();
  for (auto folder = path.parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (const auto file = folder / "share/graft/toolchain.json"; std::filesystem::exists(file)) return read(file);
    if (folder == folder.root_path()) break;
  }
  return std::nullopt;
}

[[gnu::cold]] inline const Toolchain& Toolchain::here() {
  static const Toolchain found = [] {
    auto there = find();
    if (!there)
      fail("there is no share/graft/toolchain.json above ", own_path().string(),
           ", which says how programs are compiled: `cmake --install` ",
           "puts both into a prefix, that can be moved as a whole; GRAFT_TOOLCHAIN names one elsewhere");
    return *there;
  }();
  return found;
}

[[gnu::cold]] inline bool Toolchain::works() const {
  return std::system(("command -v " + quoted(compiler) + " > /dev/null 2>&1").c_str()) == 0 &&
         std::filesystem::exists(include / "graft/graft.hpp");
}

}  // namespace graft
