/// \file
/// The public judge of methods: the same examination for yours as for graft's.
#pragma once

#include <graft/backend/counting_reference.hpp>
#include <graft/checkpoints/adapter_files.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft/contract/faults.hpp>
#include <graft/plan/plan.hpp>
#include <graft/train/trainer.hpp>

#include <unistd.h>

namespace graft {

/// The decoder that methods are examined in.
struct ExaminedConfig : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 3, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
  static constexpr bool qkv_bias = true;
};

/// What is wrong with a method, in words; nothing if it is whole.
struct MethodReport {
  std::vector<std::string> faults{};  ///< what is wrong, one sentence each

  /// Whether nothing is wrong.
  [[nodiscard]] bool whole() const { return faults.empty(); }
  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& fault : faults) all += "\n  " + fault;
    return all.empty() ? "nothing is wrong" : all.substr(1);
  }
};

/// What an examination leaves out.
struct MethodCheck {
  /// part of the paths of parameters whose gradient is that of the loss: DoRA takes norms for constants
  const char* differentiable = "";
  bool files = true;  ///< whether the method's adapters have files
};

namespace examining {

/// Two texts of the same length, behind whatever switches the method on, each of a member of its own where there are
/// several.
template <class M>
Batch batch() {
  Batch b;
  for (Id text = 0; text < 2; ++text) {
    std::vector<Id> ids{1 + 6 * text, 8 - text};
    const auto invocation = method_offers<M>.invocation;
    ids.insert(ids.end(), invocation.begin(), invocation.end());
    for (const Id id : {9, 11, 4}) ids.push_back(id + 5 * text);
    auto labels = ids;
    labels[0] = -1;
    if (text == 1) labels[1] = -1;
    b.append(ids, labels);
    if (method_offers<M>.members > 1) b.belongs_to(static_cast<Index>(text));
  }
  return b;
}

/// The mean loss of the batch.
template <class Model>
double loss(const Model& model) {
  const Batch read = admitted<Model>(batch<typename Model::method>());
  Workspace<typename Model::backend> workspace;
  Inference<typename Model::backend> tape(workspace);
  return static_cast<double>(download<typename Model::backend>(model.loss(tape, place(tape, read)).data)) /
         static_cast<double>(read.targets.size());
}

/// A base as a seed draws it, what the method adds as another does, moved off where it starts.
template <class Model>
void fill(Model& model, std::uint64_t seed) {
  Initializer base{.key = {1, 0}, .deviation = 0.3F};
  model.initialize(base);
  model.initialize(Initializer::over_base(seed));
  std::uint64_t stream = 1000;
  Model::visit(model, [&]<class P>(const Path&, P& p) {
    if constexpr (P::trainable) {
      auto values = p.read();
      ++stream;
      for (Index i = 0; i < values.size(); ++i) values[i] += 0.2F * standard_normal({seed + 4, stream}, i);
      p.assign(values);
    }
  });
}

/// The derivative along a direction: of the gradient, and of differences of the loss, whose error of step² is taken
/// out.
template <class Model>
std::array<double, 2> slopes(Model& model, std::string_view part, float step = 5e-4F) {
  using B = typename Model::backend;
  Trainer trainer(model);
  const Batch read = admitted<Model>(batch<typename Model::method>());
  trainer.clear_gradients();
  trainer.gradient(read, 1.0F / static_cast<float>(read.targets.size()));
  double slope = 0;
  std::vector<std::vector<float>> values, directions;
  for (const auto& slot : trainer.slots()) {
    const auto gradient = download<B>(slot.gradient, slot.size);
    values.push_back(download<B>(slot.value, slot.size));
    auto& direction = directions.emplace_back(slot.size);
    for (Index i = 0; i < slot.size; ++i) {
      direction[i] = slot.path.find(part) == std::string::npos ? 0.0F : standard_normal({77, directions.size()}, i);
      slope += static_cast<double>(gradient[i]) * static_cast<double>(direction[i]);
    }
  }
  const auto moved = [&](float by) {
    for (Index s = 0; s < values.size(); ++s) {
      auto v = values[s];
      for (Index i = 0; i < v.size(); ++i) v[i] += by * directions[s][i];
      upload<B>(trainer.slots()[s].value, std::span<const float>(v));
    }
    return loss(model);
  };
  const auto difference = [&moved](float h) { return (moved(h) - moved(-h)) / (2.0 * static_cast<double>(h)); };
  const double both = (4.0 * difference(step) - difference(2 * step)) / 3.0;
  moved(0.0F);
  return {slope, both};
}

}  // namespace examining

