#include <graft/core/buffer.hpp>

#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_buffer)

/// `reference` that knows how many bytes are out.
struct ledger : reference {
  inline static Index out = 0;
  static std::byte* allocate(Index bytes) {
    out += bytes;
    return reference::allocate(bytes);
  }
  static void release(std::byte* data, Index bytes) {
    out -= bytes;
    reference::release(data, bytes);
  }
};

static_assert(!std::is_copy_constructible_v<Buffer<ledger>> && std::is_nothrow_move_constructible_v<Buffer<ledger>>);

BOOST_AUTO_TEST_CASE(memory_goes_with_its_owner) {
  {
    Buffer<ledger> first(64);
    BOOST_TEST((first.bytes() == 64U && ledger::out == 64U));
    first.as<float>(8)[0] = 3;  // the third float
    BOOST_TEST(first.as<float>()[2] == 3);
    Buffer<ledger> second(std::move(first));
    BOOST_TEST((first.bytes() == 0U && second.bytes() == 64U && second.as<float>()[2] == 3 && ledger::out == 64U));
    Buffer<ledger> third(16);
    third = std::move(second);  // each is released once, whoever has which
    BOOST_TEST((third.bytes() == 64U && third.as<float>()[2] == 3 && ledger::out == 80U));
    const Buffer<ledger> none(0);
    BOOST_TEST(ledger::out == 80U);
  }
  BOOST_TEST(ledger::out == 0U);
}

BOOST_AUTO_TEST_CASE(nothing_is_written_that_others_read) {
  SharedBuffer<ledger> first;
  BOOST_TEST((!first && first.is_shared()));
  auto* const own = first.renewed(8);
  static_cast<void>(first.renewed(8));
  BOOST_TEST((first && !first.is_shared() && first.as<std::byte>() == own && ledger::out == 8U));  // nobody else's
  auto second = first;
  BOOST_TEST((first.is_shared() && second.as<std::byte>() == own));
  BOOST_TEST((second.renewed(12) != own && first.as<std::byte>() == own && ledger::out == 20U));
  BOOST_TEST((!first.is_shared() && !second.is_shared()));
  first = {};
  second = {};
  BOOST_TEST(ledger::out == 0U);
}

BOOST_AUTO_TEST_CASE(memory_of_others_is_kept_and_never_written) {
  auto host = std::make_shared<std::vector<float>>(3, 5.0F);
  const std::weak_ptr<std::vector<float>> alive = host;
  SharedBuffer<ledger> view(std::as_bytes(std::span(*host)), host);
  const auto* const there = host->data();
  host.reset();
  BOOST_TEST((view.as<float>() == there && view.as<float>()[2] == 5 && view.is_shared()));
  BOOST_TEST((static_cast<const void*>(view.renewed(12)) != there && alive.expired()));
}

BOOST_AUTO_TEST_CASE(copies_from_and_to_the_host) {
  const Buffer<reference> memory(4 * sizeof(Id));
  const std::vector<Id> ids{7, -1, 2};
  upload<reference>(memory.as<Id>(4), std::span<const Id>(ids));
  BOOST_TEST(download<reference>(memory.as<Id>(4), 3) == ids, boost::test_tools::per_element());
  BOOST_TEST(download<reference>(memory.as<Id>(8)) == -1);
  upload<reference>(static_cast<Id*>(nullptr), std::span<const Id>());  // nothing, to nowhere
  BOOST_TEST(download<reference>(static_cast<Id*>(nullptr), 0).empty());
}

// On `meta` there is a size and no memory, in constant expressions, too.
static_assert(Buffer<meta<reference>>(1'000'000).bytes() == 1'000'000);
static_assert(std::is_empty_v<SharedBuffer<meta<reference>>>);

BOOST_AUTO_TEST_SUITE_END()
