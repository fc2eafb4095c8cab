/// \file
/// LoRA (Hu et al. 2021):   y = x Wᵀ + s u Bᵀ,   u = dropout(x) Aᵀ,   A(R,In), B(Out,R),   s = α/R, or α/√R (rsLoRA)
///
///   dB = s dyᵀ u          du = s dy B
///   dA = duᵀ dropout(x)   dx = dy W + mask · du A
///
/// None of this is written below: it follows from ops/products/project.hpp and ops/pointwise/dropout.hpp.
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/dropout.hpp>
#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/layers/apply.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/peft/low_rank/lora_embedding.hpp>
#include <graft/peft/low_rank/lora_options.hpp>
#include <graft/peft/set_aside.hpp>

#include <cmath>

namespace graft {

/// A linear layer with a low-rank path beside it. `Method` is the LoRA that made it, or a bank of them
/// (peft/low_rank/bank.hpp): then there are several paths, for different rows.
template <class Method, class Base>
class LowRank {
 public:
  using backend = typename Base::backend;
  using adapted = Base;  ///< marks a layer that a method made
  using method = Method;
  static constexpr Index in = Base::in, out = Base::out, rank = Method::settings.rank,
                         members = method_offers<Method>.members;
  template <class S>
  using frozen = LowRank<Method, Frozen<Base, S>>;
  using bias_thawed = LowRank<Method, typename Base::bias_thawed>;
  template <class Other>
  using made_by = LowRank<Other, Base>;
  static constexpr bool completes_sums = true;
  /// Whether the path is the same for every row, and what it adds has a place in the base.
  static constexpr bool merges =
      members == 1 && method_offers<Method>.invocation.empty() && (!Method::settings.bias || Base::has_bias);
  static constexpr LayerOffers offers{.merges = merges,
                                      .merges_bias = merges && Method::settings.bias,
                                      .low_rank = merges,
                                      .starts_from_base = Method::settings.starts_from_base()};

  Base base;
  OfMembers<members, TrainedTensor<backend, members * rank, in>> a;
  OfMembers<members, TrainedTensor<backend, members * out, rank>> b;
  /// a trained bias of the path, where the option asks for one
  [[no_unique_address]] std::conditional_t<Method::settings.bias, Parameter<backend, Trainable, 1, out>, NoBias> b_bias;

  /// Where nothing is dropped the path is part of the base's product.
  [[nodiscard]] constexpr auto projection() const
    requires(Method::settings.dropout == 0)
  {
    return projection_of<members>(base.weight, a, b, scaling());
  }
  template <class T, class Y>
  constexpr auto complete(T& tape, Y y) const {
    return with_bias(tape, base.complete(tape, y));
  }

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (Method::settings.dropout == 0) {
      return std::get<0>(apply(tape, Given{x}, {}, *this));
    } else {
      const auto y = base(tape, x);
      return with_bias(
          tape, add_matmul(tape, y, matmul(tape, dropout(tape, x, static_cast<float>(Method::settings.dropout)), a), b,
                           scaling()));
    }
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "lora_A.weight"}, self.a);
    f(Path{&path, "lora_B.weight"}, self.b);
    if constexpr (Method::settings.bias) f(Path{&path, "lora_B.bias"}, self.b_bias);
  }

  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    if constexpr (Method::settings.init != LoraInit::gaussian)
      a.assign(initializer.uniform(members * rank * in, 1.0F / std::sqrt(static_cast<float>(in))));
    else a.assign(initializer.normal(members * rank * in, 1.0F / static_cast<float>(rank)));
    b.assign(std::vector<float>(members * out * rank, 0.0F));
    if constexpr (Method::settings.bias) b_bias.assign(std::vector<float>(out, 0.0F));
  }

  /// s B A as host floats, (Out,In).
  [[nodiscard]] std::vector<float> low_rank_weight() const
    requires(merges)
  {
    const Buffer<backend> memory(out * in * sizeof(float));
    const auto w = memory.template as<float>();
    launch<backend>([this, w](auto on) {
      matmul_input(w, b.value(), a.value(), out, in, rank, Method::settings.scaling(), false, on);
    });
    return download<backend>(w, out * in);
  }

  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const
    requires(merges)
  {
    return plus(std::move(w), low_rank_weight(), 1.0F);
  }
  [[nodiscard]] std::vector<float> merged_bias(std::vector<float> bias) const
    requires(merges && Method::settings.bias)
  {
    return plus(std::move(bias), b_bias.read(), Method::settings.scaling());
  }

  /// Adds the low-rank path to the base weight (and switches it off), or takes it out again. Where the base is not kept
  /// as F32 the sum is rounded to its storage, and `unmerge` gives back the rounded base; one that other models share
  /// it gives back as it was.
  void merge()
    requires(merges)
  {
    fold(1.0F, true);
  }
  void unmerge()
    requires(merges)
  {
    fold(-1.0F, false);
  }

  /// While merged the path is computed with scale 0: the type of a model does not change at run time.
  [[nodiscard]] constexpr float scaling() const { return merged_ ? 0.0F : Method::settings.scaling(); }

 private:
  static std::vector<float> plus(std::vector<float> w, const std::vector<float>& more, float factor) {
    for (Index i = 0; i < w.size(); ++i) w[i] += factor * more[i];
    return w;
  }
  void fold(float direction, bool merged) {
    if (merged_ == merged) return;
    if constexpr (Method::settings.bias) {
      if (merged)
        bias_aside_.keep(base.bias),
            base.bias.assign(plus(base.bias.read(), b_bias.read(), Method::settings.scaling()));
      else bias_aside_.give_back(base.bias);
    }
    if (merged) aside_.keep_shared(base.weight);
    if (!merged && aside_.holds()) aside_.give_back(base.weight);
    else base.weight.assign(plus(base.weight.read(), low_rank_weight(), direction));
    merged_ = merged;
  }
  template <class T, class Y>
  constexpr auto with_bias(T& tape, Y y) const {
    if constexpr (Method::settings.bias) return add_bias(tape, y, scale(tape, leaf(tape, b_bias), scaling()));
    else return y;
  }

  WeightAside<Base> aside_;
  struct Nothing {};
  template <class L>
  struct BiasAside {
    using type = Nothing;
  };
  template <class L>
    requires(merges && Method::settings.bias)
  struct BiasAside<L> {
    using type = SetAside<decltype(L::bias)>;
  };
  [[no_unique_address]] typename BiasAside<Base>::type bias_aside_;
  bool merged_ = false;
};

