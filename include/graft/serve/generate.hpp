/// \file
/// Text from a model, token by token.
#pragma once

#include <graft/autodiff/ops/gather.hpp>
#include <graft/models/admitted.hpp>
#include <graft/serve/cache.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace graft {

struct GenerateOptions {
  Index max_new_tokens = 64;
  float temperature = 0.0F;  ///< 0: always the likeliest token
  Index top_k = 0;           ///< draw among this many likeliest tokens; 0: all
  float top_p = 1.0F;        ///< draw among the likeliest tokens that together have this probability (Holtzman et al. 2020)
  std::uint64_t seed = 0;
  Index task = 0;            ///< of a multitask prompt
  std::vector<Id> stop{};    ///< tokens that end the text; not part of the result
};

/// Draws a token from logits, or takes the likeliest.
inline Id sample(std::span<const float> logits, const GenerateOptions& options, Index step) {
  if (options.temperature <= 0) return static_cast<Id>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  std::vector<Index> order(logits.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return logits[a] > logits[b]; });
  if (options.top_k > 0) order.resize(std::min(order.size(), options.top_k));
  std::vector<double> weights;
  double total = 0;
  for (const Index i : order) {
    weights.push_back(std::exp(static_cast<double>((logits[i] - logits[order[0]]) / options.temperature)));
    total += weights.back();
  }
  double kept = 0;
  Index count = 0;
  while (count < order.size() && (count == 0 || kept < static_cast<double>(options.top_p) * total)) kept += weights[count++];
  double draw = static_cast<double>(uniform01({options.seed, 0}, step)) * kept;
  Index chosen = 0;
  while (chosen + 1 < count && draw >= weights[chosen]) draw -= weights[chosen++];
  return static_cast<Id>(order[chosen]);
}

/// Tokens that go on with one of a generator's sequences.
struct Continuation {
  Index sequence;
  std::vector<Id> tokens;
};

/// Runs a model on up to `sequences` texts at a time, of up to `capacity` tokens each, with the memory of all kept.
template <class Model>
class Generator {
 public:
  using backend = typename Model::backend;

  explicit Generator(const Model& model, Index capacity = 2048, Index sequences = 1) : model_(&model), cache_(sequences, capacity), starts_(sequences) {}

