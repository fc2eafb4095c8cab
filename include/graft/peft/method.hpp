/// \file
/// The third of the five doors: a method is a compile-time function from a place and the layer standing there to
/// another layer.
#pragma once

#include <graft/layers/absent.hpp>
#include <graft/layers/linear.hpp>
#include <graft/peft/site.hpp>

namespace graft {

/// requires: `M::at<Place, L>` is the layer for that place, where L is the layer left there by the methods before it —
/// the frozen base layer at first. A place that a method does not touch keeps its L. See docs/methods.md.
template <class M>
concept Method = requires {
  typename M::template at<Place<NoSite, -1, 1, F32>, Frozen<Linear<reference, 4, 4>>>;
};

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
template <bool There, class Otherwise, class M, class Where, class L>
using at_if_there = typename AtIfThere<There, Otherwise, M, Where, L>::type;

/// Several methods as one: each is handed what the ones before it left.
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

/// How many adapters a method trains side by side (peft/bank.hpp).
template <class M>
inline constexpr Index members_of = 1;
template <class M>
  requires requires { M::members; }
inline constexpr Index members_of<M> = M::members;

/// Trains nothing: the model as it is, for inference.
using FrozenBase = Methods<>;

/// Whether a layer is one that the base model brought, and not one that a method made.
template <class L>
concept BaseLayer = !requires { typename L::adapted; };

/// What a method answers for a place that it does not touch.
template <class L>
struct Kept {
  using type = L;
};

/// A layer that a method could not make what it wanted of: L as it was, with a complaint, which the model raises at its
/// door as one error, however many sites it concerns.
template <class L, class Complaint>
struct Refused : L {
  using complaint = Complaint;
};
template <class L, class Complaint>
struct Refuse {
  using type = Refused<L, Complaint>;
};

/// What a method answers at a site without a layer of its own: its `Layer` there, or a complaint where another method's stands.
template <class Method, class Complaint, class L>
struct InRoom : Refuse<L, Complaint> {};
template <class Method, class Complaint, class B, class C>
struct InRoom<Method, Complaint, Absent<B, C>> {
  using type = typename Method::template Layer<B, C>;
};
template <class Method, class S, class Complaint, class Where, class L>
using room_at = typename std::conditional_t<std::is_same_v<typename Where::site, S>, InRoom<Method, Complaint, L>, Kept<L>>::type;

/// A complaint has a template `error` whose instantiation is the sentence.
struct TwoMethodsAtOneSite {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: two methods claim one site: a layer that LoRA has already wrapped cannot be unfrozen as well; give them different sites with On<...>");
  };
};

struct UnknownSite {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes, "graft: On<...> takes sites (Query, Key, Value, QueryKeyValue, Output, Gate, Up, GateUp, Down, InputNorm, MlpNorm, FinalNorm, TokenEmbedding, PositionEmbedding, Head) or groups of them (Linears, AttentionLinears, MlpLinears, Norms), and adapters AfterAttention and AfterMlp");
  };
};

/// The first complaint among layers (or among other such lists), or `void`.
template <class... Ls>
struct FirstComplaint {
  using type = void;
};
template <class First, class... Rest>
struct FirstComplaint<First, Rest...> : FirstComplaint<Rest...> {};
template <class First, class... Rest>
  requires requires { typename First::complaint; }
struct FirstComplaint<First, Rest...> {
  using type = typename First::complaint;
};
template <class... Inner, class... Rest>
  requires(!std::is_void_v<typename FirstComplaint<Inner...>::type>)
struct FirstComplaint<FirstComplaint<Inner...>, Rest...> {
  using type = typename FirstComplaint<Inner...>::type;
};
/// Instantiates the sentence; on `meta` it has been said already.
template <class Model, class Complaint>
struct Raise {
  using type = typename Complaint::template error<Model>;
};
template <class Model>
struct Raise<Model, void> {
  using type = std::true_type;
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
