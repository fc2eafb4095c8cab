// A layer through the public check_layer.
#pragma once

#include <graft/layers/check_layer.hpp>

#include <boost/test/unit_test.hpp>

namespace examining {

using namespace graft;

/// Its gradients, and how many numbers it trains.
template <class L>
void examine(Index wanted) {
  L layer;
  Initializer initializer{.key = {3, 0}, .base = true, .deviation = 0.5F};
  layer.initialize(initializer);
  std::uint64_t stream = 50;
  L::visit(
      layer,
      [&stream](const Path&, auto& p) {
        if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
          auto values = p.read();
          ++stream;
          for (Index i = 0; i < values.size(); ++i) values[i] += 0.3F * standard_normal({4, stream}, i);
          p.assign(values);
        }
      },
      Path{});
  const auto report = check_layer<6>(layer);
  BOOST_TEST(report.worst < 2e-2);
  BOOST_TEST(report.checked == 3 * 6 + wanted);
  BOOST_TEST(trainable_parameters(layer) == wanted);
}

}  // namespace examining
