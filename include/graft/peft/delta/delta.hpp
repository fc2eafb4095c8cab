/// \file
/// Methods that add a computed weight to a frozen one:   y = x Wᵀ + b + x ΔWᵀ,   ΔW(Out,In) = delta(parameters)
/// A method of this kind is a struct of parameters with `delta(tape)`, written with ops; see peft/delta/loha.hpp for
/// one of a page. ΔW is made again backwards, so that no more than one is ever in memory.
#pragma once

#include <graft/autodiff/checkpoint.hpp>
#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/add.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/peft/low_rank/lora.hpp>
#include <graft/peft/set_aside.hpp>

namespace graft {

/// A linear layer with a computed weight beside its own. `Method::Weights<B, Out, In>` has parameters, `visit`,
/// `initialize` and `delta(tape)`, which is ΔW, written with ops. What more it has its `offers` say
/// (peft/contract/offers.hpp).
template <class Method, class Base>
class Delta {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr Index in = Base::in, out = Base::out;
  using Weights = typename Method::template Weights<backend, out, in>;
  static constexpr WeightsOffers of_weights = weights_offers<Weights>;
  /// ΔW that is made anew for every input is dear where inputs are few rows.
  static constexpr LayerOffers offers{.merges = true,
                                      .slow_at_few_rows = of_weights.slow_at_few_rows || !of_weights.path,
                                      .has_whole = of_weights.has_whole,
                                      .drawn = of_weights.drawn,
                                      .penalties = of_weights.penalties,
                                      .ranks_fall = of_weights.ranks_fall};
  template <class S>
  using frozen = Delta<Method, Frozen<Base, S>>;
  using bias_thawed = Delta<Method, typename Base::bias_thawed>;

  Base base;
  Weights weights;

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    const auto y = base(tape, x);
    if constexpr (of_weights.nothing) return y;
    else return with_path(tape, x, y);
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    Weights::visit(self.weights, f, path);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    if constexpr (of_weights.over_base) weights.initialize_over(base.weight.read(), initializer);
    else weights.initialize(initializer);
  }

  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const { return plus_delta(std::move(w), 1.0F); }
  /// Adds ΔW to the base weight (and switches it off), or takes it out again.
  void merge() { fold(1.0F, true); }
  void unmerge() { fold(-1.0F, false); }

 private:
  template <class T, class X, class Y>
  constexpr auto with_path(T& tape, X x, Y y) const {
    if constexpr (!T::recording)
      if (merged_) return y;
    return add_into(tape, y, checkpoint(tape, x, [this](auto& inner, auto v) {
                      return scale(inner, path(inner, v), merged_ ? 0.0F : 1.0F);
                    }));
  }

  template <class T, class X>
  constexpr auto path(T& tape, X x) const {
    if constexpr (of_weights.path) return weights.path(tape, x);
    else return product_nt<out>(tape, x, weights.delta(tape));
  }
  [[nodiscard]] std::vector<float> plus_delta(std::vector<float> w, float direction) const {
    if constexpr (of_weights.nothing) return w;
    else return plus(std::move(w), direction);
  }
  [[nodiscard]] std::vector<float> plus(std::vector<float> w, float direction) const {
    const auto delta = [this] {
      if constexpr (of_weights.values) {
        return weights.delta_values();
      } else {
        Workspace<backend> workspace;
        Inference<backend> tape(workspace);
        return download<backend>(weights.delta(tape).data, out * in);
      }
    }();
    for (Index i = 0; i < w.size(); ++i) w[i] += direction * delta[i];
    return w;
  }
  void fold(float direction, bool merged) {
    if (merged_ == merged) return;
    if (merged) aside_.keep_shared(base.weight);
    if (!merged && aside_.holds()) aside_.give_back(base.weight);
    else base.weight.assign(plus_delta(base.weight.read(), direction));
    merged_ = merged;
  }

  WeightAside<Base> aside_;
  bool merged_ = false;
};

struct DeltaOnNoLinear {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: this method works on frozen linear layers; a site of its On<...> holds another kind of "
                  "layer, a trained one, or the tied head");
  };
};

template <class Method, template <class, class> class Layer, class L>
struct OverFrozenLinear : Refuse<L, DeltaOnNoLinear> {};
template <class Method, template <class, class> class Layer, FrozenLinear L>
struct OverFrozenLinear<Method, Layer, L> {
  using type = Layer<Method, L>;
};

/// What a method of this kind answers at the places that its options name, if it has no problem with them:
/// `using places = Places<On<Linears>, Options...>;   using problem = …;`
/// `template <class Where, class L> using at = delta_at<Mine, Where, L>;`
template <class Method, class Where, class L, template <class, class> class Layer = Delta>
using delta_at = typename std::conditional_t<
    !std::is_void_v<typename Method::problem>, Refuse<L, typename Method::problem>,
    std::conditional_t<Method::places::template has<Where>, OverFrozenLinear<Method, Layer, L>, Kept<L>>>::type;

}  // namespace graft
