/// \file
/// Bottleneck adapters: A(z) = s · (f(z Dᵀ + d) Uᵀ + u),
///     D(W,C), U(C,W), beside what a block adds to the sum x that runs through it, h:
///   Houlsby et al. 2019:    y = x + h + A(h)        Pfeiffer et al. 2021: y = x + h + A(x + h)
///   He et al. 2022:         y = x + h + A(x), "parallel"
/// An adapter behind another (`Methods<A, B>`, a stack of them in papers) reads what that one yields. Names in files
/// are AdapterHub's.
#pragma once

#include <graft/autodiff/ops/pointwise/gelu.hpp>
#include <graft/autodiff/ops/pointwise/pointwise.hpp>
#include <graft/autodiff/ops/pointwise/silu.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/sublayer.hpp>
#include <graft/peft/low_rank/lora.hpp>

#include <algorithm>

namespace graft {

// Options of Adapter.
/// The adapter's function is max(x, 0).
struct ReLU {
  static constexpr const char* nonlinearity = "relu";
};
/// The adapter's function is x σ(x).
struct Swish {
  static constexpr const char* nonlinearity = "swish";
};
/// The adapter's function is x Φ(x).
struct GELU {
  static constexpr const char* nonlinearity = "gelu";
};
/// What the adapter reads: the sum, the sublayer's output, or its input.
enum class AdapterForm { of_sum, of_sublayer, parallel };
struct OfSum {
  static constexpr AdapterForm form = AdapterForm::of_sum;
};  ///< A(x + h)
struct OfSublayer {
  static constexpr AdapterForm form = AdapterForm::of_sublayer;
};  ///< A(h)
struct InParallel {
  static constexpr AdapterForm form = AdapterForm::parallel;
};  ///< A(x)
/// What the adapter yields is multiplied by Numerator / Denominator.
template <Index Numerator, Index Denominator = 1>
struct Scaling {
  static constexpr double factor = static_cast<double>(Numerator) / static_cast<double>(Denominator);  ///< the factor
};
/// A text as an argument of a type.
template <std::size_t N>
struct Label {
  char text[N]{};
  /// The text of a literal.
  constexpr Label(const char (&from)[N]) { std::copy_n(from, N, text); }
};
/// The adapter's name, by which files tell several apart.
template <Label Text>
struct Named {
  static constexpr const char* name = Text.text;
  static constexpr auto label = Text;
};

template <class O>
concept NonlinearityOption = requires { O::nonlinearity; };
template <class O>
concept FormOption = requires { O::form; };
template <class O>
concept ScalingOption = requires { O::factor; };
template <class O>
concept NameOption = requires { O::name; };

/// What the options say; the last of a kind counts.
struct AdapterSettings {
  const char* nonlinearity = "relu";
  AdapterForm form = AdapterForm::of_sum;
  double scaling = 1;
  const char* name = "default";
};
/// The first name among options.
template <class... Options>
struct NameOf {
  using type = Named<"default">;
};
template <class Option, class... Rest>
struct NameOf<Option, Rest...> : NameOf<Rest...> {};
template <Label Text, class... Rest>
struct NameOf<Named<Text>, Rest...> {
  using type = Named<Text>;
};
template <class Otherwise, class... Options>
struct LastOn {
  using type = Otherwise;
};
template <class Otherwise, class Option, class... Rest>
struct LastOn<Otherwise, Option, Rest...> : LastOn<std::conditional_t<is_on<Option>, Option, Otherwise>, Rest...> {};

/// f by the name that a config has for it.
template <class M, class T, class X>
constexpr auto nonlinear(T& tape, X x) {
  constexpr std::string_view name = M::settings_of_adapter.nonlinearity;
  if constexpr (name == "swish") return silu(tape, x);
  else if constexpr (name == "gelu") return gelu(tape, x);
  else return relu(tape, x);
}

/// What layers of an adapter read beside their input: what the model keeps once, and which member of a bank each row
/// belongs to.
template <class B, class M>
struct AdapterContext {
  const M* shared;        ///< what all layers of the method share
  Pointer<B, Id> owners;  ///< whose each row is
};

/// First values N(0, σ²), and no bias.
template <class L>
void start_normal(L& layer, Initializer& initializer, float deviation) {
  layer.weight.assign(initializer.normal(layer.weight.size, deviation));
  layer.bias.assign(std::vector<float>(layer.bias.size, 0.0F));
}

/// A linear layer of an adapter. Others (peft/low_rank/bank.hpp, peft/bottleneck/compacter.hpp) look at what is around,
/// too.
template <class B, Index In, Index Out, class Role>
class AdapterLinear : public Linear<B, In, Out, true, Role> {
 public:
  template <class T, class X, class M>
  constexpr auto operator()(T& tape, X x, AdapterContext<B, M>) const {
    return Linear<B, In, Out, true, Role>::operator()(tape, x);
  }
  void start(Initializer& initializer, float deviation) { start_normal(*this, initializer, deviation); }
};

/// x + h + A(z), where z is what an adapter of this form reads. a(tape, z) is A.
template <AdapterForm Form, class T, class X, class Sub, class A>
constexpr auto onto_sublayer(T& tape, X x, const Sub& sublayer, const A& a) {
  if constexpr (Form == AdapterForm::of_sublayer) {
    const auto h = sublayer.alone(tape);
    const auto more = a(tape, h);
    return add(tape, add(tape, x, h), more);
  } else {
    const auto s = sublayer.onto(tape, x);
    if constexpr (Form == AdapterForm::of_sum) return add(tape, s, a(tape, sublayer.normed(tape, s)));
    else return add(tape, s, a(tape, x));
  }
}

/// An adapter at a place where a block has something to add. Role: whether it is trained, or one of several fused
/// (peft/bottleneck/fuse.hpp).
template <class Method, class B, class C, class Role = Trainable>
class Bottleneck {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  using fixed = Bottleneck<Method, B, C, Constant<F32>>;
  static constexpr Index width = C::width;
  static constexpr AdapterForm form = Method::settings_of_adapter.form;
  template <class S>
  using frozen = Bottleneck;
  using bias_thawed = Bottleneck;
  template <class Other>
  using made_by = Bottleneck<Other, B, C, Role>;

