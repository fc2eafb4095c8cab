/// \file
/// Text from an encoder–decoder: the source is read once, its keys and values kept for all blocks; then the decoder
/// writes token by token.
#pragma once

#include <graft/serve/generate.hpp>

namespace graft {

/// What a decoder's blocks see of their sources, (tokens, H·D) keys and values for each.
template <class Model>
struct SourceMemory {
  using backend = typename Model::backend;
  using element = typename Model::element;
  static constexpr Index columns = Model::config::heads * Model::config::head_width;

  std::vector<Buffer<backend>> memory;  ///< keys and values of each block in turn
  Index rows = 0;
  bool filled = false;  ///< whether keys and values are there

  /// Makes room for a source of so many tokens.
  void clear(Index tokens) {
    if (tokens > rows || memory.empty()) {
      memory.clear();
      for (Index i = 0; i < 2 * Model::config::blocks; ++i) memory.emplace_back(tokens * columns * sizeof(element));
    }
    rows = tokens;
    filled = false;
  }
};

/// A source in the memory of all steps, in place of what the encoder yields.
template <class Model>
struct KeptSource {
  using backend = typename Model::backend;
  using keeps_keys = void;  ///< marks it: cross-attention's keys are computed once
  Var<backend, Model::config::width, Gradient::none, typename Model::element> source;
  SourceMemory<Model>* memory;  ///< what is kept

  /// Keys and values of a block; made(source) at the first step.
  template <class T, class Made>
  auto kept(T& tape, Index block, const Made& made) const {
    using V = std::tuple_element_t<0, decltype(made(source))>;
    const V k{memory->rows, memory->memory[2 * block].template as<typename V::element>()},
        v{memory->rows, memory->memory[2 * block + 1].template as<typename V::element>()};
    if (!memory->filled) {
      const auto [new_k, new_v] = made(source);
      tape.run(0, [k = k, v = v, from_k = new_k, from_v = new_v](auto on) {
        scale(k.data, from_k.data, 1.0F, k.size(), false, on);
        scale(v.data, from_v.data, 1.0F, v.size(), false, on);
      });
    }
    return std::tuple{k, v};
  }
};

/// Runs a model on up to `sequences` sources at a time, writing up to `capacity` tokens for each. `start`: what a
/// decoder begins with.
template <class Model>
class EncoderDecoderGenerator : public Writer<EncoderDecoderGenerator<Model>> {
 public:
  using backend = typename Model::backend;
  using element = typename Model::element;

  /// \throws Error of a model whose weights have no values, and where there is no room for a sequence.
  explicit EncoderDecoderGenerator(const Model& model, Index capacity = 512, Index sequences = 1, Id start = 0)
      : model_(&model), cache_(sequences, capacity + Model::ahead.rows() + 1), start_(start) {
    require_initialized(model);
  }

  /// Answers many sources, as many at a time as there are sequences. `each(source, id)` is called for every new token
  /// as it comes.
  std::vector<std::vector<Id>> run(std::span<const std::vector<Id>> sources, const GenerateOptions& options,
                                   FunctionRef<void(Index, Id)> each) {
    std::vector<std::vector<Id>> all;
    while (all.size() < sources.size()) {
      const Index first = all.size();
      const auto some = sources.subspan(first, std::min(cache_.sequences(), sources.size() - first));
      for (auto& answer : answers(some, options, [&](Index source, Id id) { each(first + source, id); }))
        all.push_back(std::move(answer));
    }
    return all;
  }

 private:
  /// Reads the sources; what the encoder yields stays in `encoded_`.
  void read(std::span<const std::vector<Id>> sources, Index task) {
    Batch batch;
    for (const auto& source : sources) {
      if (source.empty()) fail("generate: the source has no token");
      batch.append_pair(source, {start_}, start_);
    }
    batch.task = task;
    const Batch& prepared = admitted<Model>(batch);
    source_starts_ = prepared.source_starts;
    workspace_.reset();
    Inference<backend> tape(workspace_);
    const auto s = model_->encoded(tape, place(tape, prepared));
    encoded_rows_ = s.rows;
    encoded_ = Buffer<backend>(s.size() * sizeof(element));
    tape.run(0, [to = encoded_.template as<element>(), s](auto on) { scale(to, s.data, 1.0F, s.size(), false, on); });
    memory_.clear(Model::ahead.source_keys + s.rows);
    for (Index i = 0; i < sources.size(); ++i) {
      cache_.clear(i);
      remember_prefix(tape, *model_, cache_, i);
    }
  }

