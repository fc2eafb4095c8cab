/// \file
/// The gate on the way into a model: every number of a batch that names a row, a class or a place is one of those there are. What comes behind it reads memory by them.
#pragma once

#include <graft/core/batch.hpp>
#include <graft/core/error.hpp>

#include <cmath>

namespace graft {

/// How many there are of what a batch has numbers of.
struct BatchLimits {
  Index tokens, targets;                      ///< rows of the token embedding; what the head tells apart
  Index token_types = 2, adapters = 1, tasks = 1;
  bool numbers = false, answers = false;      ///< whether the model says numbers of texts, or seeks answers in them
};

/// Throws Error that names the first number that is none. How far positions may go is held against a model's where it has rows for them, as prompts stand before texts.
inline void check(const Batch& batch, const BatchLimits& limits) {
  const auto are_below = [](const std::vector<Id>& numbers, Index limit, const char* what, const char* why = "") {
    for (const Id n : numbers)
      if (n < 0 || static_cast<Index>(n) >= limit) fail("a batch has the ", what, " ", n, ", and there are ", limit, " (0 to ", static_cast<std::ptrdiff_t>(limit) - 1, ")", why);
  };
  const auto are_as_many = [](const std::vector<Id>& some, const char* what, const std::vector<Id>& others, const char* of) {
    if (some.size() != others.size()) fail("a batch has ", some.size(), " ", what, " for ", others.size(), " ", of);
  };
  const auto cut = [](const std::vector<Id>& starts, const std::vector<Id>& tokens) {
    if (starts.empty() || starts.front() != 0 || static_cast<Index>(starts.back()) != tokens.size() || !std::is_sorted(starts.begin(), starts.end())) fail("the sequences of a batch do not begin and end where its ", tokens.size(), " tokens do");
  };
  constexpr const char* another = "; is the tokenizer another model's, or has it tokens that the model's embedding was not resized for?";
  are_below(batch.tokens, limits.tokens, "token", another);
  are_below(batch.source_tokens, limits.tokens, "token", another);
  are_below(batch.firsts, limits.targets, "label");
  are_below(batch.targets, limits.targets, "label");
  are_below(batch.types, limits.token_types, "token type");
  are_below(batch.owners, limits.adapters, "adapter");
  are_below(batch.target_owners, limits.adapters, "adapter");
  are_below(batch.rows, batch.tokens.size(), "row");
  if (batch.task >= limits.tasks) fail("a batch has the task ", batch.task, ", and there are ", limits.tasks, " (0 to ", limits.tasks - 1, ")");
  for (const Id p : batch.positions)
    if (p < 0) fail("a batch has the position ", p);
  are_as_many(batch.positions, "positions", batch.tokens, "tokens");
  are_as_many(batch.rows, "rows", batch.targets, "labels");
  if (limits.numbers ? batch.values.size() != batch.targets.size() : !batch.values.empty()) fail("a batch has ", batch.values.size(), " numbers for ", batch.targets.size(), " texts, and the model says ", limits.numbers ? "a number of each" : "none");
  for (const float value : batch.values)
    if (!(std::abs(value) < 1e30F)) fail("a batch has the number ", value);
  if (limits.answers ? batch.spans.size() != batch.targets.size() : !batch.spans.empty()) fail("a batch has ", batch.spans.size(), " bounds of texts for ", batch.targets.size(), " places, and the model seeks ", limits.answers ? "two in each text" : "none");
  for (Index i = 0; i < batch.spans.size(); ++i) {
    const Id begin = batch.spans[i - i % 2], end = batch.spans[i - i % 2 + 1];
    if (begin < 0 || begin >= end || static_cast<Index>(end) > batch.tokens.size() || batch.rows[i] < begin || batch.rows[i] >= end) fail("a batch seeks a place at row ", batch.rows[i], " in a text of rows ", begin, " to ", end, ", the last not among them, and has ", batch.tokens.size(), " tokens");
  }
  if (!batch.key_ends.empty()) {
    if (batch.key_ends.size() != batch.sequences()) fail("a batch has ", batch.key_ends.size(), " ends of keys for ", batch.sequences(), " sequences");
    for (Index s = 0; s < batch.key_ends.size(); ++s)
      if (batch.key_ends[s] < batch.starts[s] || batch.key_ends[s] > batch.starts[s + 1]) fail("the keys of sequence ", s, " of a batch end at row ", batch.key_ends[s], ", and its tokens are rows ", batch.starts[s], " to ", batch.starts[s + 1]);
  }
  if (!batch.types.empty()) are_as_many(batch.types, "types", batch.tokens, "tokens");
  if (!batch.owners.empty()) are_as_many(batch.owners, "adapters", batch.tokens, "tokens");
  if (!batch.target_owners.empty()) are_as_many(batch.target_owners, "adapters", batch.targets, "labels");
  cut(batch.starts, batch.tokens);
  cut(batch.source_starts, batch.source_tokens);
  if (batch.source_starts.size() > 1) are_as_many(batch.source_starts, "places in sources", batch.starts, "places in texts");
  if (!batch.prefixes.empty() && batch.prefixes.size() != batch.sequences()) fail("a batch has ", batch.prefixes.size(), " prefixes for ", batch.sequences(), " sequences");
  for (Index s = 0; s < batch.prefixes.size(); ++s)
    if (batch.prefixes[s] < -1 || batch.prefixes[s] >= static_cast<Id>(s)) fail("sequence ", s, " of a batch continues sequence ", batch.prefixes[s], ", which is not before it");
}

}  // namespace graft
