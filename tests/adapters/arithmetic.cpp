// Adapters combined, converted, written and read.
#include "tiny.hpp"

#include <graft/adapters/arithmetic.hpp>
#include <graft/checkpoints/base/merge.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace graft;

BOOST_AUTO_TEST_SUITE(adapters_arithmetic)

LowRankPair drawn(Index out, Index in, Index rank, std::uint64_t stream, float scaling = 2.0F) {
  LowRankPair p{.out = out,
                .in = in,
                .rank = rank,
                .scaling = scaling,
                .a = std::vector<float>(rank * in),
                .b = std::vector<float>(out * rank)};
  for (Index i = 0; i < p.a.size(); ++i) p.a[i] = standard_normal({1, stream}, i);
  for (Index i = 0; i < p.b.size(); ++i) p.b[i] = standard_normal({2, stream}, i);
  return p;
}
double apart(const std::vector<float>& x, const std::vector<float>& y) {
  double worst = x.size() == y.size() ? 0 : INFINITY;
  for (Index i = 0; i < x.size() && i < y.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(x[i] - y[i])));
  return worst;
}
std::vector<float> sum_of(const LowRankPair& p, float w, const LowRankPair& q, float v) {
  auto sum = p.delta();
  const auto other = q.delta();
  for (Index i = 0; i < sum.size(); ++i) sum[i] = w * sum[i] + v * other[i];
  return sum;
}

BOOST_AUTO_TEST_CASE(one_adapter_of_weight_one_is_itself) {
  const std::vector<LowRankPairs> one{{{"layer", drawn(6, 5, 2, 1, 0.7F)}}};
  const auto same = combined(one, {1.0F}).at("layer");
  BOOST_TEST(same.a == one[0].at("layer").a, boost::test_tools::per_element());
  BOOST_TEST(same.b == one[0].at("layer").b, boost::test_tools::per_element());
  BOOST_TEST(same.scaling == 0.7F);
  for (const auto how :
       {Combination::linear, Combination::svd, Combination::ties, Combination::dare, Combination::magnitude})
    BOOST_TEST(apart(combined(one, {1.0F}, {.how = how, .density = 1.0}).at("layer").delta(),
                     one[0].at("layer").delta()) < 1e-4);
}

BOOST_AUTO_TEST_CASE(sums) {
  const auto p = drawn(7, 6, 2, 1), q = drawn(7, 6, 3, 2, 0.5F);
  const auto wanted = sum_of(p, 0.3F, q, -1.5F);
  const auto cat = combined_layer({&p, &q}, {0.3F, -1.5F}, {});
  BOOST_TEST(cat.rank == 5U);
  BOOST_TEST(apart(cat.delta(), wanted) < 1e-4);
  BOOST_TEST(apart(combined_layer({&p, &q}, {0.3F, -1.5F}, {.how = Combination::svd, .rank = 5}).delta(), wanted) <
             1e-4);
  BOOST_CHECK_THROW((combined_layer({&p, &q}, {1.0F, 1.0F}, {.how = Combination::cat, .rank = 3})), Error);
  BOOST_CHECK_THROW((combined_layer({&p, &q}, {1.0F, 1.0F}, {.how = Combination::linear})), Error);
  // The best rank 2 is not worse than either of rank 2 that is there, and what it leaves out is what its error says.
  const auto f = low_rank_factors(cat.b, cat.a, 7, 6, 5, 2);
  const LowRankPair best{.out = 7, .in = 6, .rank = 2, .a = f.a, .b = f.b};
  double missing = 0, all = 0;
  const auto have = best.delta();
  for (Index i = 0; i < wanted.size(); ++i) {
    missing += std::pow(static_cast<double>(wanted[i] - have[i]), 2);
    all += std::pow(static_cast<double>(wanted[i]), 2);
  }
  BOOST_TEST(std::abs(std::sqrt(missing / all) - f.left_out) < 1e-4);
}

