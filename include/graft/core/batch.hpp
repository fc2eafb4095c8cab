/// \file
/// What a model reads in one pass: sequences packed end to end, and the rows that have a label.
#pragma once

#include <graft/core/types.hpp>

#include <algorithm>
#include <vector>

namespace graft {

/// The sizes of a batch, all that a plan needs to know of it.
struct BatchShape {
  Index tokens = 0, sequences = 1, targets = 0, keys_ahead = 0;
  Index source = 0;  ///< tokens that an encoder reads
  Index source_keys_ahead = 0;
  Index values = 0, spans = 0;  ///< numbers of texts, and bounds of texts in which places are sought
};

/// Packed sequences on the host. `starts` has one entry more than there are sequences; `rows[i]` is the row whose
/// output must predict `targets[i]`. Rows not listed have no label: nothing is computed for them in the output head.
/// `prefixes`, where it is not empty, names for each sequence an earlier one that it continues, or −1: what several
/// sequences begin with is there once. `owners` and
/// `target_owners`, where they are not empty, say which adapter of a bank a token and a target belong to.
struct Batch {
  std::vector<Id> tokens, positions, starts{0}, rows, targets, prefixes{}, owners{}, target_owners{};
  std::vector<Id> types{};   ///< which of two texts each token is of (0 or 1), or empty: the first
  std::vector<Id> source_tokens{}, source_starts{0};  ///< for each sequence the text that an encoder reads
  std::vector<float> values{};   ///< for each target a number, where a model says numbers of texts
  std::vector<Id> spans{};       ///< where a model seeks places in texts: the first row of each text's tokens, and the row behind its last
  std::vector<Id> key_ends{};    ///< where each sequence's keys end, if that is before its tokens do: tokens behind see the text and are seen by none, like padding
  std::vector<Id> firsts{};  ///< labels of first tokens: nothing predicts them, unless a soft prompt stands before
  Index keys_ahead = 0;      ///< keys of the first sequence, which has no tokens then: a prefix's (peft/prefix_tuning.hpp)
  Index source_keys_ahead = 0;  ///< keys that stand before those of every source, for an encoder and for a decoder that looks there
  Index task = 0;            ///< which of a multitask prompt's tasks the batch is of
  Index logical_tokens = 0;  ///< of all examples, those of a shared prefix counted for each

  [[nodiscard]] constexpr BatchShape shape() const { return {tokens.size(), sequences(), targets.size(), keys_ahead, source_tokens.size(), source_keys_ahead, values.size(), spans.size()}; }
  [[nodiscard]] constexpr Index sequences() const { return starts.size() - 1; }
  [[nodiscard]] Id prefix(Index sequence) const { return prefixes.empty() ? -1 : prefixes[sequence]; }

  /// Gives all sequences since the last call to an adapter of a bank (peft/bank.hpp).
  void belongs_to(Index member) {
    owners.resize(tokens.size(), static_cast<Id>(member));
    target_owners.resize(targets.size(), static_cast<Id>(member));
  }

  /// Appends one sequence. `labels[i]` is the token at i if it is to be predicted, or negative; the label of the
  /// first token has nothing before it to predict it and is ignored. The first `shared` tokens are those of sequence
  /// `continued` and of what that one continues; they are there already and not appended again.
  void append(const std::vector<Id>& ids, const std::vector<Id>& labels, Index shared = 0, Index continued = 0) {
    const auto first = static_cast<Id>(tokens.size());
    const auto row_of = [&](Index i) {
      if (i >= shared) return first + static_cast<Id>(i - shared);
      Index s = continued;
      const auto begins = [&] { return positions[static_cast<Index>(starts[s])]; };
      while (static_cast<Id>(i) < begins()) s = static_cast<Index>(prefix(s));
      return starts[s] + static_cast<Id>(i) - begins();
    };
    if (!labels.empty() && labels[0] >= 0) firsts.push_back(labels[0]);
    for (Index i = 0; i < ids.size(); ++i) {
      if (i >= shared) {
        tokens.push_back(ids[i]);
        positions.push_back(static_cast<Id>(i));
      }
      if (i > 0 && labels[i] >= 0) {
        rows.push_back(row_of(i - 1));
        targets.push_back(labels[i]);
      }
    }
    if (shared > 0 || !prefixes.empty()) {
      prefixes.resize(sequences(), -1);
      prefixes.push_back(shared > 0 ? static_cast<Id>(continued) : -1);
    }
    starts.push_back(static_cast<Id>(tokens.size()));
    logical_tokens += ids.size();
  }

