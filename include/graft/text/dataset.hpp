/// \file
/// Data sets: examples (text/formatter.hpp makes them of rows) → packed batches.
#pragma once

#include <graft/core/random.hpp>
#include <graft/text/example.hpp>

#include <algorithm>
#include <numeric>
#include <span>

namespace graft {

/// Tokens that examples must have in common for these to be computed once.
inline constexpr Index least_shared = 16;

/// How many tokens two examples begin with alike, each keeping one of its own.
inline Index shared_tokens(const Example& a, const Example& b) {
  const Index shorter = std::min(a.ids.size(), b.ids.size());
  Index n = 0;
  while (n + 1 < shorter && a.ids[n] == b.ids[n]) ++n;
  return n;
}

/// Appends examples in the order of their tokens. What several begin with is appended once, as a sequence that they
/// continue, which may itself continue another: `shared` tokens of all of them are those of sequence `continued`.
void append_sharing(Batch& batch, std::span<const Example* const> examples, Index shared = 0, Index continued = 0);

/// Packs the examples of every member of a bank (peft/low_rank/bank.hpp) end to end into batches of at most
/// `most_tokens` (one example may exceed it alone). What a member's examples in a batch begin with alike (a task's
/// instruction, examples of the task) is computed once, its gradient summed; for that, they are packed in the order of
/// their tokens.
std::vector<Batch> pack_members(std::span<const std::vector<const Example*>> members, Index most_tokens);

/// The same for one list of examples.
inline std::vector<Batch> pack(std::span<const Example* const> examples, Index most_tokens) {
  const std::vector<const Example*> all(examples.begin(), examples.end());
  return pack_members(std::span(&all, 1), most_tokens);
}

/// 0 … n−1 in the order of epoch `epoch` of a run: a function of the seed alone, so that a resumed run repeats it.
inline std::vector<Index> shuffled(Index n, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n; i > 1; --i) std::swap(order[i - 1], order[philox({seed, epoch}, i)[0] % i]);
  return order;
}

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE void append_sharing(Batch& batch, std::span<const Example* const> examples, Index shared,
                                      Index continued) {
  if (examples.size() > 1) {
    Index common = examples[0]->ids.size();
    for (Index i = 1; i < examples.size(); ++i)
      common = std::min(common, shared_tokens(*examples[i - 1], *examples[i]));
    if (common >= shared + least_shared) {
      const std::vector<Id> beginning(examples[0]->ids.begin(),
                                      examples[0]->ids.begin() + static_cast<std::ptrdiff_t>(common));
      batch.append(beginning, std::vector<Id>(common, -1), shared, continued);
      batch.logical_tokens -= common;
      shared = common;
      continued = batch.sequences() - 1;
    }
  }
  for (Index i = 0; i < examples.size();) {
    Index end = i + 1;
    while (end < examples.size() && shared_tokens(*examples[end - 1], *examples[end]) >= shared + least_shared) ++end;
    if (end - i > 1) append_sharing(batch, examples.subspan(i, end - i), shared, continued);
    else batch.append(examples[i]->ids, examples[i]->labels, shared, continued);
    i = end;
  }
}

GRAFT_TEXT_INLINE std::vector<Batch> pack_members(std::span<const std::vector<const Example*>> members,
                                                  Index most_tokens) {
  std::vector<Batch> batches;
  Index room = 0;
  for (Index m = 0; m < members.size(); ++m) {
    auto order = members[m];
    if (!order.empty() && order[0]->kind != ExampleKind::next_token) {  // nothing is shared
      for (const Example* example : order) {
        if (batches.empty() || (room < example->tokens() && room < most_tokens)) {
          batches.emplace_back();
          room = most_tokens;
        }
        example->into(batches.back());
        if (members.size() > 1) batches.back().belongs_to(m);
        room -= std::min(room, example->tokens());
      }
      continue;
    }
    std::stable_sort(order.begin(), order.end(), [](const Example* a, const Example* b) { return a->ids < b->ids; });
    for (Index i = 0; i < order.size();) {
      Index end = i, tokens = 0;
      for (; end < order.size(); ++end) {
        const Index common = end == i ? 0 : shared_tokens(*order[end - 1], *order[end]);
        const Index more = order[end]->ids.size() - (common >= least_shared ? common : 0);
        if (tokens + more > room && (end > i || room < most_tokens || batches.empty())) break;
        tokens += more;
      }
      if (end == i) {  // the next example needs a batch of its own, or a new one
        batches.emplace_back();
        room = most_tokens;
        continue;
      }
      append_sharing(batches.back(), std::span(order).subspan(i, end - i));
      if (members.size() > 1) batches.back().belongs_to(m);
      room = tokens < room ? room - tokens : 0;
      i = end;
    }
  }
  return batches;
}
#endif

}  // namespace graft
