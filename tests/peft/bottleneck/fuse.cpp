#include <graft/peft/bottleneck/fuse.hpp>

#include "peft/holds.hpp"

using namespace graft;
using holding::Config, holding::holds;

BOOST_AUTO_TEST_SUITE(peft_bottleneck_fuse)

// Its folder has the fusion alone; what is fused has folders of its own.
BOOST_AUTO_TEST_CASE(fuse) {
  holds<Fuse<PfeifferAdapter<4, Named<"a">>, PfeifferAdapter<8, Named<"b">>>, false>("", false);
}

// Fused and averaged adapters read what they were trained on: x, where they are parallel.
BOOST_AUTO_TEST_CASE(fused_parallel_adapters) {
  using First = Adapter<4, InParallel, Swish, Named<"a">>;
  using Second = Adapter<8, InParallel, Swish, Named<"b">>;
  Llama<Config, Fuse<First, Second>, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, "");
  // One of them, averaged with itself, is itself.
  Llama<Config, Average<First, Adapter<4, InParallel, Swish, Named<"b">>>, reference> twice;
  Llama<Config, First, reference> once;
  std::map<std::string, std::vector<float>> values;
  const auto renamed = [](const Path& path) {
    std::string name = path.str();
    if (const auto at = name.find(".adapters.b."); at != std::string::npos) name[at + 10] = 'a';
    return name;
  };
  tiny::fill(once);
  tiny::fill(twice);
  decltype(once)::visit(once, [&](const Path& path, auto& p) { values[renamed(path)] = p.read(); });
  decltype(twice)::visit(twice, [&](const Path& path, auto& p) { p.assign(values.at(renamed(path))); });
  BOOST_TEST(std::abs(holding::loss_of(twice) - holding::loss_of(once)) < 1e-5);
}

BOOST_AUTO_TEST_CASE(average) {
  using M = Average<PfeifferAdapter<4, Swish, Named<"a">>, PfeifferAdapter<8, Swish, Named<"b">>>;
  Llama<Config, M, reference> model;
  tiny::fill(model);
  holding::check_gradient(model, "");
}

BOOST_AUTO_TEST_SUITE_END()
