/// \file
/// Several adapters trained together over one frozen base, each on sequences of its own: the base's products are computed for all
/// of them at once, and the low-rank paths are one narrow product besides:
///   y(T,Out) = x Wᵀ + s u Bᵀ,   u(T,N·R) = mask ∘ (x Aᵀ),   A(N·R,In) one below the other, B(Out,N·R) side by side
/// where the mask keeps of each row the R columns of the adapter that the row belongs to.
#pragma once

#include <graft/peft/lora.hpp>

namespace graft {

struct BankOfSomethingElse {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: Bank<N, M> trains N adapters of a LoRA without Dropout and LoraBias on linear layers of the blocks; M is something else, or touches the Head");
  };
};

/// `Bank<4, LoRA<8>>`. `pack_members` gives each adapter the sequences of its own examples; the trainer
/// clips and steps each adapter by itself, under paths that begin with "member.0." and so on; `save_adapter(model, folder, base,
/// member)` writes one.
template <Index N, class M>
struct Bank {
  static constexpr Index members = N;
  static constexpr bool of_lora = requires { M::settings.rank; };
  static constexpr LoraSettings settings = [] {
    if constexpr (of_lora) return M::settings;
    else return LoraSettings{};
  }();
  static constexpr const char* peft_type = "LORA";

  template <class Where, class L>
  struct Times : std::conditional_t<BaseLayer<L> && of_lora, Kept<L>, Refuse<L, BankOfSomethingElse>> {};
  template <class Where, class L>
    requires requires { typename L::template made_by<Bank>; }
  struct Times<Where, L> : std::conditional_t<L::method::settings.dropout == 0 && !L::method::settings.bias && !std::is_same_v<typename Where::site, Head>, Kept<typename L::template made_by<Bank>>, Refuse<L, BankOfSomethingElse>> {};
  template <class Where, class L>
  using at = typename Times<Where, typename M::template at<Where, L>>::type;
};

}  // namespace graft