  /// More tokens of some sequences: the logits behind each one's last.
  std::vector<float> next(const std::vector<Index>& sequences, const std::vector<std::vector<Id>>& tokens) {
    workspace_.reset();
    Inference<backend> tape(workspace_);
    Batch batch;
    constexpr auto prefix = static_cast<Id>(Model::ahead.source_keys);
    std::vector<Id> rows, keys, key_ends, source_begins, source_ends, last;
    if (prefix > 0) {
      source_begins.push_back(0);
      source_ends.push_back(prefix);
    }
    for (Index i = 0; i < sequences.size(); ++i) {
      const Index s = sequences[i], past = cache_.length(s);
      for (Index t = 0; t < tokens[i].size(); ++t) {
        batch.tokens.push_back(tokens[i][t]);
        batch.positions.push_back(static_cast<Id>(Model::ahead.position(past + t)));
        rows.push_back(cache_.row(s, past + t));
      }
      batch.starts.push_back(static_cast<Id>(batch.tokens.size()));
      last.push_back(batch.starts.back() - 1);
      keys.push_back(cache_.row(s, 0));
      key_ends.push_back(keys.back() + static_cast<Id>(past + tokens[i].size()));
      source_begins.push_back(prefix + source_starts_[s]);
      source_ends.push_back(prefix + source_starts_[s + 1]);
    }
    const auto to = [&tape](const std::vector<Id>& ids) { return tape.ids(ids.data(), ids.size()); };
    auto placed = place(tape, batch);
    placed.sequences.keys = to(keys);
    placed.sequences.key_ends = to(key_ends);
    placed.cross = {.queries = placed.sequences.queries,
                    .keys = to(source_begins),
                    .key_ends = to(source_ends),
                    .count = source_begins.size(),
                    .causal = false};
    if constexpr (prefix > 0) {  // in a sequence of its own, which all others see
      std::vector<Id> begins = batch.starts, prefixes(sequences.size() + 1, 0);
      begins.insert(begins.begin(), 0);
      prefixes[0] = -1;
      placed.cross.queries = to(begins);
      placed.cross.prefixes = to(prefixes);
    }
    const KeptSource<Model> source{{encoded_rows_, encoded_.template as<element>()}, &memory_};
    const auto h = model_->decoded(tape, placed, source, CachedContext<Model>{placed.sequences, to(rows), &cache_},
                                   Rows<backend>{to(last), last.size(), false, {}});
    const auto logits = model_->logits(tape, h);
    for (Index i = 0; i < sequences.size(); ++i) cache_.advance(sequences[i], tokens[i].size());
    memory_.filled = true;
    return download<backend>(logits.data, logits.size());
  }

  std::vector<std::vector<Id>> answers(std::span<const std::vector<Id>> sources, const GenerateOptions& options,
                                       FunctionRef<void(Index, Id)> each) {
    const Index before = Model::ahead.rows() + 1;
    if (before > cache_.capacity() || options.max_new_tokens > cache_.capacity() - before)
      fail("generate: ", options.max_new_tokens, " new tokens do not fit the cache of ", cache_.capacity());
    if (options.member != 0 || !options.members.empty())
      fail("generate: an encoder–decoder has no Bank of adapters, and so no member ", options.member);
    read(sources, options.task);
    std::vector<std::vector<Id>> made(sources.size());
    std::vector<Index> writing(sources.size());
    std::iota(writing.begin(), writing.end(), Index{0});
    auto beginning = Model::ahead.text.tokens();
    beginning.push_back(start_);
    std::vector<std::vector<Id>> tokens(sources.size(), beginning);
    for (Index step = 0; step < options.max_new_tokens && !writing.empty(); ++step) {
      const auto logits = next(writing, tokens);
      const Index columns = logits.size() / writing.size();
      std::vector<Index> still;
      tokens.clear();
      for (Index i = 0; i < writing.size(); ++i) {
        const Id id = sample(std::span(logits).subspan(i * columns, columns), options, step);
        if (std::find(options.stop.begin(), options.stop.end(), id) != options.stop.end()) continue;
        made[writing[i]].push_back(id);
        each(writing[i], id);
        still.push_back(writing[i]);
        tokens.push_back({id});
      }
      writing = std::move(still);
    }
    return made;
  }

  const Model* model_;
  KeyValueCache<Model> cache_;
  SourceMemory<Model> memory_;
  Buffer<backend> encoded_{0};
  Index encoded_rows_ = 0;
  std::vector<Id> source_starts_;
  Id start_;
  Workspace<backend> workspace_;
};

}  // namespace graft
