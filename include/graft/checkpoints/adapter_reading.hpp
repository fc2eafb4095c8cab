/// \file
/// From what stands at each module of a model to one method: modules with the same numbers and options are one part, on
/// the sites and blocks that they are.
#pragma once

#include <graft/checkpoints/base/modules.hpp>
#include <graft/checkpoints/peft/config_keys.hpp>

#include <map>
#include <optional>

namespace graft {

/// What an adapter's config says of a model.
struct AdapterReading {
  MethodDescription method;
  std::map<std::string, std::string> at{};  ///< by the path of a module, what stands there, as text
  std::vector<std::string> notes{};         ///< what was passed over, for people
};

/// The method as one needs it to open what it trained: without what only training does, or only its first values.
[[nodiscard, gnu::cold]] inline MethodDescription as_opened(MethodDescription m) {
  std::erase_if(m.options, [](const auto& o) {
    return o.name == "Dropout" || o.name == "GaussianInit" || o.name == "Initial" || o.name == "Penalty";
  });
  for (auto& part : m.parts) part = as_opened(std::move(part));
  return m;
}

/// A decimal as a fraction: 0.05 is {1, 20}. Throws where it is negative or has too many digits.
[[nodiscard, gnu::cold]] inline std::vector<std::int64_t> fraction_of(double x, const std::string& what) {
  const std::string text = Json(x).dump();  // the shortest that is read back as x
  std::int64_t numerator = 0, denominator = 1;
  int exponent = 0;
  bool behind_point = false, fits = x >= 0 && x < 1e15;
  for (Index i = 0; i < text.size() && fits; ++i) {
    const char c = text[i];
    if (c == '.') {
      behind_point = true;
    } else if (c == 'e') {
      exponent += std::stoi(text.substr(i + 1));
      break;
    } else {
      fits = c >= '0' && c <= '9' && !__builtin_mul_overflow(numerator, 10, &numerator) &&
             !__builtin_add_overflow(numerator, c - '0', &numerator);
      exponent -= behind_point ? 1 : 0;
    }
  }
  for (; exponent > 0 && fits; --exponent) fits = !__builtin_mul_overflow(numerator, 10, &numerator);
  while (numerator != 0 && numerator % 10 == 0 && exponent < 0) numerator /= 10, ++exponent;
  for (; exponent < 0 && fits && numerator != 0; ++exponent)
    fits = !__builtin_mul_overflow(denominator, 10, &denominator);
  if (!fits) fail(what, " is ", text, ", and graft's types have fractions of whole numbers from 0 on");
  for (const std::int64_t prime : {2, 5})
    while (denominator % prime == 0 && numerator % prime == 0 && numerator != 0)
      numerator /= prime, denominator /= prime;
  return denominator == 1 ? std::vector{numerator} : std::vector{numerator, denominator};
}

/// Block numbers, in order, as half-open ranges one behind the other: what `Blocks<…>` takes.
[[nodiscard, gnu::cold]] inline std::vector<std::int64_t> block_ranges(const std::vector<std::int64_t>& blocks) {
  std::vector<std::int64_t> ranges;
  for (const auto block : blocks) {
    if (ranges.empty() || ranges.back() != block) ranges.insert(ranges.end(), {block, block});
    ranges.back() = block + 1;
  }
  return ranges;
}

/// Unites what modules have into a method.
class PartsOfModules {
 public:
  [[gnu::cold]] explicit PartsOfModules(const std::vector<Module>& modules) : modules_(modules) {}

  /// `part`: without sites and blocks; a site of an option's own (IA3's Reads) is named by `sites`. Yields what stands
  /// there, as text.
  std::string add(const Module& module, const MethodDescription& part, const char* sites = "On") {
    auto& kind = kinds_[type_text(part)];
    kind.part = part;
    kind.modules[sites].push_back(&module);
    auto opened = as_opened(part);
    sort_options(opened, *named(method_kinds, part.kind));
    return type_text(opened) + (sites == std::string_view("On") ? "" : std::string(", ") + sites);
  }

  /// The parts, in an order that does not depend on the file's. Throws where the modules are not all of a site that
  /// graft's types have only together.
  [[nodiscard, gnu::cold]] std::vector<MethodDescription> parts() const {
    std::vector<MethodDescription> all;
    for (const auto& [text, kind] : kinds_) {
      // Blocks by site; then sites by equal blocks. IA3 has two lists of sites.
      std::map<std::string, std::map<std::string, std::vector<std::ptrdiff_t>>> blocks_of;
      for (const auto& [option, list] : kind.modules)
        for (const Module* m : list) blocks_of[option][std::string(m->site)].push_back(m->block);
      std::map<std::vector<std::int64_t>, std::map<std::string, std::vector<std::string>>> sites_of;
      for (auto& [option, sites] : blocks_of)
        for (auto& [site, blocks] : sites) sites_of[ranges(site, blocks)][option].push_back(site);
      for (const auto& [range, options] : sites_of) {
        MethodDescription part = kind.part;
        for (const auto& [option, sites] : options) part.options.push_back({.name = option, .sites = grouped(sites)});
        if (!range.empty()) part.options.push_back({.name = "Blocks", .numbers = range});
        sort_options(part, *named(method_kinds, part.kind));
        all.push_back(std::move(part));
      }
    }
    return all;
  }

 private:
  /// Blocks as half-open ranges; nothing where they are all that have the site.
  [[nodiscard]] std::vector<std::int64_t> ranges(const std::string& site, std::vector<std::ptrdiff_t>& blocks) const {
    std::sort(blocks.begin(), blocks.end());
    std::vector<std::ptrdiff_t> all;
    for (const auto& m : modules_)
      if (m.site == site) all.push_back(m.block);
    std::sort(all.begin(), all.end());
    if (blocks == all) return {};
    if (blocks.front() < 0)
      fail("the adapter's config means one layer of the site ", site,
           " outside of blocks and leaves out another, and a type has them together");
    return block_ranges({blocks.begin(), blocks.end()});
  }
  /// Sites under the name of a group, where they are all of the model's in it.
  [[nodiscard]] std::vector<std::string> grouped(std::vector<std::string> sites) const {
    constexpr std::pair<std::string_view, ModuleKind> groups[] = {{"Linears", ModuleKind::linear},
                                                                  {"Norms", ModuleKind::norm}};
    for (const auto& [group, kind] : groups) {
      std::set<std::string> members;
      for (const auto& m : modules_)
        if (m.kind == kind && (kind == ModuleKind::norm || m.block >= 0)) members.emplace(m.site);
      if (members.size() < 2 || std::any_of(members.begin(), members.end(), [&](const auto& member) {
            return std::find(sites.begin(), sites.end(), member) == sites.end();
          }))
        continue;
      std::erase_if(sites, [&](const auto& site) { return members.contains(site); });
      sites.emplace_back(group);
    }
    return sites;
  }

  const std::vector<Module>& modules_;
  struct Kind {
    MethodDescription part;
    std::map<std::string, std::vector<const Module*>> modules;  ///< by the option that names their sites
  };
  std::map<std::string, Kind> kinds_;
};

}  // namespace graft
