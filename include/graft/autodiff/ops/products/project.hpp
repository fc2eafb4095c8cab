/// \file
/// Products that share an input:   yⱼ(T,Oⱼ) = x Wⱼᵀ + sⱼ uⱼ Bⱼᵀ,   uⱼ = x Aⱼᵀ,   x(T,I), Wⱼ(Oⱼ,I), Aⱼ(R,I), Bⱼ(Oⱼ,R)
///   duⱼ = sⱼ dyⱼ Bⱼ    dBⱼ = sⱼ dyⱼᵀ uⱼ    dAⱼ = duⱼᵀ x    dWⱼ = dyⱼᵀ x    dx = Σⱼ dyⱼ Wⱼ + duⱼ Aⱼ
/// (Hu et al. 2021). One op, so that a backend can read x once, add the narrow products to the wide ones before these
/// leave the registers, and sum dx there. A frozen W with no low-rank path keeps no input.
#pragma once

#include <graft/autodiff/ops/source.hpp>
#include <graft/autodiff/parameter.hpp>
#include <graft/backend/composed/project.hpp>
#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>
#include <graft/backend/host/member_product.hpp>

namespace graft {

/// What of a product is trained, as bits.
using Trains = unsigned;
/// bits of what is trained: the weight, the inner and the outer matrix of the low-rank path
inline constexpr Trains trains_weight = 1, trains_a = 2, trains_b = 4;

/// One product: a weight w(Out,I) kept as S and, beside it, perhaps a low-rank path a(Rank,I), b(Out,Rank). A view of
/// parameters; what of them is trained is part of the type.
template <class B, class S, Index Out, Index Rank, Trains Trained>
struct Projection {
  using storage = S;
  static constexpr Index out = Out, rank = Rank;
  static constexpr Gradient gradient = Trained != 0 ? Gradient::tracked : Gradient::none;
  /// whether the input is needed in the reverse sweep
  static constexpr bool keeps_input = (Trained & (trains_weight | trains_a)) != 0;

  Pointer<B, std::byte> w;     ///< the packed weight, (Out, In)
  const GradientRange<B>* dw;  ///< where its gradient is kept, or null
  Pointer<B> a;
  const GradientRange<B>* da;  ///< where the inner matrix's gradient is kept, or null
  Pointer<B> b;
  const GradientRange<B>* db;  ///< where the outer matrix's gradient is kept, or null
  float scale;                 ///< the factor of the low-rank path
  Index members = 1;           ///< of a bank, whose low-rank paths these are together
  Pointer<B, Id> owners{};     ///< which of them each row belongs to; null: the first

  // What kernels read; called inside kernels only.
  /// What kernels need of it going forward: u the narrow product, y the wide one.
  template <class X, class Y>
  [[nodiscard]] backend::Branch<Y, X> branch(X* u, Y* y) const {
    return {w, Out, Rank, a, b, scale, u, y, {members, owners}};
  }
  /// What kernels need of it going backward.
  template <class X, class Y>
  [[nodiscard]] backend::BranchGradient<Y, X> branch_gradient(const X* u, const Y* dy) const {
    return {w, Out, Rank, a, b, scale, u, dy, place_of(da), place_of(db), place_of(dw), {members, owners}};
  }
  /// Where a gradient goes. Called before kernels, too, so that memory is there.
  static constexpr Pointer<B> place_of(const GradientRange<B>* of) { return of == nullptr ? Pointer<B>{} : of->data(); }
  /// Sees to it that the gradients to be added to have memory.
  constexpr void take_gradients() const {
    for (const auto* of : {dw, da, db}) static_cast<void>(place_of(of));
  }
  [[nodiscard]] static constexpr Index flops(Index rows, Index in) { return 2 * rows * (in * Out + Rank * (in + Out)); }
  /// Floating-point operations of the reverse sweep over so many rows; `input`: whether the input has a gradient.
  [[nodiscard]] static constexpr Index gradient_flops(Index rows, Index in, bool input) {
    return 2 * rows *
           ((input ? in * (Out + Rank) : 0) + ((Trained & trains_weight) != 0 ? in * Out : 0) + Rank * (in + 2 * Out));
  }
};

/// A linear layer's product for `project`: the weight alone, or with a low-rank path a, b beside it, scaled.
template <class W>
constexpr auto projection_of(const W& w) {
  return Projection<typename W::backend, typename W::storage, W::rows, 0, W::trainable ? trains_weight : 0>{
      w.packed(), gradient_of(w), {}, nullptr, {}, nullptr, 0.0F};
}
/// `Members` low-rank paths: A one below the other, B one behind the other (Members, Out, Rank / Members).
template <Index Members = 1, class W, class A, class Bm>
constexpr auto projection_of(const W& w, const A& a, const Bm& b, float scale) {
  static_assert(A::columns == W::columns && Bm::rows == Members * W::rows && Members * Bm::columns == A::rows);
  constexpr Trains trained =
      (W::trainable ? trains_weight : 0) | (A::trainable ? trains_a : 0) | (Bm::trainable ? trains_b : 0);
  return Projection<typename W::backend, typename W::storage, W::rows, A::rows, trained>{
      w.packed(), gradient_of(w), a.value(), gradient_of(a), b.value(), gradient_of(b), scale, Members};
}

/// No value is added to a product.
struct Nothing {
  static constexpr bool tracked = false;
};

/// An array of f(index) over the numbers 0 … N−1, each a constant expression.
template <std::size_t N, class F>
constexpr auto each_of(const F& f) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{f(std::integral_constant<std::size_t, I>{})...};
  }(std::make_index_sequence<N>{});
}

