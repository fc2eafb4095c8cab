/// \file
/// What stands before the texts that a model reads: tokens of a soft prompt, keys of a prefix, and the position that
/// texts begin at. The rule by which it gets there is written here, once for batches, for the sizes that a plan is made
/// of, and for texts that a model writes with a cache.
#pragma once

#include <graft/data/batch_limits.hpp>

#include <numeric>

namespace graft {

/// A model's own is `Model::ahead`. As it is made, nothing stands before a text.
struct Ahead {
  /// Tokens first … first+count−1, whose rows are behind those of the vocabulary.
  struct Prompt {
    Index first = 0, count = 0;  ///< the number of its first token, and how many there are

    [[nodiscard]] std::vector<Id> tokens() const {
      std::vector<Id> all(count);
      std::iota(all.begin(), all.end(), static_cast<Id>(first));
      return all;
    }
  };
  Prompt text{};    ///< before each text; where an encoder reads another one, a text is what the decoder writes
  Prompt source{};  ///< before each text that an encoder reads for a decoder
  /// Tokens see only what stands before them, so that a prompt is there once for all texts that continue it (once for
  /// each adapter of a bank, which see it otherwise). Else it is there before each text.
  bool once = true;
  bool first_again = false;  ///< a row that stands for its text is the first: of the prompt, if one is before it
  Index keys = 0;            ///< keys that no token made, before those of each text
  /// and before those of each source, for an encoder and for a decoder that looks there
  Index source_keys = 0;
  bool keys_take_positions = true;  ///< whether positions make room for keys
  Index first_position = 0;         ///< of the first token

