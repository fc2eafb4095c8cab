/// \file
/// AdapterFusion (Pfeiffer et al. 2021): adapters that were trained alone, frozen, and an attention that is trained to
/// mix them:
///   y = x + h + Σₐ pₐ V Aₐ(z),   p = softmax over a of (Q z)·(K Aₐ(z)),   z = x + h, h or x, as the adapters read it
/// Gradient: ops/attention/attention.hpp, each row a sequence of one query and as many keys as there are adapters.
#pragma once

#include <graft/autodiff/ops/attention/attention.hpp>
#include <graft/autodiff/ops/rows/interleave.hpp>
#include <graft/peft/bottleneck/adapter.hpp>

#include <tuple>

namespace graft {

/// Adapters whose outputs attention puts together (Pfeiffer et al. 2021).
template <class Method, class B, class C, class... Adapters>
class Fusion {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  static constexpr Index width = C::width, count = sizeof...(Adapters);
  template <class S>
  using frozen = Fusion;
  using bias_thawed = Fusion;
  static constexpr LayerOffers offers{.several = true};
  template <class F>
  static void each_method(F&& f) {
    (each_method_of<Adapters>(f), ...);
    f(static_cast<const Method*>(nullptr));
  }

  std::tuple<Adapters...> adapters;
  Linear<B, width, width, true> query, key;  ///< of attention over the adapters' outputs
  Linear<B, width, width> value;             ///< of attention over the adapters' outputs

  template <class T, class X, class Sub, class M>
  constexpr auto onto(T& tape, X x, const Sub& sublayer, const M& shared) const {
    return onto_sublayer<std::tuple_element_t<0, std::tuple<Adapters...>>::form>(tape, x, sublayer, [&](T& on, auto z) {
      return mixed(on, z, AdapterContext<B, M>{&shared, sublayer.how.owners});
    });
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    const Path all{&path, "adapter_fusion_layer"}, mine{&all, Method::name.text};
    decltype(query)::visit(self.query, f, Path{&mine, "query"});
    decltype(key)::visit(self.key, f, Path{&mine, "key"});
    decltype(value)::visit(self.value, f, Path{&mine, "value"});
    std::apply([&](auto&... each) { (std::remove_cvref_t<decltype(each)>::visit(each, f, path), ...); }, self.adapters);
  }
  void initialize(Initializer& initializer) {
    for (auto* layer : {&query, &key}) {
      layer->weight.assign(initializer.normal(width * width, 0.02F));
      layer->bias.assign(std::vector<float>(width, 0.0F));
    }
    std::vector<float> identity(width * width, 1e-6F);
    for (Index i = 0; i < width; ++i) identity[i * width + i] = 1.0F;
    value.weight.assign(identity);
    std::apply([&](auto&... each) { (each.initialize(initializer), ...); }, adapters);  // until files fill them
  }

 private:
  template <class T, class Z, class M>
  constexpr auto mixed(T& tape, Z z, AdapterContext<B, M> context) const {
    // undoes attention's scale
    const auto q = scale(tape, query(tape, z), static_cast<float>(square_root(static_cast<double>(width))));
    const auto all =
        std::apply([&](const auto&... each) { return interleave(tape, each.inside(tape, z, context)...); }, adapters);
    Sequences<B> rows{.queries = tape.template scratch<Id>(z.rows + 1),
                      .keys = tape.template scratch<Id>(z.rows + 1),
                      .count = z.rows,
                      .causal = false,
                      .pairs = z.rows * count};
    tape.run(0, [=, n = z.rows + 1](auto on) {
      count_up(rows.queries, n, 1, on);
      count_up(rows.keys, n, count, on);
    });
    const auto k = key(tape, all);
    return attention<1, 1>(tape, q, k, value(tape, all), rows);
  }
};

/// Several adapters at one place, and what they add on average: trained ones, or ones that were trained apart.
///   y = x + h + (1/N) Σₐ Aₐ(z)
template <class... Adapters>
class Averaged {
  using First = std::tuple_element_t<0, std::tuple<Adapters...>>;

 public:
  using backend = typename First::backend;
  using adapted = typename First::adapted;
  using method = typename First::method;
  template <class S>
  using frozen = Averaged;
  using bias_thawed = Averaged;
  static constexpr LayerOffers offers{.several = true};
  template <class F>
  static void each_method(F&& f) {
    (each_method_of<Adapters>(f), ...);
  }

  std::tuple<Adapters...> adapters;

