/// \file
/// Loss per supervised token of held-out examples, and its exponential.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/parts/admitted.hpp>

#include <cmath>
#include <span>

namespace graft {

/// The loss of held-out examples, summed, in nats.
struct HeldOutLoss {
  double sum = 0;  ///< of the losses, in nats
  Index targets = 0;

  /// Not a number where nothing was measured.
  [[nodiscard]] double mean() const { return sum / static_cast<double>(targets); }
  /// exp of the mean loss.
  [[nodiscard]] double perplexity() const { return std::exp(mean()); }
};

/// requires: nothing of the model is being trained meanwhile. Dropout is off.
/// The loss of held-out batches.
/// \param model     is only read
/// \param batches   of one pass each
/// \param workspace memory for values
/// \return the sum over supervised tokens, in nats, and how many there are
/// \throws Error where a batch names what the model does not have
template <class Model>
HeldOutLoss held_out_loss(const Model& model, std::span<const Batch> batches,
                          Workspace<typename Model::backend>& workspace) {
  using B = typename Model::backend;
  HeldOutLoss loss;
  for (const Batch& given : batches) {
    if (given.targets.empty()) continue;
    const Batch& batch = admitted<Model>(given);
    workspace.reset();
    Inference<B> tape(workspace);
    loss.sum += static_cast<double>(download<B>(model.loss(tape, place(tape, batch)).data, 1)[0]);
    loss.targets += batch.targets.size();
  }
  workspace.reset();
  return loss;
}

}  // namespace graft
