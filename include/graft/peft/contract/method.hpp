/// \file
/// The third of the five doors: a method is a compile-time function from a place and the layer standing there to
/// another layer.
#pragma once

#include <graft/layers/absent.hpp>
#include <graft/layers/linear.hpp>
#include <graft/peft/contract/places.hpp>
#include <graft/peft/contract/together.hpp>

namespace graft {

/// requires: `M::at<Place, L>` is the layer for that place, where L is the layer left there by the methods before it —
/// the frozen base layer at first. A place that a method does not touch keeps its L. See docs/methods.md.
template <class M>
concept Method = requires { typename M::template at<Place<NoSite, -1, 1, F32>, Frozen<Linear<reference, 4, 4>>>; };

/// The type of the layer at a place: the frozen base layer, then the method.
template <class M, class Where, class L>
using site_t = typename M::template at<Where, Frozen<L, typename Where::storage>>;

/// The same where a family has the place, otherwise `Otherwise`: a method is not asked about what is not there.
template <bool There, class Otherwise, class M, class Where, class L>
struct AtIfThere {
  using type = Otherwise;
};
template <class Otherwise, class M, class Where, class L>
struct AtIfThere<true, Otherwise, M, Where, L> {
  using type = site_t<M, Where, L>;
};
/// What the method makes of a layer, where there is one.
template <bool There, class Otherwise, class M, class Where, class L>
using at_if_there = typename AtIfThere<There, Otherwise, M, Where, L>::type;

/// Several methods as one: each is handed what the ones before it left.
/// \tparam Ms methods, the first of which meets the base's layers
template <class... Ms>
struct Methods;
template <>
struct Methods<> {
  template <class Where, class L>
  using at = L;
};
template <class First, class... Rest>
struct Methods<First, Rest...> {
  template <class Where, class L>
  using at = typename Methods<Rest...>::template at<Where, typename First::template at<Where, L>>;
};

/// Trains nothing: the model as it is, for inference.
using FrozenBase = Methods<>;

/// Whether a layer is one that the base model brought, and not one that a method made.
template <class L>
concept BaseLayer = !requires { typename L::adapted; };

/// The method that made a layer; none for one of the base.
template <class L>
struct MethodOf {
  using type = FrozenBase;
};
template <class L>
  requires requires { typename L::method; }
struct MethodOf<L> {
  using type = typename L::method;
};
/// The method that made a layer.
template <class L>
using method_of = typename MethodOf<L>::type;

/// A layer around one of the base, `base`; other layers that a method made derive from it, or stand where there was
/// none.
template <class L>
concept AroundBase = requires(L& l) { l.base; };

/// A linear layer, bare or with what a method put around it.
template <class L>
concept LinearLayer = requires {
  L::in;
  L::out;
};
/// A norm: a gain, and an ε under its root.
template <class L>
concept NormLayer = requires(L& l) {
  l.epsilon;
  l.weight;
};
/// A linear layer of the base whose weight is its own and frozen.
template <class L>
concept FrozenLinear = LinearLayer<L> && !is_tied<L> && !std::remove_cvref_t<decltype(L::weight)>::trainable;

/// A layer that is the same kind of layer when another method, M, has made it.
template <class L, class M>
concept MadeBy = requires { typename L::template made_by<M>; };

/// What a method answers for a place that it does not touch.
template <class L>
struct Kept {
  using type = L;
};

/// What a method answers at a site without a layer of its own: its `Layer` there, or a complaint where another method's
/// stands.
template <class Method, class Complaint, class L>
struct InRoom : Refuse<L, Complaint> {};
template <class Method, class Complaint, class B, class C>
struct InRoom<Method, Complaint, Absent<B, C>> {
  using type = typename Method::template Layer<B, C>;
};
/// What the method makes of a room, a site without a layer.
template <class Method, class S, class Complaint, class Where, class L>
using room_at =
    typename std::conditional_t<std::is_same_v<typename Where::site, S>, InRoom<Method, Complaint, L>, Kept<L>>::type;

struct TwoMethodsAtOneSite {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: two methods claim one site: a layer that LoRA has already wrapped cannot be unfrozen as "
                  "well; give them different sites with On<...>");
  };
};

/// The base layer with everything in it trained.
template <class L>
struct Thawed {
  using type = typename L::thawed;
};
template <class L>
  requires(!BaseLayer<L>)
struct Thawed<L> : Refuse<L, TwoMethodsAtOneSite> {};

}  // namespace graft