  /// Appends a text with a class: what the model makes of its first token (a decoder: of its last) must say it. `second`: where a second text begins in it.
  void append_class(const std::vector<Id>& ids, Id label, Index second = ~Index{0}) {
    rows.push_back(static_cast<Id>(tokens.size()));
    targets.push_back(label);
    append_text(ids, second);
  }
  /// Appends a text with a number that is to be said of it.
  void append_number(const std::vector<Id>& ids, float number, Index second = ~Index{0}) {
    append_class(ids, 0, second);
    values.push_back(number);
  }
  /// Appends a text whose tokens have labels where they stand, negative where one has none: classes, or what stood there before it was masked.
  void append_labelled(const std::vector<Id>& ids, const std::vector<Id>& labels, Index second = ~Index{0}) {
    for (Index i = 0; i < ids.size(); ++i)
      if (labels[i] >= 0) {
        rows.push_back(static_cast<Id>(tokens.size() + i));
        targets.push_back(labels[i]);
      }
    append_text(ids, second);
  }
  /// Appends a text in which an answer begins at token `first` and ends with token `last`.
  void append_answer(const std::vector<Id>& ids, Index first, Index last, Index second = ~Index{0}) {
    const auto begin = static_cast<Id>(tokens.size());
    rows.insert(rows.end(), {begin + static_cast<Id>(first), begin + static_cast<Id>(last)});
    targets.insert(targets.end(), {0, 1});
    spans.insert(spans.end(), {begin, begin + static_cast<Id>(ids.size())});
    append_text(ids, second);
  }
  /// Appends padding to the text before, as a library has it that pads its batches and seeks places there, too: tokens that see the text and that none sees.
  void append_padding(const std::vector<Id>& ids) {
    if (key_ends.empty()) key_ends.assign(starts.begin() + 1, starts.end());
    prefixes.resize(sequences(), -1);
    const auto text = static_cast<Id>(sequences() - 1);
    for (const Id id : ids) {
      positions.push_back(positions.back() + 1);
      tokens.push_back(id);
      if (!types.empty()) types.push_back(0);
      key_ends.push_back(starts.back());
      prefixes.push_back(text);
      starts.push_back(static_cast<Id>(tokens.size()));
    }
    spans.back() = starts.back();
  }
  /// Appends the tokens of a text.
  void append_text(const std::vector<Id>& ids, Index second = ~Index{0}) {
    if (second < ids.size() && types.empty()) types.assign(tokens.size(), 0);
    const bool typed = second < ids.size() || !types.empty();
    for (Index i = 0; i < ids.size(); ++i) {
      tokens.push_back(ids[i]);
      positions.push_back(static_cast<Id>(i));
      if (typed) types.push_back(i < second ? 0 : 1);
    }
    starts.push_back(static_cast<Id>(tokens.size()));
    if (!key_ends.empty()) key_ends.push_back(starts.back());
    if (!prefixes.empty()) prefixes.push_back(-1);
    logical_tokens += ids.size();
  }

  /// Appends what an encoder reads and what a decoder is to write: labels, negative where nothing is to be predicted. The decoder reads
  /// `start` and then the labels, each one place later.
  void append_pair(const std::vector<Id>& source, const std::vector<Id>& labels, Id start = 0) {
    source_tokens.insert(source_tokens.end(), source.begin(), source.end());
    source_starts.push_back(static_cast<Id>(source_tokens.size()));
    for (Index i = 0; i < labels.size(); ++i) {
      if (labels[i] >= 0) {
        rows.push_back(static_cast<Id>(tokens.size()));
        targets.push_back(labels[i]);
      }
      tokens.push_back(i == 0 ? start : std::max<Id>(labels[i - 1], 0));
      positions.push_back(static_cast<Id>(i));
    }
    starts.push_back(static_cast<Id>(tokens.size()));
    logical_tokens += source.size() + labels.size();
  }

