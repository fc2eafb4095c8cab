/// \file
/// Which sites of which blocks are trained: the map that reports draw, of sites that hold something.
#pragma once

#include <graft/layers/absent.hpp>

#include <string>
#include <vector>

namespace graft {

/// One site of one block (−1: outside blocks).
struct SiteEntry {
  std::string site, path;  ///< the site; its name in files
  std::ptrdiff_t block = -1;
  Index frozen = 0, trainable = 0;  ///< parameters
};

/// What stands at every site, and how many parameters it has.
template <class Model>
std::vector<SiteEntry> site_map(const Model& model) {
  std::vector<SiteEntry> entries;
  Model::each_site(model, [&entries]<class L>(auto site, const Path& path, const L& layer) {
    if constexpr (!is_absent<L>) {
      SiteEntry entry{decltype(site)::site, path.str(), path.block()};
      L::visit(
          layer,
          [&entry]<class P>(const Path&, const P&) {
            (P::trainable ? entry.trainable : entry.frozen) += P::derived ? 0 : P::size;
          },
          path);
      entries.push_back(entry);
    }
  });
  return entries;
}

}  // namespace graft
