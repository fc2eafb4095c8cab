/// \file
/// What several methods in one type offer together: `Methods<…>` offers what its parts do, and where two of them
/// exclude each other the model says so.
#pragma once

#include <graft/peft/contract/complaint.hpp>
#include <graft/peft/contract/offers.hpp>

#include <algorithm>

namespace graft {

template <class... Ms>
struct Methods;

struct TwoInvocations {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: two methods of a Methods<...> work behind different invocations, and a text can switch on "
                  "one alone; give both the same Invocation<...>");
  };
};
struct BanksOfTwoSizes {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: two Bank<N, ...> of a Methods<...> have different N; a row of a batch belongs to one member of both");
  };
};
struct BankBehindInvocation {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: a Bank beside an ActivatedLoRA: a row of a batch belongs to a member of the bank, or is "
                  "behind an invocation, and not both");
  };
};

/// What is wrong between the parts of a method that is several, or void.
template <class M>
struct ProblemWithin {
  using type = void;
};

template <class... Ms>
struct OffersOfMethod<Methods<Ms...>> {
  static constexpr Index members = std::max({Index{1}, method_offers<Ms>.members...});
  /// The first there is.
  static constexpr std::span<const Id> invocation = [] {
    std::span<const Id> found;
    ((found = found.empty() ? method_offers<Ms>.invocation : found), ...);
    return found;
  }();
  static constexpr MethodOffers value{.members = members, .invocation = invocation};

  static constexpr bool one_invocation =
      ((method_offers<Ms>.invocation.empty() ||
        std::equal(method_offers<Ms>.invocation.begin(), method_offers<Ms>.invocation.end(), invocation.begin(),
                   invocation.end())) &&
       ...);
  static constexpr bool one_size = ((method_offers<Ms>.members == 1 || method_offers<Ms>.members == members) && ...);
  using problem =
      FirstProblem<typename ProblemWithin<Ms>::type..., Unless<one_invocation, TwoInvocations>,
                   Unless<one_size, BanksOfTwoSizes>, Unless<members == 1 || invocation.empty(), BankBehindInvocation>>;
};

template <class... Ms>
struct ProblemWithin<Methods<Ms...>> {
  using type = typename OffersOfMethod<Methods<Ms...>>::problem;
};

/// Whether the methods of a type agree: with a complaint, for a model to raise, where they do not.
template <class M>
struct Agreement {};
template <class... Ms>
  requires(!std::is_void_v<typename OffersOfMethod<Methods<Ms...>>::problem>)
struct Agreement<Methods<Ms...>> {
  using complaint = typename OffersOfMethod<Methods<Ms...>>::problem;
};

}  // namespace graft
