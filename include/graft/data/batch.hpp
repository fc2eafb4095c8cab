/// \file
/// What a model reads in one pass: sequences packed end to end, and the rows that have a label.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace graft {

/// The sizes of a batch, all that a plan needs to know of it.
struct BatchShape {
  /// how many there are of each; keys that no token made
  Index tokens = 0, sequences = 1, targets = 0, keys_ahead = 0;
  Index source = 0;                    ///< tokens that an encoder reads
  Index source_keys_ahead = 0;         ///< the same before the encoder's texts
  Index values = 0, spans = 0;         ///< numbers of texts, and bounds of texts in which places are sought
  Index firsts = 0;                    ///< labels of first tokens
  Index prefixes = 0, continuing = 0;  ///< sequences, if any may continue another, and those that do
  Index types = 0, key_ends = 0;       ///< tokens that have a type, sequences that say where their keys end
  Index owners = 0;                    ///< adapters of a bank that have tokens, if the batch says whose they are
  bool operator==(const BatchShape&) const = default;
};

/// Packed sequences on the host. `starts` has one entry more than there are sequences; `rows[i]` is the row whose
/// output must predict `targets[i]`. Rows not listed have no label: nothing is computed for them in the output head.
/// `prefixes`, where it is not empty, names for each sequence an earlier one that it continues, or −1: what several
/// sequences begin with is there once. `owners` and
/// `target_owners`, where they are not empty, say which adapter of a bank a token and a target belong to.
struct Batch {
  /// tokens end to end, their positions, where each sequence starts; rows that have a label, and their labels; the
  /// sequence that each continues; whose adapter's tokens and labels are
  std::vector<Id> tokens, positions, starts{0}, rows, targets, prefixes{}, owners{}, target_owners{};
  std::vector<Id> types{};  ///< which of two texts each token is of (0 or 1), or empty: the first
  std::vector<Id> source_tokens{}, source_starts{0};  ///< for each sequence the text that an encoder reads
  std::vector<float> values{};                        ///< for each target a number, where a model says numbers of texts
  /// where a model seeks places in texts: the first row of each text's tokens, and the row behind its last
  std::vector<Id> spans{};
  /// where each sequence's keys end, if that is before its tokens do: tokens behind see the text and are seen by none,
  /// like padding
  std::vector<Id> key_ends{};
  /// For each sequence the label of its first token, or −1; shorter where the last have none. Nothing predicts them,
  /// unless a soft prompt stands before.
  std::vector<Id> firsts{};
  /// keys of the first sequence, which has no tokens then: a prefix's (peft/prompts/prefix_tuning.hpp)
  Index keys_ahead = 0;
  /// keys that stand before those of every source, for an encoder and for a decoder that looks there
  Index source_keys_ahead = 0;
  Index task = 0;            ///< which of a multitask prompt's tasks the batch is of
  Index logical_tokens = 0;  ///< of all examples, those of a shared prefix counted for each

  [[nodiscard]] BatchShape shape() const {
    const auto counted = [](const std::vector<Id>& numbers) {
      return static_cast<Index>(std::count_if(numbers.begin(), numbers.end(), [](Id n) { return n >= 0; }));
    };
    return {.tokens = tokens.size(),
            .sequences = sequences(),
            .targets = targets.size(),
            .keys_ahead = keys_ahead,
            .source = source_tokens.size(),
            .source_keys_ahead = source_keys_ahead,
            .values = values.size(),
            .spans = spans.size(),
            .firsts = counted(firsts),
            .prefixes = prefixes.size(),
            .continuing = counted(prefixes),
            .types = types.size(),
            .key_ends = key_ends.size(),
            .owners = members().size()};
  }
  [[nodiscard]] constexpr Index sequences() const { return starts.size() - 1; }
  /// The sequence that it continues, or −1.
  [[nodiscard]] Id prefix(Index sequence) const { return prefixes.empty() ? -1 : prefixes[sequence]; }

