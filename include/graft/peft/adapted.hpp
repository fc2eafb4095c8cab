/// \file
/// One layer as a method makes it, for hosts that have layers and no model of graft's.
#pragma once

#include <graft/peft/contract/complaint.hpp>
#include <graft/peft/contract/method.hpp>

namespace graft {

template <Method M, Layer L, Storage S, Site Where>
struct AdaptedLayer {
  using type = site_t<M, Place<Where, 0, 1, S>, L>;
  static_assert(sizeof(typename Raise<L, typename FirstComplaint<type>::type>::type) > 0);
  static_assert(std::is_same_v<M, FrozenBase> || !std::is_same_v<type, Frozen<L, S>>,
                "graft: the method does nothing at this layer: Adapted<Method, Layer, Storage, Site> asks it about one "
                "place, and its On<…> must name the site (Query, if none is said)");
};

/// `Adapted<LoRA<8>, Linear<Cpu, 768, 3072>>` is that linear layer, frozen, with a LoRA beside it. `layer.base.weight`
/// may borrow the host's floats, `initialize` with an `Initializer::over_base(seed)` gives the method's part first
/// values, and a Trainer takes the layer as it takes a model.
/// \tparam S the storage of the frozen weight
/// \tparam Where the site that the method is asked about
template <Method M, Layer L, Storage S = F32, Site Where = Query>
using Adapted = typename AdaptedLayer<M, L, S, Where>::type;

}  // namespace graft
