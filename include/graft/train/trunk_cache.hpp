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
/// requires: the trunk's weights do not change.
template <class Model>
class TrunkCache {
 public:
  using backend = typename Model::backend;
  using element = typename Model::element;
  static constexpr Index columns = Model::config::width;

  explicit TrunkCache(const Model& model, Index most_bytes) : model_(&model), most_bytes_(most_bytes) {}

  [[nodiscard]] Index bytes() const { return bytes_; }
  [[nodiscard]] Index texts() const { return texts_.size(); }
  /// Batches that were not computed, and those that were.
  [[nodiscard]] Index hits() const { return hits_; }
  [[nodiscard]] Index misses() const { return misses_; }

  /// x(T,C), the input of the first block that something trained reaches.
  template <class T>
  Var<backend, columns> operator()(T& tape, const Batch& batch, const PlacedBatch<backend>& placed) {
    const auto x = tape.template value<columns>(placed.token_count);
    ++(remember(tape, batch, placed) ? hits_ : misses_);
    const auto kept = tape.template scratch<element>(x.size());
    for (Index s = 0; s < batch.sequences(); ++s)
      backend::upload(kept + static_cast<Index>(batch.starts[s]) * columns, found_[s],
                      length(batch, s) * columns * sizeof(element));
    tape.run(0, [=](auto on) { scale(x.data, kept, 1.0F, x.size(), false, on); });
    return x;
  }

  /// Computes the rows of a batch unless all of them are there. Whether they were.
  bool remember(Inference<backend> tape, const Batch& batch, const PlacedBatch<backend>& placed) {
    found_.clear();
    for (Index s = 0; s < batch.sequences(); ++s) {
      const auto text = texts_.find(text_of(batch, s));
      if (text == texts_.end()) break;
      found_.push_back(text->second.data());
    }
    if (found_.size() == batch.sequences()) return true;
    compute(tape, batch, placed);
    return false;
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

  void compute(Inference<backend> tape, const Batch& batch, const PlacedBatch<backend>& placed) {
    const auto x = model_->trunk(tape, placed);
    const auto narrow = tape.template scratch<element>(x.size());
    tape.run(0, [=](auto on) { scale(narrow, x.data, 1.0F, x.size(), false, on); });
    passing_ = download<backend>(narrow, x.size());
    found_.clear();
    for (Index s = 0; s < batch.sequences(); ++s) {
      const auto first = passing_.begin() + static_cast<std::ptrdiff_t>(static_cast<Index>(batch.starts[s]) * columns);
      const Index n = length(batch, s) * columns;
      found_.push_back(&*first);
      if (bytes_ + n * sizeof(element) > most_bytes_) continue;
      if (texts_.emplace(text_of(batch, s), std::vector<element>(first, first + static_cast<std::ptrdiff_t>(n))).second)
        bytes_ += n * sizeof(element);
    }
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
  std::vector<element> passing_;
};

}  // namespace graft
