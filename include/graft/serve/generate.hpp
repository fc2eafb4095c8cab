/// \file
/// Text from a model, token by token.
#pragma once

#include <graft/autodiff/ops/gather.hpp>
#include <graft/serve/cache.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graft {

struct GenerateOptions {
  Index max_new_tokens = 64;
  float temperature = 0.0F;  ///< 0: always the likeliest token
  Index top_k = 0;           ///< draw among this many likeliest tokens; 0: all
  float top_p = 1.0F;        ///< draw among the likeliest tokens that together have this probability (Holtzman et al. 2020)
  std::uint64_t seed = 0;
  std::vector<Id> stop{};    ///< tokens that end the text; not part of the result
};

/// Draws a token from logits, or takes the likeliest.
inline Id sample(const std::vector<float>& logits, const GenerateOptions& options, Index step) {
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

/// Runs a model on one sequence after another with the memory of both kept.
template <class Model>
class Generator {
 public:
  using backend = typename Model::backend;

  explicit Generator(const Model& model, Index capacity = 2048) : model_(&model), cache_(capacity) {}

  /// Continues a prompt. `each(id)` is called for every new token as it comes.
  template <class Each>
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options, Each each) {
    if (prompt.empty()) fail("generate: the prompt has no token");
    if (prompt.size() + options.max_new_tokens > cache_.capacity())
      fail("generate: ", prompt.size(), " tokens of prompt and ", options.max_new_tokens, " new ones do not fit the cache of ", cache_.capacity());
    cache_.clear();
    std::vector<Id> made;
    std::vector<float> logits = next(prompt);
    while (made.size() < options.max_new_tokens) {
      const Id id = sample(logits, options, made.size());
      if (std::find(options.stop.begin(), options.stop.end(), id) != options.stop.end()) break;
      made.push_back(id);
      each(id);
      if (made.size() < options.max_new_tokens) logits = next({id});
    }
    return made;
  }
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options = {}) {
    return (*this)(prompt, options, [](Id) {});
  }

  /// Reads more tokens of the current sequence and returns the logits after the last.
  std::vector<float> next(const std::vector<Id>& tokens) {
    workspace_.reset();
    Inference<backend> tape(workspace_);
    const auto past = static_cast<Id>(cache_.length()), count = static_cast<Id>(tokens.size());
    Batch batch;
    batch.tokens = tokens;
    for (Id i = 0; i < count; ++i) batch.positions.push_back(past + i);
    batch.starts = {0, count};
    auto placed = place(tape, batch);
    const std::vector<Id> keys{0, past + count}, last{count - 1};
    placed.sequences.keys = tape.ids(keys.data(), 2);
    const auto h = model_->hidden(tape, placed, CachedContext<Model>{placed.sequences, &cache_});
    const auto logits = model_->logits(tape, gather(tape, h, tape.ids(last.data(), 1), 1));
    cache_.advance(tokens.size());
    return download<backend>(logits.data, logits.size());
  }

 private:
  const Model* model_;
  KeyValueCache<Model> cache_;
  Workspace<backend> workspace_;
};

}  // namespace graft