  typename Method::template Down<B, width, Role> down;
  typename Method::template Up<B, width, Role> up;

  /// A(z)
  template <class T, class X, class M>
  constexpr auto inside(T& tape, X z, AdapterContext<B, M> context) const {
    const auto y = up(tape, nonlinear<Method>(tape, down(tape, z, context)), context);
    if constexpr (Method::settings_of_adapter.scaling == 1) return y;
    else return scale(tape, y, static_cast<float>(Method::settings_of_adapter.scaling));
  }
  /// x + h and what the adapter adds
  template <class T, class X, class Sub, class M>
  constexpr auto onto(T& tape, X x, const Sub& sublayer, const M& shared) const {
    return onto_sublayer<form>(tape, x, sublayer, [&](T& on, auto z) {
      return inside(on, z, AdapterContext<B, M>{&shared, sublayer.how.owners});
    });
  }
  /// The same without x
  template <class T, class X, class Sub, class M>
  constexpr auto alone(T& tape, X x, const Sub& sublayer, const M& shared) const {
    const AdapterContext<B, M> context{&shared, sublayer.how.owners};
    const auto h = sublayer.alone(tape);
    if constexpr (form == AdapterForm::of_sublayer) return add(tape, h, inside(tape, h, context));
    else if constexpr (form == AdapterForm::of_sum)
      return add(tape, h, inside(tape, sublayer.normed(tape, add(tape, x, h)), context));
    else return add(tape, h, inside(tape, x, context));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    const Path all{&path, "adapters"}, mine{&all, Method::settings_of_adapter.name}, first{&mine, "adapter_down"};
    decltype(down)::visit(self.down, f, Path{&first, "0"});
    decltype(up)::visit(self.up, f, Path{&mine, "adapter_up"});
  }
  void initialize(Initializer& initializer) {
    constexpr bool parallel = form == AdapterForm::parallel;  // starts as nothing, as its authors have it
    down.start(initializer, parallel ? 1.0F / std::sqrt(3.0F * static_cast<float>(width)) : 0.02F);
    up.start(initializer, parallel ? 0.0F : 0.02F);
  }
};

/// Calls f(method) for the method of a layer, or for the methods of one that has several.
template <class L, class F>
void each_method_of(F&& f) {
  if constexpr (offers_of<L>.several) L::each_method(f);
  else f(static_cast<const typename L::method*>(nullptr));
}

/// One adapter behind another.
template <class First, class Second>
class Stacked {
 public:
  using backend = typename First::backend;
  using adapted = typename First::adapted;
  using method = typename First::method;
  static constexpr LayerOffers offers{.several = true};
  template <class S>
  using frozen = Stacked;
  using bias_thawed = Stacked;

