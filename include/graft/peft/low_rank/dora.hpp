/// \file
/// DoRA (Liu et al. 2024):   y = m ∘ (x Wᵀ + s x Aᵀ Bᵀ) / ‖W + s B A‖ + b,
///     m(Out) trained, norms of rows(Out) taken as constants
/// A, B, s as in peft/low_rank/lora.hpp. m starts as the norms, so that the model starts as it was. Gradients:
/// ops/products/project.hpp and ops/pointwise/scale_columns.hpp. With a dropout, z = dropout(x) takes the place of x in
/// what differs from the base, as HF PEFT has it:
///   y = (x − z) Wᵀ + m ∘ (z Wᵀ + s z Aᵀ Bᵀ) / ‖W + s B A‖ + b
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/peft/low_rank/lora.hpp>

namespace graft {

/// A linear layer whose directions are a LoRA's (its `base`) and whose row norms are trained.
template <class Method, class Base>
class WeightDecomposed {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr bool completes_sums = false;
  // norms of the whole weight for any input
  static constexpr LayerOffers offers{.merges = true, .slow_at_few_rows = true};
  static constexpr Index in = Base::in, out = Base::out;
  template <class S>
  using frozen = WeightDecomposed<Method, Frozen<Base, S>>;
  using bias_thawed = WeightDecomposed<Method, typename Base::bias_thawed>;

  LowRank<Method, Base> base;
  Parameter<backend, Trainable, 1, out> magnitude;  ///< the length of every row of the weight, (Out)

  [[nodiscard]] constexpr auto projection() const
    requires(Method::settings.dropout == 0)
  {
    return base.projection();
  }
  template <class T, class Y>
  constexpr auto complete(T& tape, Y y) const {
    if constexpr (!T::recording)
      if (aside_.holds()) return base.complete(tape, y);  // merged: the norms are the magnitudes
    return base.complete(tape, scaled(tape, y));
  }
  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (Method::settings.dropout == 0) {
      return std::get<0>(apply(tape, Given{x}, {}, *this));
    } else {
      const auto z = dropout(tape, x, static_cast<float>(Method::settings.dropout));
      const auto product = std::get<0>(
          project<E>(tape, Given{z}, false, Nothing{}, projection_of(weight(), base.a, base.b, base.scaling())));
      if constexpr (!T::training) return complete(tape, product);
      else
        return base.complete(
            tape, add(tape, scaled(tape, product), matmul(tape, add(tape, x, scale(tape, z, -1.0F)), weight())));
    }
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    LowRank<Method, Base>::visit(self.base, f, path);
    f(Path{&path, "lora_magnitude_vector"}, self.magnitude);
  }

  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    magnitude.assign(norms_of(weight().read()));
  }

  /// The weight that does what the layer does, given the base's.
  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const {
    w = base.merged_weight(std::move(w));
    const auto norms = norms_of(w), m = magnitude.read();
    for (Index o = 0; o < out; ++o)
      for (Index i = 0; i < in; ++i) w[o * in + i] *= m[o] / norms[o];
    return w;
  }

  /// While merged the low-rank path is switched off and the magnitudes are the norms.
  void merge() {
    if (aside_.holds()) return;
    aside_.keep(weight());
    magnitudes_ = magnitude.read();
    const auto merged = merged_weight(weight().read());
    base.merge();
    weight().assign(merged);
    magnitude.assign(norms_of(weight().read()));
  }
  void unmerge() {
    if (!aside_.holds()) return;
    base.unmerge();
    aside_.give_back(weight());
    magnitude.assign(magnitudes_);
  }

 private:
  [[nodiscard]] constexpr auto& weight() { return base.base.weight; }
  [[nodiscard]] constexpr const auto& weight() const { return base.base.weight; }

  static std::vector<float> norms_of(const std::vector<float>& w) {
    std::vector<float> norms(out);
    for (Index o = 0; o < out; ++o) {
      double sum = 0;
      for (Index i = 0; i < in; ++i) sum += static_cast<double>(w[o * in + i]) * static_cast<double>(w[o * in + i]);
      norms[o] = static_cast<float>(std::sqrt(sum));
    }
    return norms;
  }

  template <class T, class Y>
  constexpr auto scaled(T& tape, Y y) const {
    return scale_columns(tape, y, multiply(tape, row(tape, magnitude), inverse_norms(tape)));
  }
  /// 1 / ‖W + s B A‖ by rows, (1,Out)
  template <class T>
  constexpr auto inverse_norms(T& tape) const {
    using W = std::remove_cvref_t<decltype(weight())>;
    const auto norms = tape.template value<out>(1);
    tape.template borrow<float>(out * in, [&](Pointer<backend> w) {
      constexpr Index rank = Method::settings.rank;
      tape.run({2 * out * in * (rank + 1), out, in, rank}, [=, this](auto on) {
        lookup_frozen(w, nullptr, weight().packed(), out, out, in, typename W::storage{}, on);
        matmul_input(w, base.b.value(), base.a.value(), out, in, rank, base.scaling(), true, on);
        inverse_row_norms(norms.data, w, out, in, on);
      });
    });
    return norms;
  }

  WeightAside<Base> aside_;
  std::vector<float> magnitudes_{};
};

struct DoraOfSomethingElse {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: DoRA takes the options of LoRA without LoraBias, WithHead and initialisations that change "
                  "the base, on frozen linear layers and not on the tied head");
  };
};

/// `DoRA<8>`, with the options of LoRA but for LoraBias, PissaInit and OloraInit.
/// (Liu et al. 2024) \tparam Rank as of LoRA \tparam Options of LoRA
template <Index Rank, class... Options>
struct DoRA {
  using lora = LoRA<Rank, Options...>;
  static constexpr LoraSettings settings = lora::settings;
  static constexpr MethodOffers offers{.peft_type = "LORA", .low_rank = true};
  template <class Config, class F>
  static void each_option(F&& f) {
    lora::template each_option<Config>(f);
    f("use_dora", true);
  }

  template <class L>
  struct Wrap : Refuse<L, DoraOfSomethingElse> {};
  template <class M, class Base>
    requires(!M::settings.bias && !M::settings.starts_from_base() && !M::settings.with_head)
  struct Wrap<LowRank<M, Base>> {
    using type = WeightDecomposed<DoRA, Base>;
  };
  template <class L>
    requires(BaseLayer<L> || Complaining<L>)
  struct Wrap<L> : Kept<L> {};
  /// What LoRA makes of a place says whether DoRA may work there.
  template <class Where, class L>
  using at = typename std::conditional_t<std::is_same_v<typename lora::template at<Where, L>, L>, Kept<L>,
                                         Wrap<typename lora::template at<Where, L>>>::type;
};

}  // namespace graft
