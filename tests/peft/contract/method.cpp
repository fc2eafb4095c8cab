#include "tiny.hpp"

using namespace graft;

// Methods as functions from places to layers.
template <class M, class Where>
using layer = site_t<M, Where, Linear<reference, 4, 4, true>>;
using First = Place<Query, 0, 3, F32>;
using Last = Place<Query, 2, 3, F32>;
using HeadPlace = Place<Head, -1, 3, F32>;

template <class L>
constexpr Index trained = [] {
  Index n = 0;
  const L l{};
  L::visit(l, [&n](const Path&, const auto& p) { n += p.trainable ? p.size : 0; }, Path{});
  return n;
}();
template <class M, class Where>
constexpr Index trained_at = trained<site_t<M, Where, Linear<meta<reference>, 4, 4, true>>>;

static_assert(std::is_same_v<layer<FrozenBase, First>, Frozen<Linear<reference, 4, 4, true>>>);
static_assert(std::is_same_v<layer<FullFineTuning, First>, Linear<reference, 4, 4, true>>);
static_assert(trained_at<FullFineTuning, First> == 20 && trained_at<BitFit, First> == 4 &&
              trained_at<LoRA<2>, First> == 16);
static_assert(trained_at<LastBlocks<1>, First> == 0 && trained_at<LastBlocks<1>, Last> == 20 &&
              trained_at<LastBlocks<1>, HeadPlace> == 0);
static_assert(trained_at<Methods<LoRA<2, On<Key>>, Unfreeze<Query>>, First> == 20);
static_assert(trained_at<Methods<LoRA<2>, BitFit>, First> == 20);  // LoRA and biases at one site
using TiedHead = Tied<Linear<reference, 4, 4>>;
static_assert(is_tied<site_t<FullFineTuning, HeadPlace, TiedHead>>);
static_assert(std::is_same_v<site_t<Unfreeze<Head>, HeadPlace, TiedHead>, Linear<reference, 4, 4>>);

// Types grow with kinds, never with depth.
using Deep = Llama<SmolLM2_135M, LoRA<8, On<Query>, Blocks<26, 30>>, reference>;
static_assert(std::tuple_size_v<decltype(Deep::blocks)> == 2);
static_assert(Deep::trainable_parameters == 4 * 8 * (576 + 576));
static_assert(Llama<SmolLM2_135M, LoRA<8, On<Query, Value>>, reference>::trainable_parameters == 460'800);
static_assert(Llama<SmolLM2_135M, FullFineTuning, reference>::trainable_parameters == 134'515'008);
