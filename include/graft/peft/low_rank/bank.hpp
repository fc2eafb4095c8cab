/// \file
/// Several adapters trained together over one frozen base, each on sequences of its own: the base's products are
/// computed for all of them at once, and the low-rank paths are one narrow product besides:
///   y(T,Out) = x Wᵀ + s u Bᵀ,   u(T,N·R) = mask ∘ (x Aᵀ),   A(N·R,In) one below the other, B(Out,N·R) side by side
/// where the mask keeps of each row the R columns of the adapter that the row belongs to. Of bottleneck adapters
/// (peft/bottleneck/adapter.hpp) each row passes through its own's two layers, ops/products/member_product.hpp. With
/// the same sequences for each it is AdapterHub's Parallel.
#pragma once

#include <graft/autodiff/ops/products/member_product.hpp>
#include <graft/peft/bottleneck/adapter.hpp>
#include <graft/peft/low_rank/lora.hpp>

namespace graft {

struct BankOfSomethingElse {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: Bank<N, M> trains N adapters of a LoRA without Dropout and LoraBias on linear layers of the "
                  "blocks, or of an Adapter; M is something else, or touches the Head");
  };
};

/// A linear layer of each of N members.
template <class B, Index N, Index In, Index Out>
class MemberLinear {
 public:
  OfMembers<N, Parameter<B, Trainable, N * Out, In>> weight;
  OfMembers<N, Parameter<B, Trainable, 1, N * Out>> bias;

  template <class T, Gradient G, class E, class M>
  constexpr auto operator()(T& tape, Var<B, In, G, E> x, AdapterContext<B, M> context) const {
    return member_product<N>(tape, x, weight, bias, context.owners);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "weight"}, self.weight);
    f(Path{&path, "bias"}, self.bias);
  }
  void start(Initializer& initializer, float deviation) { start_normal(*this, initializer, deviation); }
};

/// What N of a method are, where there can be several; otherwise what the bank complains of.
template <Index N, class M>
struct BankOf {
  static constexpr bool known = false;  ///< whether there is a bank of such methods
};
template <Index N, class M>
  requires(method_offers<M>.low_rank)
struct BankOf<N, M> {
  static constexpr bool known = M::settings.dropout == 0 && !M::settings.bias && method_offers<M>.invocation.empty();
  static constexpr LoraSettings settings = M::settings;
  template <class Config, class F>
  static void each_option(F&& f) {
    M::template each_option<Config>(f);
  }
};
template <Index N, Index Width, class... Options>
struct BankOf<N, Adapter<Width, Options...>> : Adapter<Width, Options...> {
  static constexpr bool known = true;
  template <class B, Index C, class Role>
  using Down = MemberLinear<B, N, C, Width>;
  template <class B, Index C, class Role>
  using Up = MemberLinear<B, N, Width, C>;
};

/// `Bank<4, LoRA<8>>`, `Bank<2, PfeifferAdapter<48>>`. `pack_members` gives each adapter the sequences of its own
/// examples; the trainer clips and steps each adapter by itself, under paths that begin with "member.0." and so on;
/// `save_adapter(model, folder, base, member)` writes one.
/// \tparam N how many adapters \tparam M the method of each
template <Index N, class M>
struct Bank : BankOf<N, M> {
  static constexpr MethodOffers offers = [] {
    MethodOffers one = method_offers<M>;
    one.members = N;
    return one;
  }();

  template <class Where, class L>
  struct Times : std::conditional_t<BaseLayer<L> && BankOf<N, M>::known, Kept<L>, Refuse<L, BankOfSomethingElse>> {};
  template <class Where, MadeBy<Bank> L>
  struct Times<Where, L>
      : std::conditional_t<BankOf<N, M>::known && !std::is_same_v<typename Where::site, Head>,
                           Kept<typename L::template made_by<Bank>>, Refuse<L, BankOfSomethingElse>> {};
  template <class Where, class L>
  using at = typename Times<Where, typename M::template at<Where, L>>::type;
};

}  // namespace graft
