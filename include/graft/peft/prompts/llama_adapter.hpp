/// \file
/// LLaMA-Adapter (Zhang et al. 2023): queries of the top blocks see N trained rows through the block's own key and
/// value layers, beside what they attend to, and a gate that starts at zero lets the result in:
///   a' = a + g · softmax(q kᵀ/√D) v,   k = Key(P), v = Value(P), P(N,C) and g(1) trained
///       gradient: ops/attention/attention.hpp
#pragma once

#include <graft/autodiff/ops/attention/attention.hpp>
#include <graft/autodiff/ops/leaf.hpp>
#include <graft/autodiff/ops/pointwise/scale.hpp>
#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/layers/absent.hpp>
#include <graft/peft/contract/method.hpp>

namespace graft {

/// An attention output that trained rows are let into by a gate.
template <class Method, class B, class C>
class GatedPrompt {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  static constexpr Index rows = Method::rows, width = C::width;
  template <class S>
  using frozen = GatedPrompt;
  using bias_thawed = GatedPrompt;

  TrainedTensor<B, 1, rows, width> adaption;  ///< the rows, (N, C)
  Parameter<B, Trainable, 1, 1> gate;

  /// a(T,H·D) and what rotated queries q(T,H·D) find in the prompt.
  template <class T, class A, class Q, class Key, class Value>
  constexpr auto operator()(T& tape, A a, Q q, const Key& key, const Value& value) const {
    using E = typename A::element;
    const auto p = as_elements<E>(tape, leaf_of_columns<width>(tape, adaption));
    const auto k = key(tape, p);
    const auto v = value(tape, p);
    Sequences<B> all{.queries = tape.template scratch<Id>(2),
                     .keys = tape.template scratch<Id>(2),
                     .count = 1,
                     .causal = false,
                     .pairs = q.rows * rows};
    tape.run(0, [=, count = q.rows](auto on) {
      count_up(all.queries, 2, count, on);
      count_up(all.keys, 2, rows, on);
    });
    const auto found = attention<C::heads, C::groups>(tape, q, k, v, all);
    const auto ones = tape.template value<A::columns>(1);
    tape.run(0, [=](auto on) { fill(ones.data, A::columns, 1.0F, on); });
    return add(tape, a, scale_columns(tape, found, product_nn(tape, leaf(tape, gate), ones)));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    f(Path{&path, "adaption_prompt"}, self.adaption);
    f(Path{&path, "adaption_gate"}, self.gate);
  }
  void initialize(Initializer& initializer) {
    adaption.assign(initializer.normal(rows * width, 1.0F));
    gate.assign(std::vector<float>(1, 0.0F));
  }
};

struct LlamaAdapterBesideAnother {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LlamaAdapter takes the site Attended, which another method of this type has taken already");
  };
};

/// `LlamaAdapter<10, 20>`: ten rows in each of the last twenty blocks.
/// (Zhang et al. 2023) \tparam N rows \tparam Top in how many of the last blocks
template <Index N, Index Top>
struct LlamaAdapter {
  static_assert(N > 0 && Top > 0, "graft: LlamaAdapter<N, Top> needs rows and blocks");
  static constexpr Index rows = N;
  static constexpr MethodOffers offers{.peft_type = "ADAPTION_PROMPT", .lists_modules = false};
  template <class Config, class F>
  static void each_option(F&& f) {
    f("adapter_len", N);
    f("adapter_layers", Top);
    f("target_modules", "self_attn");
  }

  template <class B, class C>
  using Layer = GatedPrompt<LlamaAdapter, B, C>;
  template <class Where, class L>
  using at = std::conditional_t<(Where::block >= Where::blocks - static_cast<std::ptrdiff_t>(Top)),
                                room_at<LlamaAdapter, Attended, LlamaAdapterBesideAnother, Where, L>, L>;
};

}  // namespace graft
