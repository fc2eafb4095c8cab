/// \file
/// LoRA (Hu et al. 2021):   y = x Wᵀ + s u Bᵀ,   u = dropout(x) Aᵀ,   A(R,In), B(Out,R),   s = α/R, or α/√R (rsLoRA)
///
///   dB = s dyᵀ u          du = s dy B
///   dA = duᵀ dropout(x)   dx = dy W + mask · du A
///
/// None of this is written below: it follows from ops/project.hpp and ops/dropout.hpp.
#pragma once

#include <graft/autodiff/ops/dropout.hpp>
#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/scale.hpp>
#include <graft/layers/apply.hpp>
#include <graft/peft/lora_embedding.hpp>
#include <graft/peft/method.hpp>
#include <graft/peft/set_aside.hpp>

#include <cmath>

namespace graft {

/// How A starts. B starts at zero, so that the model starts as it was; or both are parts of the base.
enum class LoraInit {
  kaiming,
  gaussian,
  pissa,  ///< A and B are the base's largest singular directions, which it then lacks (Meng et al. 2024)
  olora   ///< A and B are the first rows and columns of the base's W = Q R, likewise (Büyükakyüz 2024)
};

/// By Newton's iteration: std::sqrt is no constant expression.
constexpr double square_root(double x) {
  double root = x;
  for (int i = 0; i < 60; ++i) root = (root + x / root) / 2;
  return root;
}

/// The numbers of a LoRA, gathered from its options.
struct LoraSettings {
  Index rank = 0;
  double alpha = 0;
  double dropout = 0;
  bool rank_stabilized = false;
  bool bias = false;       ///< of B
  bool with_head = false;  ///< a tied head follows the embedding
  LoraInit init = LoraInit::kaiming;

  [[nodiscard]] constexpr float scaling() const {
    const auto r = static_cast<double>(rank);
    return static_cast<float>(alpha / (rank_stabilized ? square_root(r) : r));
  }
};

/// Options of LoRA, in any order after the rank.
template <Index Numerator, Index Denominator = 1>
struct Alpha {
  static constexpr void apply(LoraSettings& s) { s.alpha = static_cast<double>(Numerator) / static_cast<double>(Denominator); }
};
/// `Dropout<1, 20>` drops one input in twenty of the low-rank path.
template <Index Numerator, Index Denominator>
struct Dropout {
  static_assert(Numerator < Denominator, "graft: Dropout<Numerator, Denominator> is a probability below one");
  static constexpr void apply(LoraSettings& s) { s.dropout = static_cast<double>(Numerator) / static_cast<double>(Denominator); }
};
/// s = α/√R (Kalajdzievski 2023).
struct RankStabilized {
  static constexpr void apply(LoraSettings& s) { s.rank_stabilized = true; }
};
/// A ~ N(0, 1/R²) instead of U(−1/√In, 1/√In).
struct GaussianInit {
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::gaussian; }
};

/// The base's own directions to begin with; `load` gives A and B their values and takes them out of the base (checkpoints/base_directions.hpp).
struct PissaInit {
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::pissa; }
};
struct OloraInit {
  static constexpr void apply(LoraSettings& s) { s.init = LoraInit::olora; }
};
/// On the token embedding: a head that is tied to it reads the embedding as it is with the LoRA. Without it, as it was.
struct WithHead {
  static constexpr void apply(LoraSettings& s) { s.with_head = true; }
};

/// A trained bias of the low-rank path's second product:   + s c,   c(Out).
struct LoraBias {
  static constexpr void apply(LoraSettings& s) { s.bias = true; }
};

template <class O>
concept LoraOption = requires(LoraSettings& s) { O::apply(s); };
/// What stands for an option that is another method's, where that method asks LoRA about the rest.
struct NoOption {
  static constexpr void apply(LoraSettings&) {}
};

/// A linear layer with a low-rank path beside it. `Method` is the LoRA that made it, or a bank of them (peft/bank.hpp): then there are
/// several paths, for different rows.
template <class Method, class Base>
class LowRank {
 public:
  using backend = typename Base::backend;
  using adapted = Base;  ///< marks a layer that a method made
  using method = Method;
  static constexpr Index in = Base::in, out = Base::out, rank = Method::settings.rank, members = members_of<Method>;
  template <class S>
  using frozen = LowRank<Method, Frozen<Base, S>>;
  using bias_thawed = LowRank<Method, typename Base::bias_thawed>;
  template <class Other>
  using made_by = LowRank<Other, Base>;
  /// Whether A and B begin as parts of the base, which has to be changed for it (checkpoints/base_directions.hpp).
  static constexpr bool starts_from_base = Method::settings.init == LoraInit::pissa || Method::settings.init == LoraInit::olora;
  /// Whether the path is the same for every row.
  static constexpr bool merges = members == 1 && !requires { Method::invocation; } && (!Method::settings.bias || Base::has_bias);

