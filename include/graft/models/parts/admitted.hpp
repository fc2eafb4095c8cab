/// \file
/// The one way of batches into a model.
#pragma once

#include <graft/data/batch_limits.hpp>
#include <graft/peft/contract/offers.hpp>

namespace graft {

/// How many tokens, labels … a type of model has rows for.
template <class Model>
constexpr BatchLimits batch_limits() {
  using C = typename Model::config;
  BatchLimits limits{.tokens = C::vocabulary, .targets = C::vocabulary, .adapters = Model::members};
  if constexpr (Model::finds_answers) limits.targets = 2, limits.answers = true;
  else if constexpr (Model::new_heads) limits.targets = C::classes;
  limits.numbers = Model::says_numbers;
  if constexpr (C::token_types > 0) limits.token_types = C::token_types;
  limits.tasks = offers_of<decltype(Model::token_embedding)>.tasks;
  return limits;
}

/// A batch as a model reads it: checked, and behind the model's soft prompt and prefix, if it has them.
template <class Model>
decltype(auto) admitted(const Batch& batch) {
  check(batch, batch_limits<Model>());
  if constexpr (Model::prepares) return Model::prepared(batch);
  else return (batch);
}

}  // namespace graft