  /// The same with tokens first … first+count−1 before every text that the encoder reads.
  [[nodiscard]] Batch source_behind(Index first, Index count) const {
    Batch all = *this;
    all.source_tokens.clear();
    for (Index s = 0; s + 1 < source_starts.size(); ++s) {
      for (Index i = 0; i < count; ++i) all.source_tokens.push_back(static_cast<Id>(first + i));
      all.source_tokens.insert(all.source_tokens.end(), source_tokens.begin() + source_starts[s], source_tokens.begin() + source_starts[s + 1]);
      all.source_starts[s + 1] = static_cast<Id>(all.source_tokens.size());
    }
    return all;
  }

  /// The same with tokens first … first+count−1 before every sequence, once for each: where tokens see what stands behind them too, or what an encoder
  /// made of a source of their own. `first_again`: a row that stands for its sequence is the first again.
  [[nodiscard]] Batch each_behind(Index first, Index count, bool first_again = true) const {
    Batch all;
    all.source_tokens = source_tokens;
    all.source_starts = source_starts;
    all.starts.clear();
    const auto more = static_cast<Id>(count);
    for (Index s = 0; s < sequences(); ++s) {
      all.starts.push_back(starts[s] + static_cast<Id>(s) * more);
      for (Id i = 0; i < more; ++i) {
        all.tokens.push_back(static_cast<Id>(first) + i);
        all.positions.push_back(i);
        if (!types.empty()) all.types.push_back(0);
      }
      for (auto t = static_cast<Index>(starts[s]); t < static_cast<Index>(starts[s + 1]); ++t) {
        all.tokens.push_back(tokens[t]);
        all.positions.push_back(positions[t] + more);
        if (!types.empty()) all.types.push_back(types[t]);
      }
      for (Index r = 0; r < rows.size(); ++r) {
        if (rows[r] < starts[s] || rows[r] >= starts[s + 1]) continue;
        all.rows.push_back(first_again && rows[r] == starts[s] ? all.starts[s] : rows[r] + static_cast<Id>(s + 1) * more);
        all.targets.push_back(targets[r]);
      }
    }
    all.starts.push_back(static_cast<Id>(all.tokens.size()));
    for (Index i = 0; i < spans.size(); ++i) all.spans.push_back(spans[i] + static_cast<Id>(i / 2 + 1) * more);
    all.values = values;
    all.task = task;
    all.logical_tokens = logical_tokens;
    return all;
  }

  /// The same with tokens first … first+count−1 before every sequence: there once, as a sequence that the others continue.
  [[nodiscard]] Batch behind(Index first, Index count) const {
    Batch all;
    const auto more = static_cast<Id>(count);
    for (Id i = 0; i < more; ++i) {
      all.tokens.push_back(static_cast<Id>(first) + i);
      all.positions.push_back(i);
    }
    all.tokens.insert(all.tokens.end(), tokens.begin(), tokens.end());
    for (const Id p : positions) all.positions.push_back(p + more);
    for (const Id s : starts) all.starts.push_back(s + more);
    all.prefixes.push_back(-1);
    for (Index s = 0; s < sequences(); ++s) all.prefixes.push_back(prefix(s) + 1);
    for (const Id label : firsts) {
      all.rows.push_back(more - 1);
      all.targets.push_back(label);
    }
    for (const Id r : rows) all.rows.push_back(r + more);
    all.targets.insert(all.targets.end(), targets.begin(), targets.end());
    for (const Id row : spans) all.spans.push_back(row + more);
    all.values = values;
    all.task = task;
    all.logical_tokens = logical_tokens;
    return all;
  }

  /// The same where every sequence sees `count` keys before its own that no token made; `shift`: whether positions make room for them.
  [[nodiscard]] Batch behind_keys(Index count, bool shift) const {
    Batch all = *this;
    all.keys_ahead = count;
    for (Id& p : all.positions) p += shift ? static_cast<Id>(count) : 0;
    all.starts.insert(all.starts.begin(), 0);
    all.prefixes.assign(1, -1);
    for (Index s = 0; s < sequences(); ++s) all.prefixes.push_back(prefix(s) + 1);
    return all;
  }
};

}  // namespace graft
