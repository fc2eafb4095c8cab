/// \file
/// A method that trains nothing and watches: linear layers gather G = Σ xᵀ x of what they read, for initialisations
/// that look at data.
#pragma once

#include <graft/peft/contract/method.hpp>

namespace graft {

/// A linear layer that gathers the products of its inputs.
template <class Method, class Base>
class Watching {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr LayerOffers offers{.observes = true};
  static constexpr Index in = Base::in, out = Base::out;
  template <class S>
  using frozen = Watching<Method, Frozen<Base, S>>;
  using bias_thawed = Watching<Method, typename Base::bias_thawed>;

  Base base;

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    tape.run({2 * x.rows * in * in, x.rows, in, in}, [=, to = gram_.template as<float>()](auto on) {
      matmul_weight(to, x.data, x.data, x.rows, in, in, 1.0F, on);
    });
    return base(tape, x);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    launch<backend>([to = gram_.template as<float>()](auto on) { fill(to, in * in, 0.0F, on); });
  }
  /// G(In,In) of everything read since `initialize`.
  [[nodiscard]] std::vector<float> gram() const { return download<backend>(gram_.template as<float>(), in * in); }

 private:
  Buffer<backend> gram_{in * in * sizeof(float)};
};

struct ObserveUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of Observe; it takes On<sites...> and Blocks<First, Last>");
  };
};

/// `Observe<On<Query, Value>>`
template <class... Options>
struct Observe {
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(PlaceOption<Options> && ...), ObserveUnknownOption>, typename places::problem>;
  template <class L>
  struct Wrap : Kept<L> {};
  template <LinearLayer L>
    requires(BaseLayer<L> && !is_tied<L>)
  struct Wrap<L> {
    using type = Watching<Observe, L>;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<!std::is_void_v<problem>, Refuse<L, problem>,
                                         std::conditional_t<places::template has<Where>, Wrap<L>, Kept<L>>>::type;
};

}  // namespace graft
