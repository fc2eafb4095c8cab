#include <graft/core/type_name.hpp>

#include <graft/core/storage.hpp>

#include <boost/test/unit_test.hpp>

namespace graft {
namespace backend {
template <class T, int N>
struct Named {};
}  // namespace backend
}  // namespace graft
namespace elsewhere {
struct Mine {};
}  // namespace elsewhere

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_type_name)

BOOST_AUTO_TEST_CASE(as_users_write_them) {
  BOOST_TEST(type_name<int>() == "int");
  BOOST_TEST(type_name<Bf16>() == "Bf16");
  BOOST_TEST((type_name<backend::Named<Bf16, 3>>()) == "Named<Bf16, 3>");  // the library's own names within, too
  BOOST_TEST((type_name<backend::Named<elsewhere::Mine, 3>>()) == "Named<elsewhere::Mine, 3>");
  BOOST_TEST((type_name<int[4]>()) == "int [4]");
}

BOOST_AUTO_TEST_SUITE_END()
