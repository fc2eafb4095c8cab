/// \file
/// The gate on the way into a model: every number of a batch that names a row, a class or a place is one of those there
/// are. What comes behind it reads memory by them.
#pragma once

#include <graft/core/error.hpp>
#include <graft/data/batch.hpp>

#include <cmath>
#include <cstdint>

namespace graft {

/// How many there are of what a batch has numbers of; or how many there must be for one (`needs`).
struct BatchLimits {
  Index tokens, targets;                           ///< rows of the token embedding; what the head tells apart
  Index token_types = 2, adapters = 1, tasks = 1;  ///< kinds of texts told apart; adapters of a bank; tasks of a prompt
  bool numbers = false, answers = false;  ///< whether the model says numbers of texts, or seeks answers in them
};

/// The least limits that a batch keeps, in O(tokens).
/// \throws Error where it contradicts itself: where its parts are not as many as each other, or one names a row or a
/// sequence that is not there. How far positions may go is held against a model's where it has rows for them, as
/// prompts stand before texts.
[[nodiscard]] inline BatchLimits needs(const Batch& batch) {
  const auto above = [](const std::vector<Id>& numbers, const char* what) {
    Id largest = -1;
    for (const Id n : numbers) {
      if (n < 0) fail("a batch has the ", what, " ", n, ", which is below 0");
      largest = std::max(largest, n);
    }
    return static_cast<Index>(std::int64_t{largest} + 1);
  };
  const auto are_as_many = [](const auto& some, const char* what, const auto& others, const char* of) {
    if (some.size() != others.size()) fail("a batch has ", some.size(), " ", what, " for ", others.size(), " ", of);
  };
  const auto cut = [](const std::vector<Id>& starts, const std::vector<Id>& tokens) {
    if (starts.empty() || starts.front() != 0 || static_cast<Index>(starts.back()) != tokens.size() ||
        !std::is_sorted(starts.begin(), starts.end()))
      fail("the sequences of a batch do not begin and end where its ", tokens.size(), " tokens do");
  };
  const Index sequences = batch.starts.empty() ? 0 : batch.sequences(), keys_alone = batch.keys_ahead > 0 ? 1 : 0;
  cut(batch.starts, batch.tokens);
  cut(batch.source_starts, batch.source_tokens);
  if (batch.source_starts.size() > 1 && batch.source_starts.size() - 1 != sequences - keys_alone)
    fail("a batch has ", batch.source_starts.size() - 1, " sources for ", sequences - keys_alone, " texts");
  are_as_many(batch.positions, "positions", batch.tokens, "tokens");
  are_as_many(batch.rows, "rows", batch.targets, "labels");
  if (above(batch.rows, "row") > batch.tokens.size())
    fail("a batch has the row ", above(batch.rows, "row") - 1, ", and there are ", batch.tokens.size());
  static_cast<void>(above(batch.positions, "position"));
  if (!batch.types.empty()) are_as_many(batch.types, "types", batch.tokens, "tokens");
  if (!batch.owners.empty()) are_as_many(batch.owners, "adapters", batch.tokens, "tokens");
  if (!batch.owners.empty() || !batch.target_owners.empty())
    are_as_many(batch.target_owners, "adapters", batch.targets, "labels");
  if (batch.owners.empty() && !batch.target_owners.empty())
    fail("a batch says which adapters its labels belong to, and of its tokens it does not");

  if (!batch.values.empty()) are_as_many(batch.values, "numbers", batch.targets, "texts");
  for (const float value : batch.values)
    if (!(std::abs(value) < 1e30F)) fail("a batch has the number ", value);
  if (!batch.spans.empty()) are_as_many(batch.spans, "bounds of texts", batch.targets, "places");
  if (batch.spans.size() % 2 != 0) fail("a batch has ", batch.spans.size(), " bounds of texts, and each has two");
  for (Index i = 0; i < batch.spans.size(); ++i) {
    const Id begin = batch.spans[i - i % 2], end = batch.spans[i - i % 2 + 1];
    if (begin < 0 || begin >= end || static_cast<Index>(end) > batch.tokens.size() || batch.rows[i] < begin ||
        batch.rows[i] >= end)
      fail("a batch seeks a place at row ", batch.rows[i], " in a text of rows ", begin, " to ", end,
           ", the last not among them, and has ", batch.tokens.size(), " tokens");
  }
  if (!batch.key_ends.empty() && batch.key_ends.size() != sequences)
    fail("a batch has ", batch.key_ends.size(), " ends of keys for ", sequences, " sequences");
  for (Index s = 0; s < batch.key_ends.size(); ++s)
    if (batch.key_ends[s] < batch.starts[s] || batch.key_ends[s] > batch.starts[s + 1])
      fail("the keys of sequence ", s, " of a batch end at row ", batch.key_ends[s], ", and its tokens are rows ",
           batch.starts[s], " to ", batch.starts[s + 1]);
  if (!batch.prefixes.empty() && batch.prefixes.size() != sequences)
    fail("a batch has ", batch.prefixes.size(), " prefixes for ", sequences, " sequences");
  for (Index s = 0; s < batch.prefixes.size(); ++s)
    if (batch.prefixes[s] < -1 || batch.prefixes[s] >= static_cast<Id>(s))
      fail("sequence ", s, " of a batch continues sequence ", batch.prefixes[s], ", which is not before it");
  if (keys_alone > 0 && (sequences == 0 || batch.starts[1] != 0 || batch.prefixes.empty()))
    fail("the keys ahead of a batch are not a first sequence without tokens");
  if (batch.firsts.size() > sequences)
    fail("a batch has ", batch.firsts.size(), " labels of first tokens for ", sequences, " sequences");

  Id first = -1;
  for (const Id label : batch.firsts) first = std::max(first, label);
  return {.tokens = std::max(above(batch.tokens, "token"), above(batch.source_tokens, "token")),
          .targets = std::max(above(batch.targets, "label"), static_cast<Index>(first + 1)),
          .token_types = above(batch.types, "token type"),
          .adapters = std::max(above(batch.owners, "adapter"), above(batch.target_owners, "adapter")),
          .tasks = batch.task + 1,
          .numbers = !batch.values.empty(),
          .answers = !batch.spans.empty()};
}

/// \throws Error if `needed` of something are more than there are.
constexpr void require_at_most(Index needed, Index limit, const char* what, const char* why = "") {
  if (needed > limit)
    fail("a batch has the ", what, " ", needed - 1, ", and there are ", limit, " (0 to ",
         static_cast<std::ptrdiff_t>(limit) - 1, ")", why);
}

/// Holds what a batch needs against what there is, in O(1).
constexpr void check(const BatchLimits& needed, const BatchLimits& limits) {
  require_at_most(
      needed.tokens, limits.tokens, "token",
      "; is the tokenizer another model's, or has it tokens that the model's embedding was not resized for?");
  require_at_most(needed.targets, limits.targets, "label");
  require_at_most(needed.token_types, limits.token_types, "token type");
  require_at_most(needed.adapters, limits.adapters, "adapter");
  require_at_most(needed.tasks, limits.tasks, "task");
}

/// \throws Error that names the first number of a batch that names nothing.
inline void check(const Batch& batch, const BatchLimits& limits) {
  const BatchLimits needed = needs(batch);
  check(needed, limits);
  if (limits.numbers ? batch.values.size() != batch.targets.size() : needed.numbers)
    fail("a batch has ", batch.values.size(), " numbers for ", batch.targets.size(), " texts, and the model says ",
         limits.numbers ? "a number of each" : "none");
  if (limits.answers ? batch.spans.size() != batch.targets.size() : needed.answers)
    fail("a batch has ", batch.spans.size(), " bounds of texts for ", batch.targets.size(),
         " places, and the model seeks ", limits.answers ? "two in each text" : "none");
}

}  // namespace graft
