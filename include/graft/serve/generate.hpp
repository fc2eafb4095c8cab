/// \file
/// Text from a model, token by token.
#pragma once

#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/models/parts/admitted.hpp>
#include <graft/peft/low_rank/activated_lora.hpp>
#include <graft/serve/cache.hpp>
#include <graft/serve/writer.hpp>

namespace graft {

/// Tokens that go on with one of a generator's sequences.
struct Continuation {
  Index sequence;  ///< its number in the cache
  std::vector<Id> tokens;
  Index member = 0;  ///< whose of a Bank's adapters they are
};

/// Runs a model on up to `sequences` texts at a time, of up to `capacity` tokens each, with the memory of all kept.
template <class Model>
class Generator : public Writer<Generator<Model>> {
 public:
  using backend = typename Model::backend;

  /// \throws Error of a model whose weights have no values, and where there is no room for a sequence.
  explicit Generator(const Model& model, Index capacity = 2048, Index sequences = 1)
      : model_(&model), cache_(sequences, capacity), starts_(sequences) {
    require_initialized(model);
  }

  /// Continues many prompts, as many at a time as there are sequences; where one ends, the next takes its place.
  /// `each(prompt, id)` is called for every new token as it comes.
  std::vector<std::vector<Id>> run(std::span<const std::vector<Id>> prompts, const GenerateOptions& options,
                                   FunctionRef<void(Index, Id)> each) {
    task_ = options.task;
    if (!options.members.empty() && options.members.size() != prompts.size())
      fail("generate: ", options.members.size(), " adapters for ", prompts.size(), " prompts");
    const auto member_of = [&options](Index prompt) {
      return options.members.empty() ? options.member : options.members[prompt];
    };
    for (Index i = 0; i < prompts.size(); ++i) {
      if (prompts[i].empty()) fail("generate: the prompt has no token");
      admit(prompts[i], Model::config::vocabulary, member_of(i));
      const Index before = Model::ahead.rows() + prompts[i].size();
      if (before > cache_.capacity() || options.max_new_tokens > cache_.capacity() - before)
        fail("generate: ", prompts[i].size(), " tokens of prompt and ", options.max_new_tokens,
             " new ones do not fit the cache of ", cache_.capacity());
    }
    std::vector<std::vector<Id>> made(prompts.size());
    std::vector<Index> text(cache_.sequences());  // which text a sequence holds
    std::vector<Continuation> reading;
    Index begun = 0;
    const auto begin = [&](Index sequence) {
      if (begun == prompts.size()) return;
      cache_.clear(sequence);
      text[sequence] = begun;
      auto tokens = Model::ahead.text.tokens();
      tokens.insert(tokens.end(), prompts[begun].begin(), prompts[begun].end());
      reading.push_back({sequence, std::move(tokens), member_of(begun)});
      ++begun;
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
        if (!stopped && answer.size() < options.max_new_tokens)
          reading.push_back({read[i].sequence, {id}, read[i].member});
        else begin(read[i].sequence);
      }
    }
    return made;
  }

  /// Reads more tokens of the first sequence and returns the logits (V) after the last.
  std::vector<float> next(const std::vector<Id>& tokens) {
    const Continuation one{.sequence = 0, .tokens = tokens};
    return next(std::span(&one, 1));
  }

  /// Reads more tokens of several sequences and returns the logits after each one's last, (sequences read, V). A soft
  /// prompt's tokens are the caller's to give.
  /// \throws Error where a sequence is none, is there twice, has no token, or has no room for them.
  std::vector<float> next(std::span<const Continuation> continuations) {
    std::vector<bool> read_already(cache_.sequences());
    for (const auto& [sequence, tokens, member] : continuations) {
      admit(tokens, Model::ahead.tokens(Model::config::vocabulary), member);
      const Index length = cache_.length(sequence), prefix = length == 0 ? Model::ahead.keys : 0;
      if (tokens.empty() || read_already[sequence])
        fail("next: sequence ", sequence, tokens.empty() ? " has no token to read" : " is there twice");
      if (prefix > cache_.room(sequence) || tokens.size() > cache_.room(sequence) - prefix)
        fail("next: ", tokens.size(), " tokens more than ", length, " do not fit the cache of ", cache_.capacity());
      read_already[sequence] = true;
    }
    if (continuations.empty()) return {};
    workspace_.reset();
    Inference<backend> tape(workspace_);
    const auto logits = read(tape, continuations);
    return download<backend>(logits.data, logits.size());
  }
  /// The same, of continuations that are listed.
  std::vector<float> next(std::initializer_list<Continuation> continuations) {
    return next(std::span(continuations.begin(), continuations.size()));
  }

