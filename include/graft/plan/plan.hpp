/// \file
/// What a training step will take, before anything runs: the model's own forward and backward, run on `meta`.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/meta.hpp>
#include <graft/core/path.hpp>
#include <graft/data/ahead.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/parts/model.hpp>
#include <graft/train/optimizers/adamw.hpp>

#include <algorithm>
#include <string_view>

namespace graft {

/// Bytes by kind, and floating-point operations of one pass.
struct Plan {
  /// weights that never change, as packed; of a SharedBase those alone that a method added or changed
  Index frozen = 0;
  Index trainable = 0;  ///< weights that are trained
  Index gradients = 0;  ///< bytes of gradients
  Index optimizer = 0;  ///< its state
  Index values = 0;     ///< activations and what ops save, at their highest
  Index adjoints = 0;   ///< adjoints, at their highest
  Cost flops;

  /// All bytes of a step.
  [[nodiscard]] constexpr Index total() const { return frozen + trainable + gradients + optimizer + values + adjoints; }
};

/// Whether a model has an encoder beside its decoder.
template <class Model>
inline constexpr bool encodes = Model::config::encoder_blocks > 0;

/// Has an address for each type.
template <class T>
inline constexpr char type_tag = 0;

/// The loss of a batch of this shape, as the model reads it: behind what stands before its texts.
template <class Planned, class T>
constexpr auto loss_of_shape(const Planned& model, T& tape, BatchShape shape) {
  if (encodes<Planned> && shape.source == 0) shape.source = shape.tokens;
  shape = behind(Planned::ahead, shape);
  if (Planned::activates) shape.owners = 2;  // the adapter's rows, and nobody's
  return model.loss(tape, place(tape, shape));
}

/// The plan for one pass over a batch of this shape; an encoder is taken to read as many tokens as the decoder writes,
/// where the shape does not say. A constant expression, and cheap at run time too.
/// \tparam Model whose step it is; its backend does not run
/// \tparam O     the optimizer, whose state counts
/// \param shape  how many tokens, sequences and labels a pass has
/// \return bytes by what they are for, and operations
template <class Model, class O = AdamW>
constexpr Plan plan(BatchShape shape) {
  using Meta = planned_on<typename Model::backend>;
  using Planned = typename Model::template on<Meta>;
  const Planned model;
  Plan result;
  struct Part {
    std::string_view name;
    const void* type;
    constexpr bool operator==(const Part&) const = default;
  };
  std::vector<Part> parts;  // of matrices that layers share: those of one size are there once
  Planned::visit(model, [&]<class P>(const Path& path, const P& p) {
    if constexpr (P::shared) {
      const Part part{path.name, &type_tag<P>};
      if (std::find(parts.begin(), parts.end(), part) != parts.end()) return;
      parts.push_back(part);
    }
    (p.trainable ? result.trainable : result.frozen) += p.bytes();
    result.gradients += p.gradient_bytes();
    result.optimizer += p.trainable ? O::state_floats(p.size) * sizeof(float) : 0;
  });
  if constexpr (Planned::shares_base)
    Planned::each_site(model, [&result]<class L>(auto, const Path& at, const L& layer) {
      visit_base(
          layer,
          [&result](const Path& path, const auto& p) {
            const bool changed = path.name == "weight" && offers_of<L>.starts_from_base;
            if (!p.trainable && !changed) result.frozen -= p.bytes();
          },
          at);
    });
  Workspace<Meta> workspace;
  Tape<Meta> tape(workspace);
  const auto loss = loss_of_shape(model, tape, shape);
  if constexpr (decltype(loss)::tracked) tape.backward(loss);
  result.values = workspace.value_peak();
  result.adjoints = workspace.adjoint_peak();
  result.flops = workspace.cost();
  return result;
}

/// The same for one sequence of tokens, each with a label.
template <class Model, class O = AdamW>
constexpr Plan plan(Tokens tokens) {
  return plan<Model, O>(BatchShape{.tokens = tokens.count, .sequences = 1, .targets = tokens.count});
}

}  // namespace graft