/// All products of `x` in elements Y, `residual` added to the only one. `remake`: where the input is needed backwards
/// and is cheap to make, it is made again instead of being saved. Yields a tuple of values.
template <class Y, class T, Source X, class Residual, class... Ps>
constexpr auto project(T& tape, X x, bool remake, Residual residual, Ps... ps) {
  using B = typename T::backend;
  using E = typename X::element;
  using S = std::common_type_t<typename Ps::storage...>;
  constexpr Index in = X::columns;
  constexpr std::size_t count = sizeof...(Ps);
  constexpr bool added = !std::is_same_v<Residual, Nothing>;
  constexpr bool keeps = T::recording && (Ps::keeps_input || ...);
  static_assert(!added || count == 1);
  const Index rows = x.rows();
  const std::tuple all(ps...);

  // What is saved lies below what is not: the input if it is kept, the results, the narrow products.
  const auto kept = [&] {
    if constexpr (!X::made) return x.value.constant();
    else return keeps && !remake ? tape.template value<in, E>(rows) : Var<B, in, Gradient::none, E>{rows, {}};
  }();
  const auto ys = std::tuple{tape.template value<Ps::out, Y>(rows)...};
  const std::array<Pointer<B, E>, count> us{
      (Ps::rank > 0 ? tape.template scratch<E>(rows * Ps::rank) : Pointer<B, E>{})...};

  // Calls body(input), made first where it is not there yet (`again`: in the backward step).
  const auto with_input = [=]([[maybe_unused]] auto& on_tape, [[maybe_unused]] bool again, const auto& body) {
    if constexpr (!X::made) {
      body(kept.data);
    } else {
      const auto make = [&](Pointer<B, E> memory, bool anew) {
        if (anew) x.make(on_tape, Var<B, in, Gradient::none, E>{rows, memory});
        body(memory);
      };
      if (keeps && !remake) make(kept.data, !again);
      else on_tape.template borrow<E>(rows * in, [&](Pointer<B, E> memory) { make(memory, true); });
    }
  };
  with_input(tape, false, [&](Pointer<B, E> input) {
    tape.run({(Ps::flops(rows, in) + ...), rows, (Ps::out + ...), in}, [=](auto on) {
      const auto branches =
          each_of<count>([&](auto i) { return std::get<i>(all).branch(us[i], std::get<i>(ys).data); });
      const Y* more = nullptr;
      if constexpr (added) more = residual.data;
      best_project(branches.data(), count, input, more, rows, in, S{}, on);
    });
  });

  constexpr bool from_input = X::gradient == Gradient::tracked;
  constexpr bool undoes = from_input || ((Ps::gradient == Gradient::tracked) || ...);
  if constexpr (T::recording && (undoes || Residual::tracked)) {
    const auto zs = std::apply(
        [&](auto... y) {
          const auto tracked_if = [&]<bool Tracked>(auto value, std::bool_constant<Tracked>) {
            if constexpr (Tracked) return tape.track(value);
            else return value;
          };
          return std::tuple{tracked_if(
              y, std::bool_constant < from_input || Ps::gradient == Gradient::tracked || Residual::tracked > {})...};
        },
        ys);
    tape.record_all(zs, [=](auto& back) {
      if constexpr (undoes) {
        const auto dys = std::apply(
            [&](auto... z) {
              return std::array<Pointer<B, Y>, count>{[&] {
                if constexpr (decltype(z)::tracked)
                  if (back.has_adjoint(z)) return back.adjoint(z);
                return Pointer<B, Y>{};
              }()...};
            },
            zs);
        std::apply([](const auto&... p) { (p.take_gradients(), ...); }, all);
        const auto undo = [&](Pointer<B, E> input) {
          const auto into = [&](Contribution<B, E> dx) {
            back.run({(Ps::gradient_flops(rows, in, from_input) + ...), rows, in, (Ps::out + ...)}, [=](auto on) {
              const auto branches =
                  each_of<count>([&](auto i) { return std::get<i>(all).branch_gradient(us[i], dys[i]); });
              best_project_backward(branches.data(), count, dx.data, dx.accumulate, input, rows, in, S{}, on);
            });
          };
          if constexpr (!from_input) into(Contribution<B, E>{});
          else if constexpr (!X::made) into(back.contribute(x.value));
          else
            back.template borrow<E>(rows * in, [&](Pointer<B, E> dx) {
              into({dx, false});
              x.undo(back, dx);
            });
        };
        if constexpr (keeps) with_input(back, true, undo);
        else undo(Pointer<B, E>{});
      }
      if constexpr (Residual::tracked) back.pass_adjoint(std::get<0>(zs), residual);
    });
    return zs;
  } else {
    return ys;
  }
}

}  // namespace graft