 private:
  auto read(Inference<backend>& tape, std::span<const Continuation> continuations) {
    Batch batch;
    std::vector<Id> rows, keys, key_ends, last, owners;
    for (const auto& [sequence, tokens, member] : continuations) {
      const bool begins = cache_.length(sequence) == 0;
      if (begins) remember_prefix(tape, *model_, cache_, sequence);
      const Index past = cache_.length(sequence);
      for (Index i = 0; i < tokens.size(); ++i) {
        batch.positions.push_back(static_cast<Id>(Model::ahead.position(past + i)));
        rows.push_back(cache_.row(sequence, past + i));
      }
      if constexpr (Model::activates) {
        if (begins) {
          const Index start = last_invocation(tokens, method_offers<typename Model::method>.invocation);
          starts_[sequence] = start == tokens.size() ? ~Index{0} : past + start;  // or the text has none
        }
        for (Index i = 0; i < tokens.size(); ++i) batch.owners.push_back(past + i >= starts_[sequence] ? 0 : 1);
      } else if constexpr (Model::members > 1) {
        batch.owners.resize(batch.owners.size() + tokens.size(), static_cast<Id>(member));
      }
      if (!batch.owners.empty()) owners.push_back(batch.owners.back());
      batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
      batch.starts.push_back(static_cast<Id>(batch.tokens.size()));
      keys.push_back(cache_.row(sequence, 0));
      key_ends.push_back(keys.back() + static_cast<Id>(past + tokens.size()));
      last.push_back(batch.starts.back() - 1);
    }
    batch.task = task_;
    auto placed = place(tape, batch);
    const auto to = [&tape](const std::vector<Id>& ids) { return tape.ids(ids.data(), ids.size()); };
    placed.sequences.keys = to(keys);
    placed.sequences.key_ends = to(key_ends);
    const auto h = model_->hidden(
        tape, placed, CachedContext<Model>{placed.sequences, to(rows), &cache_},
        Rows<backend>{to(last), last.size(), false, owners.empty() ? Pointer<backend, Id>{} : to(owners)});
    const auto logits = model_->logits(tape, h);
    for (const auto& continuation : continuations) cache_.advance(continuation.sequence, continuation.tokens.size());
    return logits;
  }

  /// Reads, and chooses the token after each sequence's last. `counts`: how many each text has got already.
  std::vector<Id> choose(std::span<const Continuation> continuations, const GenerateOptions& options,
                         const std::vector<Index>& counts) {
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
    for (Index i = 0; i < logits.rows; ++i)
      chosen.push_back(sample(std::span(all).subspan(i * logits.columns, logits.columns), options, counts[i]));
    return chosen;
  }

  /// Tokens from outside are checked. `known`: how many there are, perhaps a soft prompt's among them.
  void admit(const std::vector<Id>& tokens, Index known, Index member) const {
    Batch batch;
    if (!tokens.empty()) batch.append(tokens, std::vector<Id>(tokens.size(), -1));
    if (member >= Model::members)
      fail("generate: there is no adapter ", member, "; the model has ", Model::members, " (counted from 0)");
    batch.task = task_;
    auto limits = batch_limits<Model>();
    limits.tokens = known;
    check(batch, limits);
  }

  const Model* model_;
  KeyValueCache<Model> cache_;
  Index task_ = 0;
  std::vector<Index> starts_;  ///< the row where an activated adapter begins in each sequence
  Workspace<backend> workspace_;
};

}  // namespace graft
