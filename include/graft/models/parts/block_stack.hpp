/// \file
/// Blocks number First … First+Count−1 of a model, one behind the other: those of one type are an array
/// (layers/repeat.hpp), and a method may make as many types of them as it likes.
#pragma once

#include <graft/layers/repeat.hpp>
#include <graft/models/parts/block.hpp>

#include <tuple>

namespace graft {

/// `SitesAt<I>` is the SiteList of block I, `BlockAt<I>` the block itself, of the lowest I that has the same sites.
template <template <Index> class SitesAt, template <Index> class BlockAt, Index First, Index Count, bool Checkpointed>
struct BlockStack {
  /// Block numbers at which a new kind of block begins.
  struct Runs {
    Index count = 0;
    std::array<Index, Count + 1> starts{};
  };
  static constexpr Runs runs = []<Index... I>(std::index_sequence<I...>) {
    Runs found;
    const auto visit = [&found]<Index Number>(std::integral_constant<Index, Number>) {
      constexpr Index before = Number == 0 ? 0 : Number - 1;
      if (Number == 0 ||
          !std::is_same_v<typename SitesAt<First + Number>::kind, typename SitesAt<First + before>::kind>)
        found.starts[found.count++] = First + Number;
    };
    (visit(std::integral_constant<Index, I>{}), ...);
    found.starts[found.count] = First + Count;
    return found;
  }(std::make_index_sequence<Count>{});

  template <Index R>
  using Run = Repeat<runs.starts[R], runs.starts[R + 1] - runs.starts[R], BlockAt<runs.starts[R]>, Checkpointed>;
  template <class Numbers>
  struct Of;
  template <Index... R>
  struct Of<std::index_sequence<R...>> {
    using type = std::tuple<Run<R>...>;
    using refused = FirstComplaint<typename SitesAt<runs.starts[R]>::refused...>;
  };
  using type = typename Of<std::make_index_sequence<runs.count>>::type;
  /// What a method could not do in these blocks.
  using refused = typename Of<std::make_index_sequence<runs.count>>::refused;

  /// Runs number From … To−1; the last run of the stack leaves out rows.
  template <Index From, Index To, class T, class X, class Context, class Kept>
  static constexpr auto through(const type& blocks, T& tape, X x, const Context& context, Kept rows) {
    if constexpr (From == To) return rows(tape, x);
    else if constexpr (From + 1 < To)
      return through<From + 1, To>(blocks, tape, std::get<From>(blocks)(tape, x, context), context, rows);
    else return std::get<From>(blocks)(tape, x, context, rows);
  }
};

/// Calls f(site, path, layer) for every site of a stack's blocks; `layers` is what the paths of all blocks begin with.
/// Outside the stack, and of a name of its own, so that visitors have short symbols.
template <Index R = 0, class Blocks, class F>
constexpr void each_site_of(Blocks& blocks, F& f, const Path& layers) {
  auto& run = std::get<R>(blocks);
  for (Index i = 0; i < run.count; ++i)
    std::remove_cvref_t<decltype(run.blocks[i])>::each_site(
        run.blocks[i], f, Path{&layers, "", static_cast<std::ptrdiff_t>(run.first + i - std::get<0>(blocks).first)});
  if constexpr (R + 1 < std::tuple_size_v<std::remove_const_t<Blocks>>) each_site_of<R + 1>(blocks, f, layers);
}

}  // namespace graft