  /// Whether anything stands before a text.
  [[nodiscard]] constexpr bool any() const {
    return text.count + source.count + keys + source_keys + first_position > 0;
  }
  /// Rows of a cache before those of a text.
  [[nodiscard]] constexpr Index rows() const { return keys + text.count; }
  /// Where the token stands that is in row `row` of a text's cache.
  [[nodiscard]] constexpr Index position(Index row) const {
    return row - (keys_take_positions ? 0 : keys) + first_position;
  }
  /// How many tokens there are, those of prompts behind the vocabulary's.
  [[nodiscard]] constexpr Index tokens(Index vocabulary) const {
    return std::max(
        {vocabulary, text.count > 0 ? text.first + text.count : 0, source.count > 0 ? source.first + source.count : 0});
  }
};

/// The same batch with a prompt's tokens before every source.
[[nodiscard]] inline Batch sources_behind(const Ahead::Prompt& prompt, Batch batch) {
  const auto before = prompt.tokens();
  std::vector<Id> tokens;
  auto starts = batch.source_starts;
  for (Index s = 0; s + 1 < starts.size(); ++s) {
    tokens.insert(tokens.end(), before.begin(), before.end());
    tokens.insert(tokens.end(), batch.source_tokens.begin() + batch.source_starts[s],
                  batch.source_tokens.begin() + batch.source_starts[s + 1]);
    starts[s + 1] = static_cast<Id>(tokens.size());
  }
  batch.source_tokens = std::move(tokens);
  batch.source_starts = std::move(starts);
  return batch;
}

/// The same batch with the prompt's tokens before its texts: once for all, or before each that continues none.
[[nodiscard]] inline Batch texts_behind(const Ahead& ahead, const Batch& batch) {
  const auto count = static_cast<Id>(ahead.text.count);
  Batch all;
  all.source_tokens = batch.source_tokens;
  all.source_starts = batch.source_starts;
  all.values = batch.values;
  all.task = batch.task;
  all.logical_tokens = batch.logical_tokens;
  const auto put = [&](Id token, Id position, Id type, Id owner) {
    all.tokens.push_back(token);
    all.positions.push_back(position);
    if (!batch.types.empty()) all.types.push_back(type);
    if (!batch.owners.empty()) all.owners.push_back(owner);
  };
  const auto put_prompt = [&](Id owner) {
    for (Id i = 0; i < count; ++i) put(static_cast<Id>(ahead.text.first) + i, i, 0, owner);
  };
  const auto end_sequence = [&](Index tokens_without_keys) {
    all.starts.push_back(static_cast<Id>(all.tokens.size()));
    if (!batch.key_ends.empty()) all.key_ends.push_back(all.starts.back() - static_cast<Id>(tokens_without_keys));
  };
  const auto owner_of = [&batch](Index s) {
    const auto first = static_cast<Index>(batch.starts[s]);
    return first < batch.owners.size() ? batch.owners[first] : 0;
  };
  auto members = batch.members();
  if (members.empty()) members.push_back(0);
  const auto prompt_of = [&](Index s) {  // the sequence that it is
    while (batch.prefix(s) >= 0) s = static_cast<Index>(batch.prefix(s));
    return std::lower_bound(members.begin(), members.end(), owner_of(s)) - members.begin();
  };

  if (ahead.once) {
    for (const Id member : members) {
      put_prompt(member);
      end_sequence(0);
      all.prefixes.push_back(-1);
    }
    for (Index s = 0; s < batch.firsts.size(); ++s) {
      if (batch.firsts[s] < 0) continue;
      const auto prompt = prompt_of(s);
      all.rows.push_back((static_cast<Id>(prompt) + 1) * count - 1);
      all.targets.push_back(batch.firsts[s]);
      if (!batch.owners.empty()) all.target_owners.push_back(members[static_cast<Index>(prompt)]);
    }
  }
  std::vector<Id> now;  // where the row of each token is
  for (Index s = 0; s < batch.sequences(); ++s) {
    const Id prefix = batch.prefix(s);
    if (ahead.once)
      all.prefixes.push_back(static_cast<Id>(prefix < 0 ? prompt_of(s) : prefix + static_cast<Id>(members.size())));
    else if (!batch.prefixes.empty()) all.prefixes.push_back(prefix);
    if (!ahead.once && prefix < 0) put_prompt(owner_of(s));
    for (auto t = static_cast<Index>(batch.starts[s]); t < static_cast<Index>(batch.starts[s + 1]); ++t) {
      now.push_back(static_cast<Id>(all.tokens.size()));
      put(batch.tokens[t], batch.positions[t] + count, batch.types.empty() ? 0 : batch.types[t],
          batch.owners.empty() ? 0 : batch.owners[t]);
    }
    end_sequence(batch.key_ends.empty() ? 0 : static_cast<Index>(batch.starts[s + 1] - batch.key_ends[s]));
  }
  const auto row = [&now](Id before) { return now[static_cast<Index>(before)]; };
  for (const Id r : batch.rows) {
    const bool first = ahead.first_again && !ahead.once && batch.positions[static_cast<Index>(r)] == 0;
    all.rows.push_back(first ? row(r) - count : row(r));
  }
  all.targets.insert(all.targets.end(), batch.targets.begin(), batch.targets.end());
  all.target_owners.insert(all.target_owners.end(), batch.target_owners.begin(), batch.target_owners.end());
  for (Index i = 0; i < batch.spans.size(); ++i)
    all.spans.push_back(i % 2 == 0 ? row(batch.spans[i]) : row(batch.spans[i] - 1) + 1);
  return all;
}

/// A batch as a model reads it.
/// \throws Error where the batch contradicts itself (`needs`).
[[nodiscard]] inline Batch behind(const Ahead& ahead, Batch batch) {
  static_cast<void>(needs(batch));
  if (batch.keys_ahead + batch.source_keys_ahead > 0)
    fail("a batch stands behind a prefix already: it has been prepared for a model, which prepares what it is given");
  if (ahead.source.count > 0) batch = sources_behind(ahead.source, std::move(batch));
  if (ahead.text.count > 0) batch = texts_behind(ahead, batch);
  for (Id& p : batch.positions) p += static_cast<Id>(ahead.first_position);
  if (ahead.first_position > 0)
    for (Index s = 0; s < batch.key_ends.size(); ++s)  // padding stands before all
      if (batch.key_ends[s] == batch.starts[s] && batch.starts[s] < batch.starts[s + 1])
        batch.positions[static_cast<Index>(batch.starts[s])] = static_cast<Id>(ahead.first_position) - 1;
  if (ahead.keys > 0) {  // in a sequence without tokens, which the others continue
    if (ahead.keys_take_positions)
      for (Id& p : batch.positions) p += static_cast<Id>(ahead.keys);
    batch.prefixes.resize(batch.sequences(), -1);
    for (Id& p : batch.prefixes) ++p;
    batch.prefixes.insert(batch.prefixes.begin(), -1);
    batch.starts.insert(batch.starts.begin(), 0);
    if (!batch.key_ends.empty()) batch.key_ends.insert(batch.key_ends.begin(), 0);
    batch.keys_ahead = ahead.keys;
  }
  batch.source_keys_ahead = ahead.source_keys;
  batch.firsts.clear();
  return batch;
}

/// The sizes of such a batch: `behind(ahead, batch.shape()) == behind(ahead, batch).shape()`.
[[nodiscard]] constexpr BatchShape behind(const Ahead& ahead, BatchShape shape) {
  if (shape.source > 0) shape.source += shape.sequences * ahead.source.count;
  if (ahead.text.count > 0 && ahead.once) {
    const Index prompts = std::max<Index>(shape.owners, 1);
    shape.tokens += prompts * ahead.text.count;
    shape.continuing = shape.sequences;
    shape.sequences += prompts;
    shape.targets += shape.firsts;
    shape.prefixes = shape.sequences;
  } else if (ahead.text.count > 0) {
    shape.tokens += (shape.sequences - shape.continuing) * ahead.text.count;
  }
  if (ahead.text.count > 0) {
    if (shape.types > 0) shape.types = shape.tokens;
    if (shape.key_ends > 0) shape.key_ends = shape.sequences;
  }
  if (ahead.keys > 0) {
    shape.continuing = shape.sequences++;
    shape.prefixes = shape.sequences;
    if (shape.key_ends > 0) shape.key_ends = shape.sequences;
    shape.keys_ahead = ahead.keys;
  }
  shape.source_keys_ahead = ahead.source_keys;
  shape.firsts = 0;
  return shape;
}

}  // namespace graft
