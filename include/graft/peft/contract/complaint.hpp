/// \file
/// How a method says no: it answers with a layer as it was and a complaint, a type whose template `error` is the
/// sentence when it is instantiated. The model raises the first of them at its door, as one error, however many sites
/// it concerns.
#pragma once

#include <type_traits>

namespace graft {

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

template <class L>
concept Complaining = requires { typename L::complaint; };

/// The first complaint among layers (or among other such lists), or `void`.
template <class... Ls>
struct FirstComplaint {
  using type = void;
};
template <class First, class... Rest>
struct FirstComplaint<First, Rest...> : FirstComplaint<Rest...> {};
template <Complaining First, class... Rest>
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

/// A complaint unless something holds, as a type: void if it holds.
template <bool Holds, class Complaint>
using Unless = std::conditional_t<Holds, void, Complaint>;

/// The first of some problems that is one, or void.
template <class... Problems>
struct FirstProblemOf {
  using type = void;
};
template <class First, class... Rest>
struct FirstProblemOf<First, Rest...> {
  using type =
      typename std::conditional_t<std::is_void_v<First>, FirstProblemOf<Rest...>, std::type_identity<First>>::type;
};
template <class... Problems>
using FirstProblem = typename FirstProblemOf<Problems...>::type;

}  // namespace graft
