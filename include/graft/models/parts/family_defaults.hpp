/// \file
/// What a family need not say of itself.
#pragma once

#include <graft/layers/absent.hpp>

namespace graft {

/// Families inherit from it and hide what differs.
struct FamilyDefaults {
  static constexpr bool norms_first = true;         ///< a block's norms stand before its layers, not behind its sums
  static constexpr bool stores_by_columns = false;  ///< files have weights of linear layers (In,Out)
  static constexpr bool in_gguf = false;            ///< GGUF has such models
  static constexpr bool scales_embedding = false;   ///< embedded tokens are scaled by √C
  static constexpr bool pools_in_head = false;      ///< a classifier's pooler is under the head's name
  /// What the names of a model of answers begin with; null: with `root`.
  template <class C>
  static constexpr const char* answering_root = nullptr;
  /// The norm of embedded tokens.
  template <class B, class C>
  using EmbeddingNormOf = Absent<B, C>;
};

}  // namespace graft
