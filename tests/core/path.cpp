#include <graft/core/path.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_path)

BOOST_AUTO_TEST_CASE(names_with_dots_between) {
  const Path root{}, model{&root, "model"}, layers{&model, "layers"}, block{&layers, "", 3}, norm{&block, "norm"};
  BOOST_TEST(root.str().empty());
  BOOST_TEST(norm.str() == "model.layers.3.norm");
  BOOST_TEST((Path{&norm, "weight"}.str()) == "model.layers.3.norm.weight");
  BOOST_TEST((Path{&layers, "h", 0}.str()) == "model.layers.h.0");  // a name and a number
  BOOST_TEST((Path{&root, "", 12}.str()) == "12");
}

// The nearest number counts.
constexpr Path model{nullptr, "model"}, block{&model, "", 3}, norm{&block, "norm"}, member{&norm, "members", 0};
static_assert(model.block() == -1 && block.block() == 3 && norm.block() == 3 && member.block() == 0);

BOOST_AUTO_TEST_SUITE_END()
