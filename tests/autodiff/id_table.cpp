#include <graft/autodiff/id_table.hpp>

#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(autodiff_id_table)

using Derived = IdTable<reference, 2, 3>;
using Kept = IdTable<reference, 2, 3, false>;
static_assert(Derived::derived && !Derived::saved && !Kept::derived && Kept::saved);
static_assert(Derived::bytes() == 2 * 3 * 4 && Derived::gradient_bytes() == 0 && !Derived::trainable);
static_assert(IdTable<meta<reference>, 2, 3>().bytes() == 24);

BOOST_AUTO_TEST_CASE(rows_at_once_and_one_by_one) {
  Derived table;
  table.assign_ids(std::vector<Id>{5, 0, 2, 9, 8, 7});
  BOOST_TEST(table.read() == (std::vector<float>{5, 0, 2, 9, 8, 7}), boost::test_tools::per_element());
  table.assign_ids(std::vector<Id>{1, 3, -1}, 1);
  BOOST_TEST(download<reference>(table.value(), 6) == (std::vector<Id>{5, 0, 2, 1, 3, -1}),
             boost::test_tools::per_element());
  BOOST_TEST(download<reference>(table.value(1)) == 1);
}

BOOST_AUTO_TEST_CASE(as_a_tensor_of_a_file) {
  Kept table, again;
  table.assign_ids(std::vector<Id>{0, 151'935, 3, 16'777'215, 4, 1});  // all that floats tell apart
  again.assign(table.read());
  BOOST_TEST(download<reference>(again.value(), 6) == download<reference>(table.value(), 6),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