  template <class T, class X, class Sub, class M>
  constexpr auto onto(T& tape, X x, const Sub& sublayer, const M& shared) const {
    return onto_sublayer<First::form>(tape, x, sublayer, [&](T& on, auto z) {
      return mean(on, z, AdapterContext<backend, M>{&shared, sublayer.how.owners});
    });
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    std::apply([&](auto&... each) { (std::remove_cvref_t<decltype(each)>::visit(each, f, path), ...); }, self.adapters);
  }
  void initialize(Initializer& initializer) {
    std::apply([&](auto&... each) { (each.initialize(initializer), ...); }, adapters);
  }

 private:
  template <Index I = 0, class T, class Z, class M>
  constexpr auto sum(T& tape, Z z, AdapterContext<backend, M> context) const {
    const auto a = std::get<I>(adapters).inside(tape, z, context);
    if constexpr (I + 1 == sizeof...(Adapters)) return a;
    else return add(tape, a, sum<I + 1>(tape, z, context));
  }
  template <class T, class Z, class M>
  constexpr auto mean(T& tape, Z z, AdapterContext<backend, M> context) const {
    return scale(tape, sum(tape, z, context), 1.0F / static_cast<float>(sizeof...(Adapters)));
  }
};

struct FuseOfSomethingElse {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: Fuse<...> and Average<...> mix two or more Adapter<...> of one form, each with a name of its "
                  "own (Named<\"...\">), at the same sites of the same blocks");
  };
};

/// `Fuse<PfeifferAdapter<48, Named<"law">>, PfeifferAdapter<48, Named<"medicine">>>`
/// (Pfeiffer et al. 2021) \tparam First an adapter \tparam Rest the others, of the same places
template <class First, class... Rest>
struct Fuse {
  using where = typename First::where;
  static constexpr bool valid = sizeof...(Rest) > 0 &&
                                ((First::settings_of_adapter.form == Rest::settings_of_adapter.form &&
                                  std::is_same_v<where, typename Rest::where> &&
                                  std::is_same_v<typename First::blocks, typename Rest::blocks>) &&
                                 ...);
  static constexpr AdapterSettings settings_of_adapter = First::settings_of_adapter;
  template <class F>
  static void each_hub_option(F&& f) {
    for (const char* layer : {"key", "query", "value"}) f(layer, true);
    f("query_before_ln", false);
    f("regularization", true);
    f("residual_before", false);
    f("temperature", false);
    f("value_before_softmax", true);
    f("value_initialized", "True");
    f("dropout_prob", nullptr);
  }
  /// Names with commas between, as AdapterHub has them.
  struct Names {
    char text[256]{};
  };
  static constexpr Names name = [] {
    Names all;
    Index at = 0;
    for (const char* one : {First::settings_of_adapter.name, Rest::settings_of_adapter.name...}) {
      if (at > 0) all.text[at++] = ',';
      for (; *one != '\0' && at + 2 < sizeof(all.text); ++one) all.text[at++] = *one;
    }
    return all;
  }();
  static constexpr MethodOffers offers{.hub_name = name.text, .fuses = true};

  template <class L>
  struct Wrap : Refuse<L, FuseOfSomethingElse> {};
  template <class B, class C>
    requires valid
  struct Wrap<Absent<B, C>> {
    using type =
        Fusion<Fuse, B, C, typename First::template Layer<B, C>::fixed, typename Rest::template Layer<B, C>::fixed...>;
  };
  template <class Where, class L>
  using at =
      typename std::conditional_t<where::template covers<typename Where::site> && First::blocks::has(Where::block),
                                  Wrap<L>, Kept<L>>::type;
};

/// `Average<PfeifferAdapter<48, Named<"law">>, PfeifferAdapter<48, Named<"medicine">>>`
/// \tparam First an adapter \tparam Rest the others, of the same places
template <class First, class... Rest>
struct Average {
  using where = typename First::where;
  template <class L>
  struct Wrap : Refuse<L, FuseOfSomethingElse> {};
  template <class B, class C>
    requires(Fuse<First, Rest...>::valid)
  struct Wrap<Absent<B, C>> {
    using type = Averaged<typename First::template Layer<B, C>, typename Rest::template Layer<B, C>...>;
  };
  template <class Where, class L>
  using at =
      typename std::conditional_t<where::template covers<typename Where::site> && First::blocks::has(Where::block),
                                  Wrap<L>, Kept<L>>::type;
};

}  // namespace graft