BOOST_AUTO_TEST_CASE(entries) {
  using namespace arithmetic;
  BOOST_TEST(largest_of({1, -4, 2, -3}, 0.5) == (std::vector<float>{0, -4, 0, -3}), boost::test_tools::per_element());
  // Signs of the heavier side, the mean of those that have it.
  BOOST_TEST(summed({{1, -4, 0}, {3, 1, 0}, {-2, 0, 0}}, {1, 1, 1}, true) == (std::vector<float>{2, -4, 0}),
             boost::test_tools::per_element());
  BOOST_TEST(summed({{1, -4}, {3, 1}}, {1, 2}, false) == (std::vector<float>{7, -2}), boost::test_tools::per_element());
  const std::vector<float> ones(20'000, 1.0F);
  const auto some = dropped(ones, 0.25, {3, 0});
  double sum = 0;
  for (const float x : some) {
    BOOST_REQUIRE((x == 0.0F || x == 4.0F));
    sum += static_cast<double>(x);
  }
  BOOST_TEST(std::abs(sum / 20'000 - 1.0) < 0.05);
  BOOST_TEST(dropped(ones, 0.25, {3, 0}) == some, boost::test_tools::per_element());
}

template <class M>
auto filled(std::uint64_t seed = 1) {
  Llama<tiny::Config, M, reference> model;
  tiny::fill(model, seed);
  return model;
}

BOOST_AUTO_TEST_CASE(models_and_folders) {
  using Narrow = LoRA<2, On<Query, Value>, Alpha<3>>;
  auto first = filled<Narrow>(), second = filled<Narrow>();
  decltype(second)::visit(second, [](const Path& path, auto& p) {  // the same base, another adapter
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      for (Index i = 0; i < values.size(); ++i) values[i] = 0.3F * standard_normal({9, path.str().size()}, i);
      p.assign(values);
    }
  });
  const auto sum = combined({low_rank_pairs(first), low_rank_pairs(second)}, {1.0F, -1.0F});
  auto wide = filled<LoRA<4, On<Query, Value>>>();
  assign_pairs(wide, sum);
  merge(first);  // W + Δ₁
  auto base = filled<FrozenBase>();
  auto back = filled<LoRA<4, On<Query, Value>>>();
  const auto folder = std::filesystem::temp_directory_path() / ("graft-arithmetic-" + std::to_string(::getpid()));
  write_pairs(sum, folder);
  assign_pairs(back, read_pairs(folder));
  BOOST_TEST(std::abs(tiny::loss(back, tiny::batch()) - tiny::loss(wide, tiny::batch())) < 1e-5);
  BOOST_TEST(std::abs(tiny::loss(wide, tiny::batch()) - tiny::loss(base, tiny::batch())) > 1e-3);
  std::filesystem::remove_all(folder);
  auto narrow = filled<LoRA<3, On<Query, Value>>>();
  BOOST_CHECK_EXCEPTION(assign_pairs(narrow, sum), Error, [](const Error& e) {
    return std::string(e.what()).find("the model has rank 3") != std::string::npos;
  });
}

/// The model of a method and LoRA of that rank in its place give the same loss.
template <class M, Index Rank>
void converts() {
  const auto model = filled<M>();
  const auto [pairs, left_out] = as_low_rank(model, Rank);
  BOOST_TEST(left_out < 1e-4);
  auto lora = filled<LoRA<Rank>>();
  std::map<std::string, std::vector<float>> base;
  const auto each = [](auto& of, auto&& f) {
    std::remove_cvref_t<decltype(of)>::each_site(
        of, [&f](auto, const Path& path, auto& layer) { visit_base(layer, f, path); });
  };
  each(model, [&base](const Path& path, const auto& p) { base[path.str()] = p.read(); });
  each(lora, [&base](const Path& path, auto& p) { p.assign(base.at(path.str())); });
  assign_pairs(lora, pairs);
  BOOST_TEST(std::abs(tiny::loss(lora, tiny::batch()) - tiny::loss(model, tiny::batch())) < 1e-4);
}
BOOST_AUTO_TEST_CASE(other_methods_as_lora) {
  converts<LoHa<2>, 4>();  // the Hadamard product of two of rank 2 is of rank 4
  converts<DoRA<2>, 16>();
  converts<OFT<4>, 16>();
  converts<VeRA<4>, 4>();
  BOOST_TEST(as_low_rank(filled<LoHa<4>>(), 2).second > 0.05);
  auto scaled = filled<IA3<>>();
  decltype(scaled)::visit(scaled, [](const Path& path, auto& p) {
    if (path.name == "bias") p.assign(std::vector<float>(p.size, 0.3F));
  });
  BOOST_CHECK_EXCEPTION(as_low_rank(scaled, 4), Error, [](const Error& e) {
    return std::string(e.what()).find("changes the bias") != std::string::npos;
  });
  BOOST_CHECK_THROW(as_low_rank(filled<LNTuning<>>(), 4), Error);
}

BOOST_AUTO_TEST_SUITE_END()
