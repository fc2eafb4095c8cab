#include <graft/plan/site_map.hpp>

#include "tiny.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(plan_site_map)

// The map has the sites that hold something.
BOOST_AUTO_TEST_CASE(empty_rooms_are_not_on_the_map) {
  Llama<tiny::Config, LoRA<2>, reference> model;
  Index entries = 0;
  for (const auto& entry : site_map(model)) {
    BOOST_TEST((entry.site != "Attended" && entry.site != "Shared"), entry.path);
    ++entries;
  }
  BOOST_TEST(entries == 3U + 3 * 9);
}

BOOST_AUTO_TEST_CASE(where_they_are_and_what_is_trained) {
  Llama<tiny::Config, LoRA<2>, reference> model;
  const auto map = site_map(model);
  const auto at = [&map](const std::string& path) {
    for (const auto& entry : map)
      if (entry.path == path) return entry;
    return SiteEntry{};
  };
  const auto embedding = at("model.embed_tokens"), key = at("model.layers.2.self_attn.k_proj"), head = at("lm_head");
  BOOST_TEST((embedding.site == "TokenEmbedding" && embedding.block == -1));
  BOOST_TEST((embedding.frozen == 50U * 16 && embedding.trainable == 0U));
  BOOST_TEST((key.site == "Key" && key.block == 2 && key.frozen == 8U * 16 + 8 && key.trainable == 2U * (16 + 8)));
  BOOST_TEST((head.site == "Head" && head.trainable == 0U));
  Index trainable = 0;
  for (const auto& entry : map) trainable += entry.trainable;
  BOOST_TEST(trainable == decltype(model)::trainable_parameters);
}

/// A layer whose table follows from its type.
struct Follows {
  Linear<reference, 2, 3> linear;
  IdTable<reference, 1, 7> derived;
  IdTable<reference, 1, 5, false> kept;
  template <class Self, class F>
  static void visit(Self& self, F&& f, const Path& path) {
    Linear<reference, 2, 3>::visit(self.linear, f, path);
    f(Path{&path, "derived"}, self.derived);
    f(Path{&path, "kept"}, self.kept);
  }
};
struct OneLayer {
  Follows layer;
  template <class Self, class F>
  static void each_site(Self& self, const F& f) {
    f(Down{}, Path{nullptr, "down"}, self.layer);
  }
};
BOOST_AUTO_TEST_CASE(what_follows_from_a_type_is_no_parameter) {
  const auto map = site_map(OneLayer());
  BOOST_REQUIRE(map.size() == 1U);
  BOOST_TEST((map[0].trainable == 6U && map[0].frozen == 5U && map[0].path == "down"));
}

BOOST_AUTO_TEST_SUITE_END()