  /// Calls f(method) for the methods whose parameters these are.
  template <class F>
  static void each_method(F&& f) {
    each_method_of<First>(f);
    each_method_of<Second>(f);
  }

  First first;
  Second second;

  template <class T, class X, class Sub, class M>
  constexpr auto onto(T& tape, X x, const Sub& sublayer, const M& shared) const {
    return second.onto(tape, x, Behind<X, Sub, M>{&first, x, &sublayer, &shared, sublayer.how}, shared);
  }
  template <class T, class X, class Sub, class M>
  constexpr auto alone(T& tape, X x, const Sub& sublayer, const M& shared) const {
    return second.alone(tape, x, Behind<X, Sub, M>{&first, x, &sublayer, &shared, sublayer.how}, shared);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    First::visit(self.first, f, path);
    Second::visit(self.second, f, path);
  }
  void initialize(Initializer& initializer) {
    first.initialize(initializer);
    second.initialize(initializer);
  }

 private:
  /// The first adapter's result as what the second finds.
  template <class X, class Sub, class M>
  struct Behind {
    const First* first;
    X x;
    const Sub* sublayer;
    const M* shared;  ///< what all layers of the method share
    InputRows<backend> how;

    template <class T>
    constexpr auto alone(T& tape) const {
      return first->alone(tape, x, *sublayer, *shared);
    }
    template <class T, class R>
    constexpr auto onto(T& tape, R residual) const {
      return first->onto(tape, residual, *sublayer, *shared);
    }
    template <class T, class S>
    constexpr auto normed(T& tape, S sum) const {
      return sublayer->normed(tape, sum);
    }
  };
};

struct AdapterElsewhere {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: adapters stand at AfterAttention and AfterMlp; a site of their On<...> is another one");
  };
};
struct AdapterUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of an adapter; it takes On<AfterAttention, AfterMlp>, OfSum, OfSublayer, "
                  "InParallel, ReLU, Swish, GELU, Scaling<N, D>, Named<\"...\">, Blocks<First, Last>");
  };
};

/// Whether a layer is an adapter, behind which another may stand.
template <class L>
concept AdapterLayer = requires {
  typename L::adapted::config;
  L::method::settings_of_adapter;
};

/// What an adapter makes of a place.
template <class Method, class L>
struct AsAdapter : Refuse<L, AdapterElsewhere> {};
template <class Method, class B, class C>
struct AsAdapter<Method, Absent<B, C>> {
  using type = typename Method::template Layer<B, C>;
};
template <class Method, AdapterLayer L>
struct AsAdapter<Method, L> {
  using type = Stacked<L, typename Method::template Layer<typename L::backend, typename L::adapted::config>>;
};
/// Sites where a block has something to add.
template <class S>
inline constexpr bool is_sublayer_site = std::is_same_v<S, AfterAttention> || std::is_same_v<S, AfterMlp>;
/// What the adapter makes of the layer at a place.
template <class Method, class Where, class L>
using adapter_at = typename std::conditional_t<
    !Method::valid, Refuse<L, AdapterUnknownOption>,
    std::conditional_t<!(Method::where::template covers<typename Where::site> && Method::blocks::has(Where::block)),
                       Kept<L>,
                       std::conditional_t<is_sublayer_site<typename Where::site>, AsAdapter<Method, L>,
                                          Refuse<L, AdapterElsewhere>>>>::type;

