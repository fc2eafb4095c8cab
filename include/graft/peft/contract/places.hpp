/// \file
/// Where a method works, as its options say it: `On<…>` and `Blocks<…>`.
#pragma once

#include <graft/peft/contract/complaint.hpp>
#include <graft/peft/contract/site.hpp>

namespace graft {

/// Only the blocks First, First+1, … Last−1, and those of further such ranges: `Blocks<0, 2, 5, 6>` are blocks 0, 1 and
/// 5.
/// \tparam Bounds first and end of each range, counted from 0
template <std::ptrdiff_t... Bounds>
struct Blocks {
  static constexpr bool valid = [] {
    if (sizeof...(Bounds) == 0 || sizeof...(Bounds) % 2 != 0) return false;
    const std::ptrdiff_t bounds[] = {0, Bounds...};
    for (std::size_t i = 1; i < sizeof...(Bounds); i += 2)
      if (bounds[i] < bounds[i - 1] || bounds[i] >= bounds[i + 1]) return false;
    return true;
  }();
  static constexpr bool has(std::ptrdiff_t block) {
    bool inside = false;  // an odd number of bounds lies before a block that is in a range
    ((inside = inside != (Bounds <= block)), ...);
    return inside;
  }
};
/// What a method without `Blocks<…>` works on: all of them, and what lies outside.
struct EveryBlock {
  static constexpr bool valid = true;
  static constexpr bool has(std::ptrdiff_t) { return true; }
};
/// Whether an option says blocks.
template <class O>
inline constexpr bool is_block_range = false;
template <std::ptrdiff_t... Bounds>
inline constexpr bool is_block_range<Blocks<Bounds...>> = true;

/// Options that say where a method works.
template <class O>
inline constexpr bool is_on = false;
template <class... Sites>
inline constexpr bool is_on<On<Sites...>> = true;
template <class O>
concept PlaceOption = is_on<O> || is_block_range<O>;

/// The first `On<…>` among options, or `Otherwise`; likewise the first `Blocks<…>`, or every block.
template <class Otherwise, class... Options>
struct SitesOf {
  using type = Otherwise;
};
template <class Otherwise, class Option, class... Rest>
struct SitesOf<Otherwise, Option, Rest...> {
  using type = typename std::conditional_t<is_on<Option>, SitesOf<Option>, SitesOf<Otherwise, Rest...>>::type;
};
template <class... Options>
struct BlocksOf {
  using type = EveryBlock;
};
template <class Option, class... Rest>
struct BlocksOf<Option, Rest...> : BlocksOf<Rest...> {};
template <std::ptrdiff_t... Bounds, class... Rest>
struct BlocksOf<Blocks<Bounds...>, Rest...> {
  using type = Blocks<Bounds...>;
};

struct UnknownSite {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: On<...> takes sites (Query, Key, Value, QueryKeyValue, Output, Gate, Up, GateUp, Down, "
                  "InputNorm, MlpNorm, FinalNorm, TokenEmbedding, PositionEmbedding, Head) or groups of them (Linears, "
                  "AttentionLinears, MlpLinears, Norms), and adapters AfterAttention and AfterMlp");
  };
};
struct EmptyBlockRange {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: Blocks<First, Last> is a half-open range: First must be less than Last; further ranges stand "
                  "behind it: Blocks<0, 2, 5, 6>");
  };
};

/// The sites and blocks that options name; `Otherwise` are the sites where none does.
template <class Otherwise, class... Options>
struct Places {
  using sites = typename SitesOf<Otherwise, Options...>::type;
  using blocks = typename BlocksOf<Options...>::type;
  template <class Where>
  static constexpr bool has = sites::template covers<typename Where::site> && blocks::has(Where::block);
  /// What is wrong with them, or void.
  using problem = FirstProblem<Unless<sites::valid, UnknownSite>, Unless<blocks::valid, EmptyBlockRange>>;
};

}  // namespace graft
