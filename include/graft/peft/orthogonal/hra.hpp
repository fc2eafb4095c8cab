/// \file
/// HRA (Yuan et al. 2024):   y = (x H_R … H_1) Wᵀ + b,   H_i = I − 2 u_i u_iᵀ / (u_i·u_i),   u_i the columns of U(In,R)
/// Gradient: ops/products/reflect.hpp. Neighbours start equal, so that an even number of them starts as nothing.
#pragma once

#include <graft/autodiff/ops/products/reflect.hpp>
#include <graft/peft/delta/delta.hpp>

namespace graft {

/// A linear layer whose input is reflected.
template <class Method, class Base>
class Reflected {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr LayerOffers offers{.merges = true};
  static constexpr Index in = Base::in, out = Base::out, rank = Method::rank;
  template <class S>
  using frozen = Reflected<Method, Frozen<Base, S>>;
  using bias_thawed = Reflected<Method, typename Base::bias_thawed>;

  Base base;
  TrainedTensor<backend, in, rank> u;  ///< the vectors of the reflections, one a column, (In, R)

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    return base(tape, reflected<rank>(tape, x, leaf(tape, u)));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "hra_u"}, self.u);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    auto half = initializer.uniform(in * ((rank + 1) / 2), 1.0F / std::sqrt(static_cast<float>(in)));
    std::vector<float> all(in * rank);
    for (Index i = 0; i < in; ++i)
      for (Index r = 0; r < rank; ++r) all[i * rank + r] = half[i * ((rank + 1) / 2) + r / 2];
    u.assign(all);
  }

  /// W H_1 … H_R
  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const {
    const auto all = u.read();
    for (Index r = 0; r < rank; ++r) {
      float size = 0;
      for (Index i = 0; i < in; ++i) size += all[i * rank + r] * all[i * rank + r];
      for (Index o = 0; o < out; ++o) {
        float dot = 0;
        for (Index i = 0; i < in; ++i) dot += w[o * in + i] * all[i * rank + r];
        for (Index i = 0; i < in; ++i) w[o * in + i] -= 2.0F * dot * all[i * rank + r] / size;
      }
    }
    return w;
  }

  /// Reflects the base's weight (and switches the reflections off), or puts it back as it was.
  void merge() { aside_.merge(*this); }
  void unmerge() { aside_.unmerge(*this); }

 private:
  template <Index Left, class T, class X, class U>
  constexpr auto reflected(T& tape, X x, U vectors) const {
    const auto y = reflect(tape, x, vectors, Left - 1, aside_.holds() ? 0.0F : 1.0F);
    if constexpr (Left == 1) return y;
    else return reflected<Left - 1>(tape, y, vectors);
  }

  WeightAside<Base> aside_;
};

struct HraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of HRA; it takes On<sites...> and Blocks<First, Last>");
  };
};

/// `HRA<8>`, with LoRA's `On<…>` and `Blocks<…>`.
/// (Yuan et al. 2024) \tparam Rank how many reflections \tparam Options as said
template <Index Rank, class... Options>
struct HRA {
  static constexpr Index rank = Rank;
  static constexpr MethodOffers offers{.peft_type = "HRA"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<(PlaceOption<Options> && ...), HraUnknownOption>, typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("apply_GS", false);
    f("init_weights", true);
    f("bias", "none");
  }
  template <class Where, class L>
  using at = delta_at<HRA, Where, L, Reflected>;
};

}  // namespace graft