/// `Adapter<48>`: width 48 behind the feed-forward layers, as Pfeiffer et al. have it; `Blocks<…>` leaves the others
/// out.
/// (Houlsby et al. 2019; Pfeiffer et al. 2021) \tparam Width columns of the bottleneck
/// \tparam Options `On<…>`, `Blocks<…>`, `ReLU`, `Swish`, `GELU`, `OfSum`, `OfSublayer`, `InParallel`,
/// `Scaling<…>`, `Named<…>`
template <Index Width, class... Options>
struct Adapter {
  static_assert(Width > 0, "graft: Adapter<0> trains nothing: its width must be at least 1");
  using where = typename LastOn<On<AfterMlp>, Options...>::type;
  static constexpr bool valid = ((NonlinearityOption<Options> || FormOption<Options> || ScalingOption<Options> ||
                                  NameOption<Options> || PlaceOption<Options>) &&
                                 ...) &&
                                BlocksOf<Options...>::type::valid;
  using blocks = typename BlocksOf<Options...>::type;
  static constexpr Index width = Width;
  static constexpr AdapterSettings settings_of_adapter = [] {
    AdapterSettings s;
    [[maybe_unused]] const auto apply = [&s]<class O>(O) {
      if constexpr (NonlinearityOption<O>) s.nonlinearity = O::nonlinearity;
      if constexpr (FormOption<O>) s.form = O::form;
      if constexpr (ScalingOption<O>) s.scaling = O::factor;
      if constexpr (NameOption<O>) s.name = O::name;
    };
    (apply(Options{}), ...);
    return s;
  }();

  static constexpr MethodOffers offers{.hub_name = settings_of_adapter.name, .bottleneck = Width};
  template <class F>
  static void each_hub_option(F&& f) {
    hub_options<Adapter>(f, false);
  }
  /// What AdapterHub's config of a bottleneck says of M.
  template <class M, class F>
  static void hub_options(F&& f, bool kronecker) {
    constexpr AdapterSettings s = M::settings_of_adapter;
    f("mh_adapter", where::template covers<AfterAttention>);
    f("output_adapter", where::template covers<AfterMlp>);
    f("is_parallel", s.form == AdapterForm::parallel);
    f("original_ln_before", s.form == AdapterForm::of_sum);
    f("original_ln_after", true);
    f("residual_before_ln", true);
    f("adapter_residual_before_ln", false);
    f("non_linearity", s.nonlinearity);
    f("scaling", s.scaling);
    f("ln_before", false);
    f("ln_after", false);
    f("use_gating", false);
    f("init_weights", s.form == AdapterForm::parallel ? "mam_adapter" : "bert");
    f("phm_layer", kronecker);
  }

  /// The layer down to the bottleneck.
  template <class B, Index C, class Role>
  using Down = AdapterLinear<B, C, Width, Role>;
  /// The layer up again.
  template <class B, Index C, class Role>
  using Up = AdapterLinear<B, Width, C, Role>;
  template <class B, class C>
  using Layer = Bottleneck<Adapter, B, C>;
  template <class Where, class L>
  using at = adapter_at<Adapter, Where, L>;
};

/// One adapter a block, behind the feed-forward layers (Pfeiffer et al. 2021).
template <Index Width, class... Options>
using PfeifferAdapter = Adapter<Width, On<AfterMlp>, OfSum, ReLU, Options...>;
/// Two adapters a block (Houlsby et al. 2019).
template <Index Width, class... Options>
using HoulsbyAdapter = Adapter<Width, On<AfterAttention, AfterMlp>, OfSublayer, Swish, Options...>;
/// An adapter beside the feed-forward layers (He et al. 2022).
template <Index Width, class... Options>
using ParallelAdapter = Adapter<Width, On<AfterMlp>, InParallel, ReLU, Scaling<4>, Options...>;

}  // namespace graft
