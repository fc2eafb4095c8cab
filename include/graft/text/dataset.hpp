/// \file
/// Data sets: JSON lines → examples of token ids with labels → packed batches.
///
/// A line is {"prompt", "completion"}, {"messages": [{"role", "content"}, …]} or {"text"}. Completions and the
/// assistant's turns are supervised, their end-of-turn token included; plain text is supervised whole.
#pragma once

#include <graft/core/batch.hpp>
#include <graft/core/random.hpp>
#include <graft/io/json.hpp>
#include <graft/text/chat.hpp>
#include <graft/text/tokenizer.hpp>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

namespace graft {

/// Token ids, and for each the same id where it is supervised or −1.
struct Example {
  std::vector<Id> ids, labels;

  [[nodiscard]] Index supervised() const {
    Index n = 0;
    for (Index i = 1; i < labels.size(); ++i) n += labels[i] >= 0 ? 1 : 0;
    return n;
  }
  void append(const std::vector<Id>& more, bool is_supervised) {
    ids.insert(ids.end(), more.begin(), more.end());
    for (const Id id : more) labels.push_back(is_supervised ? id : -1);
  }
};

/// Every line of a JSON-lines file; a broken one is named by its number.
inline std::vector<Json> read_jsonl(const std::filesystem::path& path) {
  std::vector<Json> rows;
  const std::string text = read_file(path);
  Index number = 0;
  for (Index at = 0; at < text.size();) {
    const Index end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    rows.push_back(parse_json(line, path.string() + ", line " + std::to_string(number)));
    if (!rows.back().is_object()) fail(path.string(), ", line ", number, ": not a JSON object");
  }
  if (rows.empty()) fail(path.string(), ": there is no example in it");
  return rows;
}

/// Turns rows into examples.
struct Formatter {
  const Tokenizer& tokenizer;
  std::optional<ChatTemplate> chat;  ///< without one, prompt and completion are joined as they are
  std::string instruction;           ///< put before every prompt
  Index longest = 2048;              ///< examples of more tokens are refused

  /// What the model is given to answer.
  [[nodiscard]] std::string prompt(const std::string& text) const {
    return chat ? chat->render({{"user", instruction + text}}, true) : instruction + text;
  }

  [[nodiscard]] Example example(const Json& row, const std::string& source) const {
    Example result;
    if (row.contains("messages")) {
      if (!chat) fail(source, ": \"messages\" need a model with a chat template");
      std::vector<Message> so_far;
      Index rendered = 0;
      for (const Json& message : row.at("messages")) {
        const bool answer = required<std::string>(message, "role", source) == "assistant";
        if (answer) {
          const std::string opened = chat->render(so_far, true);
          result.append(tokenizer.encode(std::string_view(opened).substr(rendered)), false);
          rendered = opened.size();
        }
        so_far.push_back({required<std::string>(message, "role", source), required<std::string>(message, "content", source)});
        if (answer) {
          const std::string said = so_far.back().content + ChatTemplate::end_of_turn();
          result.append(tokenizer.encode(said), true);
          rendered += said.size();
        }
      }
    } else if (row.contains("completion")) {
      result.append(tokenizer.encode(prompt(required<std::string>(row, "prompt", source))), false);
      const std::string end = chat ? ChatTemplate::end_of_turn() : "";
      result.append(tokenizer.encode(required<std::string>(row, "completion", source) + end), true);
    } else if (row.contains("text")) {
      result.append(tokenizer.encode(required<std::string>(row, "text", source)), true);
    } else {
      fail(source, ": an example needs \"prompt\" and \"completion\", or \"messages\", or \"text\"");
    }
    if (result.ids.size() > longest) fail(source, ": the example has ", result.ids.size(), " tokens, more than the limit of ", longest);
    if (result.supervised() == 0) fail(source, ": no token of the example is supervised; is the completion empty?");
    return result;
  }

  [[nodiscard]] std::vector<Example> examples(const std::vector<Json>& rows, const std::string& source) const {
    std::vector<Example> all;
    for (Index i = 0; i < rows.size(); ++i) all.push_back(example(rows[i], source + ", example " + std::to_string(i + 1)));
    return all;
  }
};

/// Tokens that examples must have in common for these to be computed once.
inline constexpr Index least_shared = 16;

/// How many tokens two examples begin with alike, each keeping one of its own.
inline Index shared_tokens(const Example& a, const Example& b) {
  const Index most = std::min(a.ids.size(), b.ids.size()) - 1;
  Index n = 0;
  while (n < most && a.ids[n] == b.ids[n]) ++n;
  return n;
}

/// Appends examples in the order of their tokens. What several begin with is appended once, as a sequence that they continue,
/// which may itself continue another: `shared` tokens of all of them are those of sequence `continued`.
inline void append_sharing(Batch& batch, std::span<const Example* const> examples, Index shared = 0, Index continued = 0) {
  if (examples.size() > 1) {
    Index common = examples[0]->ids.size();
    for (Index i = 1; i < examples.size(); ++i) common = std::min(common, shared_tokens(*examples[i - 1], *examples[i]));
    if (common >= shared + least_shared) {
      const std::vector<Id> beginning(examples[0]->ids.begin(), examples[0]->ids.begin() + static_cast<std::ptrdiff_t>(common));
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

/// Packs the examples of every member of a bank (peft/bank.hpp) end to end into batches of at most `most_tokens` (one example
/// may exceed it alone). What a member's examples in a batch begin with alike (a task's instruction, examples of the task) is
/// computed once, its gradient summed; for that, they are packed in the order of their tokens.
inline std::vector<Batch> pack_members(std::span<const std::vector<const Example*>> members, Index most_tokens) {
  std::vector<Batch> batches;
  Index room = 0;
  for (Index m = 0; m < members.size(); ++m) {
    auto order = members[m];
    std::stable_sort(order.begin(), order.end(), [](const Example* a, const Example* b) { return a->ids < b->ids; });
    for (Index i = 0; i < order.size();) {
      Index end = i, tokens = 0;
      for (; end < order.size(); ++end) {
        const Index common = end == i ? 0 : shared_tokens(*order[end - 1], *order[end]);
        const Index more = order[end]->ids.size() - (common >= least_shared ? common : 0);
        if (tokens + more > room && (end > i || room < most_tokens)) break;
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

}  // namespace graft
