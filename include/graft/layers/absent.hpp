/// \file
/// What stands where a model has room for a layer and has none: nothing, which methods may replace.
#pragma once

#include <graft/layers/layer.hpp>

namespace graft {

/// C: the model's config, which says how wide the place is.
template <class B, class C>
struct Absent {
  using backend = B;
  using config = C;
  static constexpr bool absent = true;
  template <class S>
  using frozen = Absent;
  using thawed = Absent;
  using bias_thawed = Absent;

  template <class Self, class F>
  static constexpr void visit(Self&, F&&, const Path&) {}
  void initialize(Initializer&) {}
};

template <class L>
concept is_absent = requires { L::absent; };

}  // namespace graft
