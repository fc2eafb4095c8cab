/// \file
/// Sites: named places in a model where a layer sits, or where a method may add one.
#pragma once

#include <graft/core/storage.hpp>
#include <graft/layers/layer.hpp>

#include <cstddef>

namespace graft {

/// what queries are made by
struct Query {
  static constexpr const char* site = "Query";
};
/// what keys are made by
struct Key {
  static constexpr const char* site = "Key";
};
/// what values are made by
struct Value {
  static constexpr const char* site = "Value";
};
/// the three as one layer, in families that have them so
struct QueryKeyValue {
  static constexpr const char* site = "QueryKeyValue";
};
struct QueryNorm {
  static constexpr const char* site = "QueryNorm";
};  ///< of each head, in families that have it
/// of each head, in families that have it
struct KeyNorm {
  static constexpr const char* site = "KeyNorm";
};
/// what makes of all heads' values what attention adds
struct Output {
  static constexpr const char* site = "Output";
};
/// the feed-forward layer whose activation scales what Up yields
struct Gate {
  static constexpr const char* site = "Gate";
};
/// the two as one layer, in families that have them so
struct GateUp {
  static constexpr const char* site = "GateUp";
};
/// the feed-forward layer that widens
struct Up {
  static constexpr const char* site = "Up";
};
/// the feed-forward layer back to the model's width
struct Down {
  static constexpr const char* site = "Down";
};
/// before attention
struct InputNorm {
  static constexpr const char* site = "InputNorm";
};
/// before the feed-forward layers
struct MlpNorm {
  static constexpr const char* site = "MlpNorm";
};
/// of what attention adds, in families that norm that
struct AttentionOutputNorm {
  static constexpr const char* site = "AttentionOutputNorm";
};
/// of what the feed-forward layers add, in families that norm that
struct MlpOutputNorm {
  static constexpr const char* site = "MlpOutputNorm";
};
/// behind the last block
struct FinalNorm {
  static constexpr const char* site = "FinalNorm";
};
/// before a decoder's attention to what an encoder yields
struct CrossNorm {
  static constexpr const char* site = "CrossNorm";
};
/// of a decoder's attention to what an encoder yields
struct CrossQuery {
  static constexpr const char* site = "CrossQuery";
};
/// of a decoder's attention to what an encoder yields
struct CrossKey {
  static constexpr const char* site = "CrossKey";
};
/// of a decoder's attention to what an encoder yields
struct CrossValue {
  static constexpr const char* site = "CrossValue";
};
/// of a decoder's attention to what an encoder yields
struct CrossOutput {
  static constexpr const char* site = "CrossOutput";
};
struct RelativeBias {
  static constexpr const char* site = "RelativeBias";
};  ///< of how far a key is from a query
/// the rows of tokens
struct TokenEmbedding {
  static constexpr const char* site = "TokenEmbedding";
};
/// which of two texts a token is of
struct TokenTypeEmbedding {
  static constexpr const char* site = "TokenTypeEmbedding";
};
/// behind the embeddings, in families that norm them
struct EmbeddingNorm {
  static constexpr const char* site = "EmbeddingNorm";
};
/// behind a block, in families that norm sums
struct OutputNorm {
  static constexpr const char* site = "OutputNorm";
};
/// what a classifier reads a text's first token by
struct Pooler {
  static constexpr const char* site = "Pooler";
};
/// the rows of positions, in families that have them
struct PositionEmbedding {
  static constexpr const char* site = "PositionEmbedding";
};
/// before the head that fills in masked tokens
struct HeadTransform {
  static constexpr const char* site = "HeadTransform";
};
/// a bias of the logits, in families that have it
struct HeadBias {
  static constexpr const char* site = "HeadBias";
};
/// what yields logits, of tokens or of classes
struct Head {
  static constexpr const char* site = "Head";
};

// Sites where a model has room for a layer, and none of its own.
/// what attention yields, before Output reads it
struct Attended {
  static constexpr const char* site = "Attended";
};
/// what attention adds to the sum that runs through blocks
struct AfterAttention {
  static constexpr const char* site = "AfterAttention";
};
/// what the feed-forward layers add to it
struct AfterMlp {
  static constexpr const char* site = "AfterMlp";
};
struct BlockOutput {
  static constexpr const char* site = "BlockOutput";
};  ///< the sum behind a block
struct Shared {
  static constexpr const char* site = "Shared";
};  ///< once for the whole model

/// A site that no model has, to ask a method for its answer about something it does not touch.
struct NoSite {
  static constexpr const char* site = "NoSite";
};

template <class S>
concept Site = requires { S::site; };

/// Several sites under one name.
template <Site... Sites>
struct Group {
  template <class S>
  static constexpr bool contains = (std::is_same_v<S, Sites> || ...);
};
struct CrossLinears : Group<CrossQuery, CrossKey, CrossValue, CrossOutput> {};
struct AttentionLinears
    : Group<Query, Key, Value, QueryKeyValue, Output, CrossQuery, CrossKey, CrossValue, CrossOutput> {};
struct MlpLinears : Group<Gate, Up, GateUp, Down> {};
struct Linears : Group<Query, Key, Value, QueryKeyValue, Output, CrossQuery, CrossKey, CrossValue, CrossOutput, Gate,
                       Up, GateUp, Down> {};
struct Norms : Group<InputNorm, QueryNorm, KeyNorm, AttentionOutputNorm, CrossNorm, MlpNorm, MlpOutputNorm, FinalNorm,
                     EmbeddingNorm, OutputNorm> {};

template <class G>
concept SiteGroup = requires { G::template contains<Query>; };

/// Where a site is: in which block of how many, and how frozen weights are stored there. Outside blocks Block is −1.
template <Site S, std::ptrdiff_t Block, Index Blocks, Storage Stored>
struct Place {
  using site = S;
  using storage = Stored;
  static constexpr std::ptrdiff_t block = Block;
  static constexpr std::ptrdiff_t blocks = static_cast<std::ptrdiff_t>(Blocks);
};

/// The sites a method works on: `On<Query, Value>`, `On<Linears>`.
/// \tparam Sites sites, and groups of them such as `Linears`
template <class... Sites>
struct On {
  /// Whether all of them are sites; a method complains if not.
  static constexpr bool valid = ((Site<Sites> || SiteGroup<Sites>) && ...);
  template <class S>
  static constexpr bool covers = ([] {
    if constexpr (SiteGroup<Sites>) return Sites::template contains<S>;
    else return std::is_same_v<S, Sites>;
  }() || ...);
};

}  // namespace graft
