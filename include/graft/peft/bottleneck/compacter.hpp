/// \file
/// Compacter (Karimi Mahabadi et al. 2021): an adapter whose linear layers are sums of Kronecker products,
///   z(T,I) ↦ z H + b,   H(I,O) = Σₙ Aₙ ⊗ (lₙ rₙ),   lₙ(I/N, 1), rₙ(1, O/N), and Aₙ(N,N) shared by all layers
///       n = 1 … N
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/products/kronecker.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/autodiff/ops/rows/slice.hpp>
#include <graft/peft/bottleneck/adapter.hpp>

namespace graft {

/// A linear layer whose weight is a sum of Kronecker products.
template <class B, Index N, Index In, Index Out>
class KroneckerLinear {
 public:
  TrainedTensor<B, N, In / N, 1> left;    ///< the left vectors of the factors
  TrainedTensor<B, N, 1, Out / N> right;  ///< the right vectors of the factors
  Parameter<B, Trainable, 1, Out> bias;

  template <class T, Gradient G, class E, class M>
  constexpr auto operator()(T& tape, Var<B, In, G, E> x, AdapterContext<B, M> context) const {
    return add_bias(tape,
                    product_nn(tape, x,
                               weight<0>(tape, leaf_of_columns<N>(tape, context.shared->rule),
                                         leaf_of_columns<1>(tape, left), leaf_of_columns<Out / N>(tape, right))),
                    bias);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "W_left"}, self.left);
    f(Path{&path, "W_right"}, self.right);
    f(Path{&path, "b"}, self.bias);
  }
  void start(Initializer& initializer, float) {
    left.assign(initializer.uniform(In, std::sqrt(6.0F / static_cast<float>(In / N + 1))));
    right.assign(initializer.uniform(Out, std::sqrt(6.0F / static_cast<float>(Out / N + 1))));
    bias.assign(std::vector<float>(Out, 0.0F));
  }

 private:
  template <Index I, class T, class A, class L, class R>
  constexpr auto weight(T& tape, A a, L l, R r) const {
    const auto term = kronecker(tape, slice(tape, a, I * N, N),
                                product_nn(tape, slice(tape, l, I * (In / N), In / N), slice(tape, r, I, 1)));
    if constexpr (I + 1 == N) return term;
    else return add(tape, weight<I + 1>(tape, a, l, r), term);
  }
};

/// The rule Aₙ, once for the whole model.
template <class Method, class B, class C>
class KroneckerRule {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  template <class S>
  using frozen = KroneckerRule;
  using bias_thawed = KroneckerRule;
  TrainedTensor<B, Method::terms, Method::terms, Method::terms> rule;  ///< the small matrices, which all layers share

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    const Path all{path.parent, "shared_parameters"}, mine{&all, Method::settings_of_adapter.name};
    f(Path{&mine, "phm_rule"}, self.rule);
  }
  void initialize(Initializer& initializer) { rule.assign(initializer.normal(rule.size, 0.01F)); }
};

struct CompacterBesideAnother {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: Compacter takes the model's Shared site, which another method of this type has taken already");
  };
};

struct CompacterNotDivisible {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: Compacter<Width, N>: N must divide the model's width and the adapter's");
  };
};

/// `Compacter<16, 4>`: adapters of width 16 behind attention and feed-forward layers, of 4 Kronecker products each.
/// (Mahabadi et al. 2021) \tparam Width columns of the bottleneck \tparam N terms of a sum \tparam Options of Adapter
template <Index Width, Index N = 4, class... Options>
struct Compacter {
  /// The adapter that it is.
  using adapter = Adapter<Width, On<AfterAttention, AfterMlp>, OfSublayer, GELU, Options...>;
  using where = typename adapter::where;
  using blocks = typename adapter::blocks;
  static constexpr bool valid = adapter::valid;
  static constexpr Index width = Width, terms = N;
  static constexpr AdapterSettings settings_of_adapter = adapter::settings_of_adapter;

  static constexpr MethodOffers offers{.hub_name = settings_of_adapter.name, .bottleneck = Width};
  template <class F>
  static void each_hub_option(F&& f) {
    adapter::template hub_options<Compacter>(f, true);
    f("phm_dim", N);
    f("phm_rank", 1);
    f("phm_bias", true);
    f("learn_phm", true);
    f("shared_phm_rule", true);
    f("factorized_phm_rule", false);
    f("shared_W_phm", false);
    f("factorized_phm_W", true);
  }

  /// The layer down to the bottleneck.
  template <class B, Index C, class Role>
  using Down = KroneckerLinear<B, N, C, Width>;
  /// The layer up again.
  template <class B, Index C, class Role>
  using Up = KroneckerLinear<B, N, Width, C>;
  template <class B, class C>
  using Layer = Bottleneck<Compacter, B, C>;

  template <class L>
  struct Once : Refuse<L, CompacterBesideAnother> {};
  template <class B, class C>
    requires(Width % N == 0 && C::width % N == 0)
  struct Once<Absent<B, C>> {
    using type = KroneckerRule<Compacter, B, C>;
  };
  template <class B, class C>
    requires(Width % N != 0 || C::width % N != 0)
  struct Once<Absent<B, C>> : Refuse<Absent<B, C>, CompacterNotDivisible> {};
  template <class Where, class L>
  struct At {
    using type = adapter_at<Compacter, Where, L>;
  };
  template <class Where, class L>
    requires std::is_same_v<typename Where::site, Shared>
  struct At<Where, L> : Once<L> {};
  template <class Where, class L>
  using at = typename At<Where, L>::type;
};

}  // namespace graft