  /// The adapters of a bank that its tokens belong to, each once, in order.
  [[nodiscard]] std::vector<Id> members() const {
    std::vector<Id> all = owners;
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  /// Gives all sequences since the last call to an adapter of a bank (peft/low_rank/bank.hpp).
  void belongs_to(Index member) {
    if (member > static_cast<Index>(std::numeric_limits<Id>::max())) fail("belongs_to: there is no adapter ", member);
    owners.resize(tokens.size(), static_cast<Id>(member));
    target_owners.resize(targets.size(), static_cast<Id>(member));
  }

  /// Appends one sequence. `labels[i]` is the token at i if it is to be predicted, or negative; the label of the
  /// first token has nothing before it to predict it and is ignored. The first `shared` tokens are those of sequence
  /// `continued` and of what that one continues; they are there already and not appended again.
  /// \throws Error where there are not as many labels as tokens, no tokens, or fewer shared ones there.
  void append(const std::vector<Id>& ids, const std::vector<Id>& labels, Index shared = 0, Index continued = 0) {
    require_as_many(ids, labels);
    if (shared > 0) {
      if (continued >= sequences())
        fail("append: sequence ", continued, " is to be continued, and the batch has ", sequences());
      const auto there = begins(continued) + static_cast<Index>(starts[continued + 1] - starts[continued]);
      if (shared > std::min(ids.size(), there))
        fail("append: ", shared, " tokens are to be shared of a text of ", ids.size(), " with one of ", there);
    }
    const auto first = static_cast<Id>(tokens.size());
    const auto row_of = [&](Index i) {
      if (i >= shared) return first + static_cast<Id>(i - shared);
      Index s = continued;
      while (i < begins(s)) s = static_cast<Index>(prefix(s));
      return starts[s] + static_cast<Id>(i - begins(s));
    };
    if (labels[0] >= 0) {
      firsts.resize(sequences(), -1);
      firsts.push_back(labels[0]);
    }
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

  /// Appends a text with a class: what the model makes of its first token (a decoder: of its last) must say it.
  /// `second`: where a second text begins in it.
  void append_class(const std::vector<Id>& ids, Id label, Index second = ~Index{0}) {
    const auto first = static_cast<Id>(tokens.size());
    append_text(ids, second);
    rows.push_back(first);
    targets.push_back(label);
  }
  /// Appends a text with a number that is to be said of it.
  void append_number(const std::vector<Id>& ids, float number, Index second = ~Index{0}) {
    append_class(ids, 0, second);
    values.push_back(number);
  }
  /// Appends a text whose tokens have labels where they stand, negative where one has none: classes, or what stood
  /// there before it was masked.
  void append_labelled(const std::vector<Id>& ids, const std::vector<Id>& labels, Index second = ~Index{0}) {
    require_as_many(ids, labels);
    for (Index i = 0; i < ids.size(); ++i)
      if (labels[i] >= 0) {
        rows.push_back(static_cast<Id>(tokens.size() + i));
        targets.push_back(labels[i]);
      }
    append_text(ids, second);
  }
  /// Appends a text in which an answer begins at token `first` and ends with token `last`.
  void append_answer(const std::vector<Id>& ids, Index first, Index last, Index second = ~Index{0}) {
    if (first > last || last >= ids.size())
      fail("append: an answer from token ", first, " to ", last, " in a text of ", ids.size());
    const auto begin = static_cast<Id>(tokens.size());
    rows.insert(rows.end(), {begin + static_cast<Id>(first), begin + static_cast<Id>(last)});
    targets.insert(targets.end(), {0, 1});
    spans.insert(spans.end(), {begin, begin + static_cast<Id>(ids.size())});
    append_text(ids, second);
  }
  /// Appends padding to the text before, as a library has it that pads its batches and seeks places there, too: tokens
  /// that see the text and that none sees.
  void append_padding(const std::vector<Id>& ids) {
    if (tokens.empty() || spans.empty()) fail("append_padding: there is no text before, in which an answer is sought");
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
    if (ids.empty()) fail("append: the text has no token");
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

  /// Appends what an encoder reads and what a decoder is to write: labels, negative where nothing is to be predicted.
  /// The decoder reads `start` and then the labels, each one place later.
  void append_pair(const std::vector<Id>& source, const std::vector<Id>& labels, Id start = 0) {
    if (source.empty()) fail("append: the source has no token");
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

 private:
  /// How many tokens stand before a sequence's own in what it continues.
  [[nodiscard]] Index begins(Index sequence) const {
    const Id before = prefix(sequence);
    return before < 0 ? 0
                      : begins(static_cast<Index>(before)) + static_cast<Index>(starts[static_cast<Index>(before) + 1] -
                                                                                starts[static_cast<Index>(before)]);
  }
  static void require_as_many(const std::vector<Id>& ids, const std::vector<Id>& labels) {
    if (ids.empty()) fail("append: the text has no token");
    if (ids.size() != labels.size()) fail("append: ", labels.size(), " labels for ", ids.size(), " tokens");
  }
};

}  // namespace graft
