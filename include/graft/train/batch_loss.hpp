/// \file
/// What a loss of one's own is to a trainer.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/layers/attention_context.hpp>

#include <concepts>

namespace graft {

/// A loss of one's own: `loss(tape, model, placed)`, of a batch as the backend has it.
template <class Loss, class M, class B = typename M::backend>
concept BatchLoss =
    requires(const Loss& loss, Tape<B>& tape, M& model, const PlacedBatch<B>& placed) { loss(tape, model, placed); };

/// Whether a loss is one number that a gradient reaches.
template <class Loss, class B>
concept LossValue = std::same_as<Loss, Var<B, 1, Gradient::tracked>>;

}  // namespace graft