  /// Continues a prompt. `each(id)` is called for every new token as it comes.
  template <class Each>
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options, Each each) {
    return run({prompt}, options, [&each](Index, Id id) { each(id); })[0];
  }
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options = {}) {
    return run({prompt}, options, [](Index, Id) {})[0];
  }
  /// Continues many prompts, as many at a time as there are sequences; where one ends, the next takes its place.
  std::vector<std::vector<Id>> operator()(const std::vector<std::vector<Id>>& prompts, const GenerateOptions& options = {}) {
    return run(prompts, options, [](Index, Id) {});
  }

  /// Reads more tokens of the first sequence and returns the logits after the last.
  std::vector<float> next(const std::vector<Id>& tokens) { return next(std::vector<Continuation>{{0, tokens}}); }

  /// Reads more tokens of several sequences and returns the logits after each one's last, (sequences read, V).
  std::vector<float> next(const std::vector<Continuation>& continuations) {
    for (const auto& continuation : continuations) admit(continuation.tokens, Model::virtual_tokens);
    workspace_.reset();
    Inference<backend> tape(workspace_);
    const auto logits = read(tape, continuations);
    return download<backend>(logits.data, logits.size());
  }

 private:
  auto read(Inference<backend>& tape, const std::vector<Continuation>& continuations) {
    Batch batch;
    std::vector<Id> rows, keys, key_ends, last, owners;
    for (const auto& [sequence, tokens] : continuations) {
      if (cache_.length(sequence) == 0) remember_prefix(tape, *model_, cache_, sequence);
      const Index past = cache_.length(sequence);
      for (Index i = 0; i < tokens.size(); ++i) {
        batch.positions.push_back(static_cast<Id>(past + i - Model::unnumbered_keys));
        rows.push_back(cache_.row(sequence, past + i));
      }
      if constexpr (Model::activates) {
        if (past == 0) starts_[sequence] = last_invocation(tokens, method_offers<typename Model::method>.invocation);
        if (past == 0 && starts_[sequence] == tokens.size()) starts_[sequence] = ~Index{0};  // the text has none
        for (Index i = 0; i < tokens.size(); ++i) batch.owners.push_back(past + i >= starts_[sequence] ? 0 : 1);
        owners.push_back(batch.owners.back());
      }
      batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
      batch.starts.push_back(static_cast<Id>(batch.tokens.size()));
      keys.push_back(cache_.row(sequence, 0));
      key_ends.push_back(cache_.row(sequence, past + tokens.size()));
      last.push_back(batch.starts.back() - 1);
    }
    batch.task = task_;
    auto placed = place(tape, batch);
    const auto to = [&tape](const std::vector<Id>& ids) { return tape.ids(ids.data(), ids.size()); };
    placed.sequences.keys = to(keys);
    placed.sequences.key_ends = to(key_ends);
    const auto h = model_->hidden(tape, placed, CachedContext<Model>{placed.sequences, to(rows), &cache_}, Rows<backend>{to(last), last.size(), false, owners.empty() ? Pointer<backend, Id>{} : to(owners)});
    const auto logits = model_->logits(tape, h);
    for (const auto& [sequence, tokens] : continuations) cache_.advance(sequence, tokens.size());
    return logits;
  }

  /// Reads, and chooses the token after each sequence's last. `counts`: how many each text has got already.
  std::vector<Id> choose(const std::vector<Continuation>& continuations, const GenerateOptions& options, const std::vector<Index>& counts) {
    workspace_.reset();
    Inference<backend> tape(workspace_);
    const auto logits = read(tape, continuations);
    if (options.temperature <= 0) {  // only the winners leave the backend
      const auto ids = tape.template scratch<Id>(logits.rows);
      tape.run(0, [=](auto on) { largest_of_rows(ids, logits.data, logits.rows, logits.columns, on); });
      return download<backend>(ids, logits.rows);
    }
    std::vector<Id> chosen;
    const auto all = download<backend>(logits.data, logits.size());
    for (Index i = 0; i < logits.rows; ++i) chosen.push_back(sample(std::span(all).subspan(i * logits.columns, logits.columns), options, counts[i]));
    return chosen;
  }

  /// Tokens from outside are checked. `beyond`: how many of a soft prompt's may be among them.
  void admit(const std::vector<Id>& tokens, Index beyond = 0) const {
    Batch batch;
    batch.append(tokens, std::vector<Id>(tokens.size(), -1));
    batch.task = task_;
    auto limits = batch_limits<Model>();
    limits.tokens += beyond;
    check(batch, limits);
  }

  template <class Each>
  std::vector<std::vector<Id>> run(const std::vector<std::vector<Id>>& prompts, const GenerateOptions& options, Each each) {
    task_ = options.task;
    for (const auto& prompt : prompts) {
      admit(prompt);
      if (prompt.empty()) fail("generate: the prompt has no token");
      if (Model::virtual_tokens + Model::prefix_tokens + prompt.size() + options.max_new_tokens > cache_.capacity())
        fail("generate: ", prompt.size(), " tokens of prompt and ", options.max_new_tokens, " new ones do not fit the cache of ", cache_.capacity());
    }
    std::vector<std::vector<Id>> made(prompts.size());
    std::vector<Index> text(cache_.sequences());  // which text a sequence holds
    std::vector<Continuation> reading;
    Index begun = 0;
    const auto begin = [&](Index sequence) {
      if (begun == prompts.size()) return;
      cache_.clear(sequence);
      text[sequence] = begun;
      std::vector<Id> tokens;
      for (Index i = 0; i < Model::virtual_tokens; ++i) tokens.push_back(static_cast<Id>(Model::config::vocabulary + i));
      tokens.insert(tokens.end(), prompts[begun].begin(), prompts[begun].end());
      ++begun;
      reading.push_back({sequence, std::move(tokens)});
    };
    for (Index s = 0; s < cache_.sequences(); ++s) begin(s);
    while (options.max_new_tokens > 0 && !reading.empty()) {
      std::vector<Index> counts;
      for (const auto& continuation : reading) counts.push_back(made[text[continuation.sequence]].size());
      const auto chosen = choose(reading, options, counts);
      const auto read = std::exchange(reading, {});
      for (Index i = 0; i < read.size(); ++i) {
        auto& answer = made[text[read[i].sequence]];
        const Id id = chosen[i];
        const bool stopped = std::find(options.stop.begin(), options.stop.end(), id) != options.stop.end();
        if (!stopped) {
          answer.push_back(id);
          each(text[read[i].sequence], id);
        }
        if (!stopped && answer.size() < options.max_new_tokens) reading.push_back({read[i].sequence, {id}});
        else begin(read[i].sequence);
      }
    }
    return made;
  }

  const Model* model_;
  KeyValueCache<Model> cache_;
  Index task_ = 0;
  std::vector<Index> starts_;  ///< where an activated adapter begins in each sequence
  Workspace<backend> workspace_;
};

}  // namespace graft
