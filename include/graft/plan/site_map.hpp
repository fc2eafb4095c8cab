/// \file
/// Which sites of which blocks are trained: the map that reports draw.
#pragma once

#include <graft/core/path.hpp>

#include <string>
#include <vector>

namespace graft {

/// One site of one block (−1: outside blocks).
struct SiteEntry {
  std::string site, path;
  std::ptrdiff_t block = -1;
  Index frozen = 0, trainable = 0;  ///< parameters
};

template <class Model>
std::vector<SiteEntry> site_map(const Model& model) {
  std::vector<SiteEntry> entries;
  Model::each_site(model, [&entries](auto site, const Path& path, const auto& layer) {
    SiteEntry entry{decltype(site)::site, path.str(), path.block()};
    std::remove_cvref_t<decltype(layer)>::visit(layer, [&entry](const Path&, const auto& p) { (p.trainable ? entry.trainable : entry.frozen) += p.size; }, path);
    entries.push_back(entry);
  });
  return entries;
}

}  // namespace graft
