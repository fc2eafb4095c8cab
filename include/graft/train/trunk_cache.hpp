/// \file
/// Outputs of the trunk — the embedding and the blocks below everything that is trained — kept from one epoch to the
/// next: they are functions of the tokens alone. In memory, and on disk if asked.
#pragma once

#include <graft/core/fingerprint.hpp>
#include <graft/core/path.hpp>
#include <graft/io/files.hpp>
#include <graft/io/mapped_file.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/peft/contract/site.hpp>

#include <compare>
#include <cstring>
#include <map>
#include <vector>

namespace graft {

/// Keeps x(T,C) as the model keeps its activations, up to `most_bytes` of it; what does not fit is computed at every
/// epoch. A text is known by its tokens from the first on, so that a sequence continuing a shared prefix is known too.
/// What a step computes is copied to the host when it is over (`settle`), and known from the next one on.
/// requires: the trunk's weights do not change.
template <class Model>
class TrunkCache {
 public:
  using backend = typename Model::backend;
  using element = typename Model::element;
  static constexpr Index columns = Model::config::width;

  /// Of this model, in so many bytes of memory at most.
  explicit TrunkCache(const Model& model, Index most_bytes) : model_(&model), most_bytes_(most_bytes) {}

  [[nodiscard]] Index bytes() const { return bytes_; }
  [[nodiscard]] Index texts() const { return texts_.size(); }
  /// How many batches were not computed.
  [[nodiscard]] Index hits() const { return hits_; }
  /// How many batches were.
  [[nodiscard]] Index misses() const { return misses_; }

  /// x(T,C), the input of the first block that something trained reaches.
  template <class T>
  Var<backend, columns> operator()(T& tape, const Batch& batch, const PlacedBatch<backend>& placed) {
    const auto x = tape.template value<columns>(placed.token_count);
    const bool known = find(batch);
    ++(known ? hits_ : misses_);
    const auto kept = tape.template scratch<element>(x.size());
    if (known) {
      for (Index s = 0; s < batch.sequences(); ++s)
        tape.on().upload(kept + static_cast<Index>(batch.starts[s]) * columns, found_[s],
                         length(batch, s) * columns * sizeof(element));
    } else {
      compute(tape, batch, placed, kept);
    }
    tape.run(0, [=](auto on) { scale(x.data, kept, 1.0F, x.size(), false, on); });
    return x;
  }

  /// Computes the rows of a batch unless all of them are there.
  void remember(Inference<backend> tape, const Batch& batch, const PlacedBatch<backend>& placed) {
    if (!find(batch)) compute(tape, batch, placed, tape.template scratch<element>(placed.token_count * columns));
  }

  /// Copies to the host what has been computed since the last time. Waits for it.
  void settle(const backend& on) {
    std::vector<element> rows;
    for (auto& waiting : waiting_) {
      auto place = waiting.rows.template as<element>();
      for (auto& text : waiting.texts) {
        const Index n = text.own * columns;
        if (bytes_ + n * sizeof(element) <= most_bytes_ && !texts_.contains(text)) {
          rows.resize(n);
          on.download(rows.data(), place, n * sizeof(element));
          texts_.emplace(std::move(text), rows);
          bytes_ += n * sizeof(element);
        }
        place = place + n;
      }
    }
    waiting_.clear();
  }

  /// Writes all texts to a file, with a fingerprint of the trunk's weights, atomically.
  void save(const std::filesystem::path& path) const {
    AtomicFile file(path);
    const Header header{.fingerprint = fingerprint(), .texts = texts_.size()};
    file.write(&header, sizeof header);
    for (const auto& [text, rows] : texts_) {
      const std::uint64_t sizes[] = {text.tokens.size(), rows.size()};
      file.write(sizes, sizeof sizes);
      file.write(text.tokens.data(), text.tokens.size() * sizeof(Id));
      file.write(rows.data(), rows.size() * sizeof(element));
    }
    file.commit();
  }

