/// \file
/// LN tuning (Qi et al. 2022): the gains of norms are trained, everything else is frozen. What `Unfreeze<Norms>` does,
/// under PEFT's names for it.
#pragma once

#include <graft/peft/contract/method.hpp>

namespace graft {

/// A norm that is trained in place of the base's, from the base's values on.
template <class Method, class Base>
class TunedNorm : public Base::thawed {
 public:
  using adapted = Base;
  using method = Method;
  template <class S>
  using frozen = TunedNorm;
  using bias_thawed = TunedNorm;

  using Base::thawed::operator();
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self, f, Path{&path, "ln_tuning_layers"});
  }
};

struct LnTuningOfSomethingElse {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LNTuning trains the norms of the base; a site of its On<...> holds another kind of layer");
  };
};

struct LnTuningUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of LNTuning; it takes On<sites...> and Blocks<First, Last>");
  };
};

/// `LNTuning<>`: every norm; `LNTuning<On<InputNorm>>`, `LNTuning<Blocks<20, 30>>`.
/// \tparam Options `On<…>` of norms, `Blocks<…>`
template <class... Options>
struct LNTuning {
  static constexpr MethodOffers offers{.peft_type = "LN_TUNING"};
  template <class Config, class F>
  static void each_option(F&&) {}
  using places = Places<On<Norms>, Options...>;
  using problem = FirstProblem<Unless<(PlaceOption<Options> && ...), LnTuningUnknownOption>, typename places::problem>;

  template <class L>
  struct Wrap : Refuse<L, LnTuningOfSomethingElse> {};
  template <NormLayer L>
    requires BaseLayer<L>
  struct Wrap<L> {
    using type = TunedNorm<LNTuning, L>;
  };
  template <class Where, class L>
  using at = typename std::conditional_t<!std::is_void_v<problem>, Refuse<L, problem>,
                                         std::conditional_t<places::template has<Where>, Wrap<L>, Kept<L>>>::type;
};

}  // namespace graft
