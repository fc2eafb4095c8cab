#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(backend_meta)

BOOST_AUTO_TEST_CASE(plans_of_plans) {
  static_assert(std::is_same_v<planned_on<reference>, meta<reference>>);
  static_assert(std::is_same_v<planned_on<meta<reference>>, meta<reference>>);
  static_assert(Backend<meta<reference>>);
  bool ran = false;
  launch<meta<reference>>([&ran](auto) { ran = true; });
  BOOST_TEST(!ran);
  launch<reference>([&ran](auto) { ran = true; });
  BOOST_TEST(ran);
}

// What is planned is what the backend takes, also in constant expressions.
BOOST_AUTO_TEST_CASE(bytes_of_the_planned_backend) {
  using Planned = meta<reference>;
  constexpr Index floats = packed_bytes(3, 64, F32{}, Planned{}), halves = packed_bytes(3, 64, Bf16{}, Planned{});
  static_assert(floats == 3 * 64 * 4 && halves == 3 * 64 * 2);
  constexpr Index nf4 = packed_bytes(3, 64, Nf4{}, Planned{});
  BOOST_TEST(nf4 == 3 * Nf4::row_bytes(64));
  constexpr Index work = backend::vocabulary_workspace<float>(70, 3, 2, F32{}, Planned{});
  BOOST_TEST(work == 2U * 64 * 3 + 2 + 1);
}

BOOST_AUTO_TEST_CASE(memory_that_is_not_there) {
  constexpr Buffer<meta<reference>> nothing(64);
  static_assert(nothing.bytes() == 64);
  BOOST_TEST(static_cast<std::byte*>(meta<reference>::allocate(64) + 8) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
