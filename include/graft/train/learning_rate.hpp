/// \file
/// The learning rate that suits a method where none is named. The same from C++, C and the command line; `graft train`
/// prints it.
#pragma once

#include <graft/peft/low_rank/bank.hpp>
#include <graft/peft/selective/selective.hpp>

#include <algorithm>
#include <string_view>

namespace graft {

/// What is tuned, as far as AdamW's learning rate goes by it.
enum class Tuned {
  base_weights,  ///< matrices of the base themselves: the smallest steps
  new_weights,  ///< small matrices beside them, that start from nothing (LoRA, adapters): about ten times as large ones
  few_numbers   ///< rows of a prompt, scales, norms, biases, coefficients: about ten times as large again
};

/// AdamW's learning rate for what is trained, over a run of some hundred steps (bench/methods.txt has those of a
/// sweep).
[[nodiscard]] constexpr float learning_rate_for(Tuned what) {
  switch (what) {
    case Tuned::base_weights:
      return 5e-5F;
    case Tuned::new_weights:
      return 5e-4F;
    case Tuned::few_numbers:
      return 5e-3F;
  }
  return 5e-4F;
}

namespace rates {

/// The name of a method's template: "LoRA" of LoRA<8, Alpha<16>>.
template <class M>
constexpr std::string_view kind_of() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("M = ") + 4);
  name = name.substr(0, name.find_first_of("<;]"));
  const auto space = name.rfind("::");
  return space == name.npos ? name : name.substr(space + 2);
}

/// Whether little is trained there.
template <class Place>
constexpr bool is_few_numbers = std::is_same_v<Place, Norms> || On<Norms, HeadBias, RelativeBias>::covers<Place>;
/// Whether it is part of a head.
template <class Place>
constexpr bool is_head = On<Head, HeadTransform, Pooler>::covers<Place>;

}  // namespace rates

/// What a method tunes. A method of one's own, which is none of the names below, brings weights of its own.
template <class M>
struct TunedBy {
  static constexpr Tuned value = [] {
    constexpr std::string_view kind = rates::kind_of<M>();
    for (const std::string_view one : {"FullFineTuning", "LastBlocks"})
      if (kind == one) return Tuned::base_weights;
    for (const std::string_view one :
         {"SoftPrompt", "MultitaskPrompt", "PrefixTuning", "LlamaAdapter", "IA3", "LNTuning", "BitFit", "Biases",
          "VeRA", "FourierFT", "SeededFourierFT", "TrainableTokens"})
      if (kind == one) return Tuned::few_numbers;
    return Tuned::new_weights;
  }();
};
/// A head is usually new, so that it learns like what is beside it.
template <class... Places>
struct TunedBy<Unfreeze<Places...>> {
  /// Whether only vectors are trained, or only heads.
  static constexpr bool all_few = ((rates::is_few_numbers<Places> || is_block_range<Places>) && ...),
                        all_heads = ((rates::is_head<Places> || is_block_range<Places>) && ...);
  static constexpr Tuned value = all_few ? Tuned::few_numbers : all_heads ? Tuned::new_weights : Tuned::base_weights;
};
template <Index N, class M>
struct TunedBy<Bank<N, M>> : TunedBy<M> {};
/// One rate for all: the least of the parts', of those that train.
template <class... Ms>
struct TunedBy<Methods<Ms...>> {
  /// Whether such a method trains anything.
  static constexpr bool trains(std::string_view kind) { return kind != "FrozenBase" && kind != "UntiedHead"; }
  static constexpr Tuned value = [] {
    Tuned least = Tuned::few_numbers;
    ((least = trains(rates::kind_of<Ms>()) ? std::min(least, TunedBy<Ms>::value) : least), ...);
    return least;
  }();
};

/// AdamW's learning rate for a type of model, where none is named. A layer alone, which no method made, brings weights
/// of its own.
template <class Model>
constexpr float default_learning_rate() {
  if constexpr (requires { typename Model::method; }) return learning_rate_for(TunedBy<typename Model::method>::value);
  else return learning_rate_for(Tuned::new_weights);
}

}  // namespace graft
