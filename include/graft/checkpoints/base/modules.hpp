/// \file
/// The modules of a model as Hugging Face names them: what the rules of adapters' configs match
/// (checkpoints/base/module_rules.hpp), and which site of graft's each one is. A test holds the list against each_site
/// of every family's type.
#pragma once

#include <graft/checkpoints/base/module_list.hpp>
#include <graft/checkpoints/families/families.hpp>

#include <charconv>
#include <set>

namespace graft {

/// More than any model has: a file that states more is broken, or means harm.
inline constexpr Index most_blocks = 10'000;

/// The first number in a path: that of a block; −1: none.
[[nodiscard, gnu::cold]] inline std::ptrdiff_t block_in(const std::string& path) {
  for (Index at = 0; at < path.size(); at = std::min(path.find('.', at), path.size() - 1) + 1)
    if (path[at] >= '0' && path[at] <= '9') {
      std::ptrdiff_t block = -1;
      std::from_chars(path.data() + at, path.data() + path.size(), block);
      return block;
    }
  return -1;
}

/// The same in a model of this config, where the decoder's blocks are counted on from the encoder's last.
template <class Config>
[[nodiscard]] std::ptrdiff_t block_among_all(const std::string& path) {
  auto block = block_in(path);
  if (block >= 0 && path.starts_with("decoder.")) block += static_cast<std::ptrdiff_t>(Config::encoder_blocks);
  return block;
}

/// Adds what modules stand in.
[[gnu::cold]] inline void add_groups(std::vector<Module>& modules) {
  std::set<std::string> groups;
  for (const auto& m : modules)
    for (auto dot = m.path.find('.'); dot != std::string::npos; dot = m.path.find('.', dot + 1))
      groups.insert(m.path.substr(0, dot));
  for (const auto& group : groups) modules.push_back({.path = group, .kind = ModuleKind::group});
}

/// \throws Error of a config of more blocks than any model has
[[nodiscard, gnu::cold]] inline std::vector<Module> modules_of(const StatedConfig& config) {
  if (config.blocks > most_blocks || config.encoder_blocks > most_blocks)
    fail("a model of ", std::max(config.blocks, config.encoder_blocks),
         " blocks is none of ours: no family has more than ", most_blocks);
  ModuleList list(config);
  family_of(config).list_modules(list);
  auto modules = std::move(list).list();
  add_groups(modules);
  return modules;
}

}  // namespace graft
