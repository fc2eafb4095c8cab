// The slope of a model's loss.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/core/path.hpp>
#include <graft/layers/attention_context.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

/// The derivative of the mean loss along a direction of all that is trained and has `part` in its path: the tape's
/// gradient against differences. The model is left as it was.
template <class Model>
void check_slope(Model& model, const graft::Batch& given, const std::string& part = "", float step = 5e-4F) {
  using namespace graft;
  using Tag = typename Model::backend;
  const Batch batch = Model::prepared(given);
  const double share = 1.0 / static_cast<double>(batch.targets.size());
  struct Moving {
    Pointer<Tag> place, gradient;
    std::vector<float> value, direction;
  };
  std::vector<Moving> all;
  std::uint64_t stream = 0;
  Model::visit(model, [&]<class P>(const Path& path, P& p) {
    if constexpr (P::trainable) {
      ++stream;
      if (path.str().find(part) == std::string::npos) return;
      launch<Tag>([&p](auto on) { fill(p.gradient(), P::size, 0.0F, on); });
      all.push_back({p.value(), p.gradient(), download<Tag>(p.value(), P::size), std::vector<float>(P::size)});
      for (Index i = 0; i < P::size; ++i) all.back().direction[i] = standard_normal({77, stream}, i);
    }
  });
  BOOST_TEST(!all.empty());

  Workspace<Tag> workspace;
  {
    Tape<Tag> tape(workspace);
    tape.backward(model.loss(tape, place(tape, batch)), static_cast<float>(share));
  }
  double slope = 0;
  for (const auto& one : all) {
    const auto gradient = download<Tag>(one.gradient, one.value.size());
    for (Index i = 0; i < gradient.size(); ++i)
      slope += static_cast<double>(gradient[i]) * static_cast<double>(one.direction[i]);
  }
  const auto moved = [&](float by) {
    for (const auto& one : all) {
      auto value = one.value;
      for (Index i = 0; i < value.size(); ++i) value[i] += by * one.direction[i];
      upload<Tag>(one.place, std::span<const float>(value));
    }
    workspace.reset();
    Inference<Tag> tape(workspace);
    return share * static_cast<double>(download<Tag>(model.loss(tape, place(tape, batch)).data, 1)[0]);
  };
  const double difference = (moved(step) - moved(-step)) / (2.0 * static_cast<double>(step));
  moved(0.0F);
  BOOST_TEST(std::abs(slope - difference) < 2e-2 * std::max(0.05, std::abs(difference)),
             part << ": slope " << slope << ", differences " << difference);
}