  Base base;
  TrainedTensor<backend, members * rank, in> a;
  TrainedTensor<backend, members * out, rank> b;
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
      return with_bias(tape, add_matmul(tape, y, matmul(tape, dropout(tape, x, static_cast<float>(Method::settings.dropout)), a), b, scaling()));
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
    if constexpr (Method::settings.init != LoraInit::gaussian) a.assign(initializer.uniform(members * rank * in, 1.0F / std::sqrt(static_cast<float>(in))));
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
    launch<backend>([this, w](auto on) { matmul_input(w, b.value(), a.value(), out, in, rank, Method::settings.scaling(), false, on); });
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
  /// as F32 the sum is rounded to its storage, and `unmerge` gives back the rounded base; one that other models share it
  /// gives back as it was.
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
    if (merged) aside_.keep_shared(base.weight);
    if (!merged && aside_.holds()) aside_.give_back(base.weight);
    else base.weight.assign(plus(base.weight.read(), low_rank_weight(), direction));
    if constexpr (Method::settings.bias) base.bias.assign(plus(base.bias.read(), b_bias.read(), direction * Method::settings.scaling()));
    merged_ = merged;
  }
  template <class T, class Y>
  constexpr auto with_bias(T& tape, Y y) const {
    if constexpr (Method::settings.bias) return add_bias(tape, y, scale(tape, leaf(tape, b_bias), scaling()));
    else return y;
  }

  WeightAside<Base> aside_;
  bool merged_ = false;
};

struct LoraOnNoLinear {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: LoRA works on linear layers and on the token embedding; a site of its On<...> holds another kind of layer (a norm)");
  };
};
struct LoraOfRankZero {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: LoRA<0> trains nothing: the rank must be at least 1 (4 to 32 are usual)");
  };
};
struct LoraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: unknown option of LoRA; it takes On<sites...>, Blocks<First, Last>, Alpha<N>, Dropout<N, D>, RankStabilized, GaussianInit, PissaInit, OloraInit, LoraBias, and on the token embedding WithHead");
  };
};
struct EmptyBlockRange {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: Blocks<First, Last> is a half-open range: First must be less than Last; further ranges stand behind it: Blocks<0, 2, 5, 6>");
  };
};
struct LoraOverTrained {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: LoRA over a weight that is trained as well: the low-rank path would only repeat it; leave the site to one of the two methods");
  };
};

/// `LoRA<8>`, `LoRA<8, On<Query, Value>, Alpha<16>, Dropout<1, 20>>`, `LoRA<4, Blocks<20, 30>, RankStabilized>`.
/// Defaults: every linear layer of every block, α = 2 R, no dropout.
template <Index Rank, class... Options>
struct LoRA {
  static constexpr const char* peft_type = "LORA";
  using where = typename SitesOf<On<Linears>, Options...>::type;
  using blocks = typename BlocksOf<Options...>::type;
  /// What is wrong with this very type, or void.
  using problem = std::conditional_t<Rank == 0, LoraOfRankZero,
                  std::conditional_t<!((LoraOption<Options> || PlaceOption<Options>) && ...), LoraUnknownOption,
                  std::conditional_t<!where::valid, UnknownSite, std::conditional_t<!blocks::valid, EmptyBlockRange, void>>>>;
  static constexpr LoraSettings settings = [] {
    LoraSettings s{.rank = Rank, .alpha = 2.0 * static_cast<double>(Rank)};
    [[maybe_unused]] const auto apply = [&s]<class O>(O) {
      if constexpr (LoraOption<O>) O::apply(s);
    };
    (apply(Options{}), ...);
    return s;
  }();

  /// What PEFT's config says of a layer.
  template <class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("lora_alpha", settings.alpha);
    f("lora_dropout", settings.dropout);
    f("use_rslora", settings.rank_stabilized);
    f("lora_bias", settings.bias);
    if (settings.with_head) f("ensure_weight_tying", true);
    if constexpr (settings.init == LoraInit::kaiming) f("init_lora_weights", true);
    else f("init_lora_weights", settings.init == LoraInit::gaussian ? "gaussian" : settings.init == LoraInit::pissa ? "pissa" : "olora");
  }

  template <class Where>
  static constexpr bool touches = where::template covers<typename Where::site> && blocks::has(Where::block);

  template <class Where, class L>
  struct Wrap : Refuse<L, LoraOnNoLinear> {};
  template <class Where, class L>
    requires requires { L::in; } && (!is_tied<L> && !std::remove_cvref_t<decltype(L::weight)>::trainable)
  struct Wrap<Where, L> {
    using type = LowRank<LoRA, L>;
  };
  template <class Where, class L>
    requires requires { L::in; } && (!is_tied<L> && std::remove_cvref_t<decltype(L::weight)>::trainable)
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
  using at = typename std::conditional_t<!std::is_void_v<problem>, Refuse<L, problem>, std::conditional_t<touches<Where>, Wrap<Where, L>, Kept<L>>>::type;
};

}  // namespace graft
