#include <graft/backend/composed/project.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <vector>

using namespace graft;
using namespace graft::backend;

namespace {

constexpr Index in = 2, out = 2;
constexpr std::array<float, 4> w{1, 0, 2, 1};

const std::byte* bytes(const float* floats) { return reinterpret_cast<const std::byte*>(floats); }

/// A backend that has the product itself.
struct fused : reference {};
[[maybe_unused]] void project(const Branch<float, float>* branches, Index, const float*, const float*, Index, Index,
                              F32, fused) {
  *branches->y = 7;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backend_composed_project)

BOOST_AUTO_TEST_CASE(one_path) {
  const std::array<float, 4> x{1, 2, 3, -1}, residual{10, 20, 30, 40}, dy{1, 0, 0, 2};
  const std::array<float, 2> a{1, 1}, b{2, -1};
  std::array<float, 2> u{};
  std::array<float, 4> y{};
  const Branch<float, float> branch{bytes(w.data()), out, 1, a.data(), b.data(), 0.5F, u.data(), y.data()};
  best_project(&branch, 1, x.data(), static_cast<const float*>(nullptr), 2, in, F32{}, reference{});
  BOOST_TEST(u == (std::array<float, 2>{3, 2}), boost::test_tools::per_element());
  BOOST_TEST(y == (std::array<float, 4>{4, 2.5F, 5, 4}), boost::test_tools::per_element());
  best_project(&branch, 1, x.data(), residual.data(), 2, in, F32{}, reference{});
  BOOST_TEST(y == (std::array<float, 4>{14, 22.5F, 35, 44}), boost::test_tools::per_element());

  std::array<float, 2> da{}, db{};
  std::array<float, 4> dw{}, dx{100, 100, 100, 100};
  const BranchGradient<float, float> back{bytes(w.data()), out,       1,         a.data(),  b.data(), 0.5F,
                                          u.data(),        dy.data(), da.data(), db.data(), dw.data()};
  best_project_backward(&back, 1, dx.data(), true, x.data(), 2, in, F32{}, reference{});
  BOOST_TEST(dx == (std::array<float, 4>{102, 101, 103, 101}), boost::test_tools::per_element());
  BOOST_TEST(da == (std::array<float, 2>{-2, 3}), boost::test_tools::per_element());
  BOOST_TEST(db == (std::array<float, 2>{1.5F, 2}), boost::test_tools::per_element());
  BOOST_TEST(dw == (std::array<float, 4>{1, 2, 6, -2}), boost::test_tools::per_element());
}

// Row 0 is the first member's, row 1 the second's, row 2 nobody's.
BOOST_AUTO_TEST_CASE(paths_of_two_members) {
  const std::array<float, 6> x{1, 2, 3, -1, 1, 1}, dy{1, 0, 0, 2, 5, 5};
  const std::array<float, 4> a{1, 1, 0, 1}, b{2, -1, 1, 3};
  const std::array<Id, 3> owners{0, 1, 2};
  std::array<float, 6> u{}, y{};
  const Branch<float, float> branch{bytes(w.data()),   out, 2, a.data(), b.data(), 1, u.data(), y.data(),
                                    {2, owners.data()}};
  best_project(&branch, 1, x.data(), static_cast<const float*>(nullptr), 3, in, F32{}, reference{});
  BOOST_TEST(u == (std::array<float, 6>{3, 0, 0, -1, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(y == (std::array<float, 6>{7, 1, 2, 2, 1, 3}), boost::test_tools::per_element());

  std::array<float, 4> da{}, db{};
  const BranchGradient<float, float> back{bytes(w.data()), out,       2,        a.data(),
                                          b.data(),        1,         u.data(), dy.data(),
                                          da.data(),       db.data(), nullptr,  {2, owners.data()}};
  best_project_backward(&back, 1, static_cast<float*>(nullptr), false, x.data(), 3, in, F32{}, reference{});
  BOOST_TEST(da == (std::array<float, 4>{2, 4, 18, -6}), boost::test_tools::per_element());
  BOOST_TEST(db == (std::array<float, 4>{3, 0, 0, -2}), boost::test_tools::per_element());
}

// dx is the sum over branches; one without a gradient has no share in it.
BOOST_AUTO_TEST_CASE(several_branches) {
  const std::array<float, 2> x{1, 2}, dy{1, 3};
  const std::array<float, 4> other{0, 5, 0, 0};
  const auto plain = [](const float* weight, const float* d) {
    return BranchGradient<float, float>{bytes(weight), out, 0,       nullptr, nullptr, 0,
                                        nullptr,       d,   nullptr, nullptr, nullptr};
  };
  const std::array back{plain(w.data(), dy.data()), plain(other.data(), nullptr), plain(other.data(), dy.data())};
  std::array<float, 2> dx{100, 100};
  best_project_backward(back.data(), back.size(), dx.data(), false, x.data(), 1, in, F32{}, reference{});
  BOOST_TEST(dx == (std::array<float, 2>{7, 8}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_backend_of_its_own) {
  const std::array<float, 2> x{};
  float y = 0;
  const Branch<float, float> branch{nullptr, 1, 0, nullptr, nullptr, 0, nullptr, &y};
  best_project(&branch, 1, x.data(), static_cast<const float*>(nullptr), 1, in, F32{}, fused{});
  BOOST_TEST(y == 7.0F);
}

BOOST_AUTO_TEST_SUITE_END()