  /// Reads what `save` wrote for the same trunk.
  void load(const std::filesystem::path& path) {
    const MappedFile file(path);
    auto rest = file.bytes();
    const auto take = [&](void* to, Index bytes) {
      if (bytes > rest.size())
        fail(path.string(), " is cut off: it is shorter than the texts it announces; delete it, it can be made again");
      if (bytes != 0) std::memcpy(to, rest.data(), bytes);
      rest = rest.subspan(bytes);
    };
    Header header;
    take(&header, sizeof header);
    if (std::memcmp(header.magic, Header{}.magic, sizeof header.magic) != 0)
      fail(path.string(), " is no file of trunk outputs");
    if (header.columns != columns || header.element_bytes != sizeof(element) || header.fingerprint != fingerprint())
      fail(path.string(),
           " was made with other weights, another precision or another number of frozen blocks; delete it, it can be "
           "made again");
    Texts texts;
    Index bytes = 0;
    for (Index i = 0; i < header.texts; ++i) {
      std::uint64_t sizes[2];
      take(sizes, sizeof sizes);
      if (sizes[0] > rest.size() / sizeof(Id) || sizes[1] > rest.size() / sizeof(element) || sizes[1] % columns != 0)
        fail(path.string(), " is damaged: text ", i, " has impossible sizes");
      std::vector<Id> tokens(sizes[0]);
      std::vector<element> rows(sizes[1]);
      take(tokens.data(), tokens.size() * sizeof(Id));
      take(rows.data(), rows.size() * sizeof(element));
      bytes += rows.size() * sizeof(element);
      texts.emplace(Text{std::move(tokens), rows.size() / columns}, std::move(rows));
    }
    texts_ = std::move(texts);
    bytes_ = bytes;
  }

 private:
  /// A sequence: its tokens behind those of all that it continues, and how many of the last are its own, which is as
  /// many as it has rows.
  struct Text {
    std::vector<Id> tokens;
    Index own;
    auto operator<=>(const Text&) const = default;
  };
  using Texts = std::map<Text, std::vector<element>>;
  /// The sequences of a batch, one behind the other as their rows are.
  struct Waiting {
    std::vector<Text> texts;
    Buffer<backend> rows;
  };

  struct Header {
    char magic[16] = "graft trunk 002";
    std::uint64_t fingerprint = 0, columns = TrunkCache::columns, element_bytes = sizeof(element), texts = 0;
  };

  static Index length(const Batch& batch, Index s) { return static_cast<Index>(batch.starts[s + 1] - batch.starts[s]); }

  const Text& text_of(const Batch& batch, Index s) {
    text_.tokens.clear();
    text_.own = length(batch, s);
    const auto append = [&](auto self, Id sequence) -> void {
      if (sequence < 0) return;
      const auto at = static_cast<Index>(sequence);
      self(self, batch.prefix(at));
      text_.tokens.insert(text_.tokens.end(), batch.tokens.begin() + batch.starts[at],
                          batch.tokens.begin() + batch.starts[at + 1]);
    };
    append(append, static_cast<Id>(s));
    return text_;
  }

  /// Whether the rows of all sequences are there; then `found_` says where.
  bool find(const Batch& batch) {
    found_.clear();
    for (Index s = 0; s < batch.sequences(); ++s) {
      const auto text = texts_.find(text_of(batch, s));
      if (text == texts_.end()) return false;
      found_.push_back(text->second.data());
    }
    return true;
  }

  /// kept(T,C) ← what the trunk yields, which waits for `settle` too.
  void compute(Inference<backend> tape, const Batch& batch, const PlacedBatch<backend>& placed,
               Pointer<backend, element> kept) {
    const auto x = model_->trunk(tape, placed);
    tape.run(0, [=](auto on) { scale(kept, x.data, 1.0F, x.size(), false, on); });
    if (bytes_ >= most_bytes_) return;
    Waiting waiting{.texts = {}, .rows = Buffer<backend>(x.size() * sizeof(element))};
    for (Index s = 0; s < batch.sequences(); ++s) waiting.texts.push_back(text_of(batch, s));
    tape.run(0, [=, to = waiting.rows.template as<element>(), n = x.size()](auto on) { copy(to, kept, n, on); });
    waiting_.push_back(std::move(waiting));
  }

  [[nodiscard]] std::uint64_t fingerprint() const {
    Fingerprint all;
    all.add_word(Model::trunk_blocks);
    Model::each_site(*model_, [&all]<class S>(S, const Path& path, const auto& layer) {
      constexpr bool embeds = std::is_same_v<S, TokenEmbedding> || std::is_same_v<S, PositionEmbedding>;
      if (path.block() >= static_cast<std::ptrdiff_t>(Model::trunk_blocks) || (path.block() < 0 && !embeds)) return;
      std::remove_cvref_t<decltype(layer)>::visit(
          layer, [&all](const Path&, const auto& p) { all.add(p.read()); }, path);
    });
    return all.value();
  }

  const Model* model_;
  Index most_bytes_, bytes_ = 0, hits_ = 0, misses_ = 0;
  Texts texts_;
  Text text_{};
  std::vector<const element*> found_;
  std::vector<Waiting> waiting_;
};

}  // namespace graft
