#include <graft/core/fingerprint.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

using namespace graft;

BOOST_AUTO_TEST_SUITE(core_fingerprint)

std::string of(const std::vector<std::vector<std::int32_t>>& contents) {
  Fingerprint all;
  for (const auto& content : contents) all.add(content);
  return all.text();
}

// Every bit counts, and where one content ends and the next begins.
BOOST_AUTO_TEST_CASE(tells_contents_apart) {
  std::set<std::string> all{of({}), of({{}}), of({{}, {}}), of({{0}}), of({{0, 0}}), of({{0}, {0}}), of({{0, 0, 0}})};
  for (Index i = 0; i < 7; ++i)
    for (unsigned bit = 0; bit < 32; ++bit) {
      std::vector<std::int32_t> content(7);
      content[i] = static_cast<std::int32_t>(1U << bit);
      all.insert(of({content}));
      content[(i + 2) % 7] = content[i];
      all.insert(of({content}));
    }
  BOOST_TEST(all.size() == 7U + 2U * 7U * 32U);
  BOOST_TEST(of({{1, 2, 3}}) == of({{1, 2, 3}}));
  BOOST_TEST(of({{1}}).size() == 16U);
}

BOOST_AUTO_TEST_SUITE_END()
