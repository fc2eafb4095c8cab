/// \file
/// (IA)³ (Liu et al. 2022): what a layer yields, or what it reads, is scaled by a trained vector that starts at one.
///   y = l ∘ (x Wᵀ + b),  l(Out)     at Key and Value
///   y = (l ∘ x) Wᵀ + b,  l(In)      at feed-forward sites (Down)
/// Gradients: ops/pointwise/scale_columns.hpp.
#pragma once

#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/layers/apply.hpp>
#include <graft/peft/contract/method.hpp>
#include <graft/peft/set_aside.hpp>

namespace graft {

/// A linear layer with a vector at its output, or at its input. `Method` is the (IA)³ that made it.
template <class Method, class Base, bool Input>
class Scaled {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr bool completes_sums = false;
  static constexpr Index in = Base::in, out = Base::out, size = Input ? in : out;
  static constexpr LayerOffers offers{
      .merges = true, .merges_bias = true, .also_listed = Input ? "feedforward_modules" : ""};
  template <class S>
  using frozen = Scaled<Method, Frozen<Base, S>, Input>;
  using bias_thawed = Scaled<Method, typename Base::bias_thawed, Input>;

  Base base;
  /// As HF PEFT keeps it: a row beside what is read, a column beside what is yielded.
  TrainedTensor<backend, Input ? 1 : size, Input ? size : 1> vector;

  /// Scaling what the product yields leaves the product to be computed with others of its input.
  [[nodiscard]] constexpr auto projection() const
    requires(!Input)
  {
    return base.projection();
  }
  template <class T, class Y>
  constexpr auto complete(T& tape, Y y) const {
    return scale_columns(tape, base.complete(tape, y), row(tape, vector));
  }
  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (Input) return base(tape, scale_columns(tape, x, row(tape, vector)));
    else return complete(tape, std::get<0>(project<E>(tape, Given{x}, false, Nothing{}, projection())));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "ia3_l"}, self.vector);
  }

  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    vector.assign(std::vector<float>(size, 1.0F));
  }

  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const {
    const auto l = vector.read();
    for (Index o = 0; o < out; ++o)
      for (Index i = 0; i < in; ++i) w[o * in + i] *= l[Input ? i : o];
    return w;
  }
  [[nodiscard]] std::vector<float> merged_bias(std::vector<float> b) const {
    const auto l = vector.read();
    for (Index o = 0; o < out && !Input; ++o) b[o] *= l[o];
    return b;
  }

  /// Scales the base's rows or columns (and sets the vector to one), or puts everything back as it was.
  void merge() {
    if (aside_.holds()) return;
    aside_.merge(*this);
    if constexpr (Base::has_bias) {
      bias_ = base.bias.read();
      base.bias.assign(merged_bias(bias_));
    }
    vector_ = vector.read();
    vector.assign(std::vector<float>(size, 1.0F));
  }
  void unmerge() {
    if (!aside_.holds()) return;
    aside_.unmerge(*this);
    if constexpr (Base::has_bias) base.bias.assign(bias_);
    vector.assign(vector_);
  }

 private:
  WeightAside<Base> aside_;
  std::vector<float> bias_{}, vector_{};
};

struct Ia3OnNoLinear {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: IA3 scales frozen linear layers; a site of its On<...> holds another kind of layer, a "
                  "trained one, or the tied head");
  };
};

/// Sites that are scaled where they read.
template <class... Sites>
struct Reads : On<Sites...> {};
/// Whether an option says what is scaled before it is read.
template <class O>
inline constexpr bool is_reads = false;
template <class... Sites>
inline constexpr bool is_reads<Reads<Sites...>> = true;
template <class... Options>
struct ReadsOf {
  using type = Reads<>;
};
template <class Option, class... Rest>
struct ReadsOf<Option, Rest...> : ReadsOf<Rest...> {};
template <class... Sites, class... Rest>
struct ReadsOf<Reads<Sites...>, Rest...> {
  using type = Reads<Sites...>;
};

struct Ia3UnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of IA3; it takes On<sites...>, Reads<sites...> and Blocks<First, Last>");
  };
};

/// `IA3<>` is the paper's choice: what Key and Value yield and what Down reads. `IA3<On<Query, Value>, Reads<Down>>` is
/// another, and names all that it scales.
/// (Liu et al. 2022)
/// \tparam Options `On<…>` what is scaled where it comes out, `Reads<…>` where it goes in, `Blocks<…>`
template <class... Options>
struct IA3 {
  static constexpr bool chosen = ((is_on<Options> || is_reads<Options>) || ...);  ///< whether an option says sites
  /// The sites whose output is scaled.
  using Yields = typename SitesOf<std::conditional_t<chosen, On<>, On<Key, Value>>, Options...>::type;
  /// The sites whose input is scaled.
  using Read = std::conditional_t<chosen, typename ReadsOf<Options...>::type, Reads<Down>>;
  static constexpr MethodOffers offers{.peft_type = "IA3"};
  using blocks = typename BlocksOf<Options...>::type;
  using problem =
      FirstProblem<Unless<((PlaceOption<Options> || is_reads<Options>) && ...), Ia3UnknownOption>,
                   Unless<Yields::valid && Read::valid, UnknownSite>, Unless<blocks::valid, EmptyBlockRange>>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("init_ia3_weights", true);
    f("fan_in_fan_out", false);
  }

  template <class Where, class L>
  struct Wrap : Refuse<L, Ia3OnNoLinear> {};
  template <class Where, FrozenLinear L>
  struct Wrap<Where, L> {
    using type = Scaled<IA3, L, Read::template covers<typename Where::site>>;
  };
  /// whether the place is one of them
  template <class Where>
  static constexpr bool touches =
      (Yields::template covers<typename Where::site> || Read::template covers<typename Where::site>) &&
      blocks::has(Where::block);
  template <class Where, class L>
  using at = typename std::conditional_t<!std::is_void_v<problem>, Refuse<L, problem>,
                                         std::conditional_t<touches<Where>, Wrap<Where, L>, Kept<L>>>::type;
};

}  // namespace graft