/// Examines a method in a small decoder: whether it has what it offers and offers what it has; whether a step takes the
/// memory that the plan says, byte for byte; whether its gradient is the loss's; whether its files bring it back over
/// the same base, whatever it was drawn from; whether merging leaves the loss. requires: the method trains something
/// there.
template <class M, class Config = ExaminedConfig>
MethodReport check_method(MethodCheck what = {}) {
  MethodReport report;
  const auto fault = [&report](const auto&... words) { report.faults.push_back((MessagePart(words).text() + ...)); };
  each_fault<M, Config>([&](const char* who, const char* words) { fault(who, ": ", words); });
  constexpr Index incomplete = [] {
    Index count = 0;
    each_fault<M, Config>([&count](const char*, const char*) { ++count; });
    return count;
  }();
  if constexpr (incomplete == 0) {
    using Model = Llama<Config, M, counting_reference>;
    static_assert(Model::trainable_parameters > 0,
                  "graft: check_method: the method trains nothing in the decoder that it is examined in");
    Model model;
    {
      const Batch batch = examining::batch<M>();
      const Plan planned = plan<Model>(batch.shape());
      const Index before = counting_reference::in_use;
      Model counted;
      examining::fill(counted, 1);
      Trainer trainer(counted, AdamW{});
      constexpr Index groups = Model::members == 1 ? 1 : Model::members + 1;
      const Index weights = counting_reference::in_use - before - StepScales<counting_reference, groups>::bytes;
      for (int i = 0; i < 2; ++i) trainer.step(batch);  // the first step learns sizes, the second uses them
      const auto compare = [&](const char* kind, Index plan, Index run) {
        if (plan != run) fault("the plan says ", plan, " bytes of ", kind, ", and a step took ", run);
      };
      compare("parameters, gradients and optimizer state",
              planned.frozen + planned.trainable + planned.gradients + planned.optimizer, weights);
      compare("values", planned.values, trainer.workspace().value_peak());
      compare("adjoints", planned.adjoints, trainer.workspace().adjoint_peak());
    }
    examining::fill(model, 1);
    const double loss = examining::loss(model);
    if (const auto [slope, difference] = examining::slopes(model, what.differentiable);
        !(std::abs(slope - difference) < 2e-2 * std::max(0.1, std::abs(difference))))
      fault("along a direction the gradient is ", slope, ", and differences of the loss say ", difference);

    if (what.files) {
      const auto folder = std::filesystem::temp_directory_path() / ("graft-check-method-" + std::to_string(::getpid()));
      Model other;
      examining::fill(other, 2);
      if (examining::loss(other) == loss)
        fault("an adapter of other values has the same loss: nothing in the model depends on it");
      for (Index member = 0; member < Model::members; ++member) {
        save_adapter(model, folder / std::to_string(member), "", member);
        load_adapter(other, folder / std::to_string(member), member);
      }
      if (const double again = examining::loss(other); again != loss)
        fault("the loss is ", loss, ", and ", again, " when the adapter's files are read over the same base");
      std::filesystem::remove_all(folder);
    }
    if constexpr (any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.merges; })) {
      merge(model);
      if (const double merged = examining::loss(model); !(std::abs(merged - loss) < 1e-4 * loss))
        fault("the loss is ", loss, ", and ", merged, " when the adapter is merged");
      unmerge(model);
      if (const double back = examining::loss(model); !(std::abs(back - loss) < 1e-4 * loss))
        fault("the loss is ", loss, ", and ", back, " when the adapter was merged and taken out again");
    }
  }
  return report;
}

}  // namespace graft
