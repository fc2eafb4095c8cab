// One layer as a method makes it, over a matrix of a host's.
#include <graft/backend/reference.hpp>
#include <graft/layers/check_layer.hpp>
#include <graft/peft.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(peft_adapted)

using Plain = Linear<reference, 6, 4>;
static_assert(std::is_same_v<Adapted<LoRA<2>, Plain>, LowRank<LoRA<2>, Frozen<Plain>>>);
static_assert(
    std::is_same_v<Adapted<LoRA<2, On<Down>>, Plain, Bf16, Down>, LowRank<LoRA<2, On<Down>>, Frozen<Plain, Bf16>>>);
static_assert(std::is_same_v<Adapted<FrozenBase, Plain, Bf16>, Frozen<Plain, Bf16>>);

template <class L>
void learns_over_memory_of_the_host() {
  std::vector<float> host(24);
  for (Index i = 0; i < host.size(); ++i) host[i] = 0.5F * standard_normal({2, 0}, i);
  const auto kept = host;
  L layer;
  layer.base.weight.borrow(host);
  Initializer draw = Initializer::over_base(1);
  layer.initialize(draw);
  L::visit(
      layer,
      []<class P>(const Path&, P& p) {
        if constexpr (P::trainable) {
          auto values = p.read();
          for (Index i = 0; i < values.size(); ++i) values[i] += 0.3F * standard_normal({4, values.size()}, i);
          p.assign(values);
        }
      },
      Path{});
  const auto report = check_layer<6>(layer);
  BOOST_TEST(report.worst < 2e-2);
  BOOST_TEST(report.checked == 3 * 6 + trainable_parameters(layer));
  BOOST_TEST((static_cast<const void*>(layer.base.weight.packed()) == host.data() && host == kept));
}
BOOST_AUTO_TEST_CASE(methods_of_linear_layers) {
  learns_over_memory_of_the_host<Adapted<LoRA<2>, Plain>>();
  learns_over_memory_of_the_host<Adapted<LoHa<2>, Plain>>();
  learns_over_memory_of_the_host<Adapted<HRA<2>, Plain>>();
  learns_over_memory_of_the_host<Adapted<IA3<>, Plain, F32, Key>>();
}

BOOST_AUTO_TEST_SUITE_END()