struct LoraOnNoLinear {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LoRA works on linear layers and on the token embedding; a site of its On<...> holds another "
                  "kind of layer (a norm)");
  };
};
struct LoraOfRankZero {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LoRA<0> trains nothing: the rank must be at least 1 (4 to 32 are usual)");
  };
};
struct LoraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of LoRA; it takes On<sites...>, Blocks<First, Last>, Alpha<N>, Dropout<N, D>, "
                  "RankStabilized, GaussianInit, PissaInit, OloraInit, LoraBias, and on the token embedding WithHead");
  };
};
struct LoraOverTrained {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LoRA over a weight that is trained as well: the low-rank path would only repeat it; leave "
                  "the site to one of the two methods");
  };
};

/// Low-rank adaptation (Hu et al. 2021).
/// `LoRA<8>`, `LoRA<8, On<Query, Value>, Alpha<16>, Dropout<1, 20>>`, `LoRA<4, Blocks<20, 30>, RankStabilized>`.
/// Defaults: every linear layer of every block, α = 2 R, no dropout.
/// \tparam Rank columns of the narrow product, at least 1
/// \tparam Options any of `On<…>`, `Blocks<…>`, `Alpha<…>`, `Dropout<…>`, `RankStabilized`, `LoraBias`, first values
template <Index Rank, class... Options>
struct LoRA {
  static constexpr MethodOffers offers{.peft_type = "LORA", .low_rank = true};
  using places = Places<On<Linears>, Options...>;
  /// What is wrong with this very type, or void.
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<((LoraOption<Options> || PlaceOption<Options>) && ...), LoraUnknownOption>,
                               typename places::problem>;
  static constexpr LoraSettings settings = lora_settings<Rank, Options...>();

  /// What PEFT's config says of a layer.
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("lora_alpha", settings.alpha);
    f("lora_dropout", settings.dropout);
    f("use_rslora", settings.rank_stabilized);
    f("lora_bias", settings.bias);
    if (settings.with_head) f("ensure_weight_tying", true);
    if constexpr (settings.init == LoraInit::kaiming) f("init_lora_weights", true);
    else
      f("init_lora_weights", settings.init == LoraInit::gaussian ? "gaussian"
                             : settings.init == LoraInit::pissa  ? "pissa"
                                                                 : "olora");
  }

  template <class Where, class L>
  struct Wrap : Refuse<L, LoraOnNoLinear> {};
  template <class Where, FrozenLinear L>
  struct Wrap<Where, L> {
    using type = LowRank<LoRA, L>;
  };
  template <class Where, LinearLayer L>
    requires(!is_tied<L> && std::remove_cvref_t<decltype(L::weight)>::trainable)
  struct Wrap<Where, L> : Refuse<L, LoraOverTrained> {};
  template <class Where, class B, Index V, Index C, class S>
  struct Wrap<Where, Embedding<B, V, C, Constant<S>>> {
    using type = LowRankEmbedding<LoRA, Embedding<B, V, C, Constant<S>>>;
  };
  template <class Where, class L>
    requires is_tied<L>
  struct Wrap<Where, L> {  // a head of its own, so that the embedding stays as it is
    using type = LowRank<LoRA, Frozen<typename L::untied, typename Where::storage>>;
  };
  template <class Where, class L>
  using at =
      typename std::conditional_t<!std::is_void_v<problem>, Refuse<L, problem>,
                                  std::conditional_t<places::template has<Where>, Wrap<Where, L>, Kept<L>>>::type;
};

}  // namespace graft
