/// \file
/// LoRA-FA (Zhang et al. 2023): A stays as it was drawn, and of the gradient of B that part is taken which moves s B A
/// most as training W itself would:   dB ← dB (A Aᵀ + δ I)⁻¹ / s²,   then AdamW
#pragma once

#include <graft/peft/contract/offers.hpp>
#include <graft/train/optimizers/adamw.hpp>
#include <graft/train/trainee.hpp>

namespace graft {

/// `Trainer trainer(model, LoraFA{{.learning_rate = 2e-4F}})`. What is no LoRA is trained by AdamW.
struct LoraFA : AdamW {
  static constexpr double delta = 1e-8;

  [[nodiscard]] Settings settings_for(const std::string& path) const {
    return path.find("lora_A") != std::string::npos ? Settings{0.0F, 0.0F} : AdamW::settings_for(path);
  }
  /// What the trainer calls when gradients are there and before they are used.
  template <class Model, class B>
  void precondition(Model& model, const B& queue) const {
    static_assert(Trainee<Model>::members == 1, "graft: LoraFA trains one adapter; Bank<...> has several");
    Trainee<Model>::each_layer(model, [&queue]<class L>(L& layer) {
      if constexpr (offers_of<L>.low_rank) {
        const double s = L::method::settings.scaling();
        launch(queue, [&layer, s](auto on) {
          precondition_rows(layer.b.gradient(), layer.a.value(), L::out, L::rank, L::in, 1.0 / (s * s), delta, on);
        });
      }
    });
  }
};

}  // namespace graft
