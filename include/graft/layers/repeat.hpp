/// \file
/// Consecutive blocks of one type. Types grow with kinds of blocks, never with depth.
#pragma once

#include <graft/autodiff/checkpoint.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/layer.hpp>

#include <array>

namespace graft {

/// Policy of a model: blocks keep only their input and run again in the backward sweep.
struct CheckpointBlocks {};

/// `Count` blocks of type Block, the first of which is block number First of the model.
///
/// The first may see a constant value, all later ones see what the first yields: two instantiations, whatever Count.
template <Index First, Index Count, class Block, bool Checkpointed>
class Repeat {
 public:
  static constexpr Index first = First, count = Count;
  std::array<Block, Count> blocks;

  /// x(T,C) → block(tape, x, context, block number, rows), one after another; only the last one is told to leave out
  /// rows.
  template <class T, class X, class Context>
  constexpr auto operator()(T& tape, X x, const Context& context, Rows<typename T::backend> rows = {}) const {
    const auto rows_of = [&rows](Index i) { return i + 1 == Count ? rows : Rows<typename T::backend>{}; };
    auto y = step(tape, x, context, 0, rows_of(0));
    for (Index i = 1; i < Count; ++i) y = step(tape, y, context, i, rows_of(i));
    return y;
  }

 private:
  template <class T, class X, class Context>
  constexpr auto step(T& tape, X x, const Context& context, Index i, Rows<typename T::backend> rows) const {
    const Block* const block = &blocks[i];
    constexpr bool constant = !decltype((*block)(tape, x, context, i, rows))::tracked;
    // A constant block keeps its output only: the memory of everything inside is reused by the next block.
    if constexpr (Checkpointed || constant)
      return checkpoint(tape, x, [block, context, i, rows](auto& inner, auto value) {
        return (*block)(inner, value, context, First + i, rows);
      });
    else return (*block)(tape, x, context, First + i, rows);
  }
};

}  // namespace graft
