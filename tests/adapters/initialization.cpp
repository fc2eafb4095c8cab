// First values of LoRA that look at weights or data.
#include "checkpoints/base/tiny_files.hpp"
#include "tiny.hpp"

#include <graft/adapters/initialization.hpp>
#include <graft/peft/observe.hpp>

#include <boost/test/unit_test.hpp>

#include <unistd.h>

using namespace graft;

BOOST_AUTO_TEST_SUITE(adapters_initialization)

using Method = LoRA<4, On<Query, Down>, Alpha<6>>;

template <class M, class S = F32>
auto model_of(std::uint64_t seed = 1) {
  Llama<tiny::Config, M, reference, S, Activations<F32>> model;
  model.initialize({.key = {seed, 0}, .deviation = 0.3F});
  return model;
}
template <class From, class To>
void copy_base(From& from, To& to) {
  std::map<std::string, std::vector<float>> base;
  From::each_site(from, [&base](auto, const Path& path, auto& layer) {
    visit_base(layer, [&base](const Path& name, auto& p) { base[name.str()] = p.read(); }, path);
  });
  To::each_site(to, [&base](auto, const Path& path, auto& layer) {
    visit_base(layer, [&base](const Path& name, auto& p) { p.assign(base.at(name.str())); }, path);
  });
}

BOOST_AUTO_TEST_CASE(the_model_starts_as_it_was) {
  const auto same = [](auto&& start) {
    auto model = model_of<Method>();
    const double before = tiny::loss(model, tiny::batch());
    start(model);
    double largest = 0;
    decltype(model)::visit(model, [&largest](const Path&, auto& p) {
      if constexpr (std::remove_cvref_t<decltype(p)>::trainable)
        for (const float x : p.read()) largest = std::max(largest, static_cast<double>(std::abs(x)));
    });
    BOOST_TEST(largest > 1e-2);
    BOOST_TEST(std::abs(tiny::loss(model, tiny::batch()) - before) < 1e-4);
  };
  same([](auto& m) { pissa(m); });
  same([](auto& m) { olora(m); });
  same([](auto& m) { orthogonal(m); });
}

BOOST_AUTO_TEST_CASE(what_was_trained_is_written_for_the_base_as_it_was) {
  auto model = model_of<Method>();
  auto plain = model_of<LoRA<8, On<Query, Down>>>();
  copy_base(model, plain);
  const auto first = pissa(model);
  decltype(model)::visit(model, [](const Path& path, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      for (Index i = 0; i < values.size(); ++i) values[i] += 0.1F * standard_normal({4, path.str().size()}, i);
      p.assign(values);
    }
  });
  assign_pairs(plain, combined({low_rank_pairs(model), first}, {1.0F, -1.0F}));
  BOOST_TEST(std::abs(tiny::loss(plain, tiny::batch()) - tiny::loss(model, tiny::batch())) < 1e-4);
}

struct Wide : tiny::Config {
  static constexpr Index width = 64, heads = 4, groups = 2, head_width = 16, feed_forward = 64;
};

BOOST_AUTO_TEST_CASE(loftq_begins_nearer_to_the_weights) {
  const auto folder = std::filesystem::temp_directory_path() / ("graft-loftq-" + std::to_string(::getpid()));
  Llama<Wide, FrozenBase, reference> exact;
  exact.initialize({.key = {1, 0}, .deviation = 0.3F});
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tiny::tensors_of(exact));
  write_json(folder / "config.json",
             tiny::config_json({{"hidden_size", 64}, {"head_dim", 16}, {"intermediate_size", 64}}));
  const auto apart = [&exact](const auto& model) {
    std::map<std::string, std::vector<float>> weights;
    decltype(exact)::each_site(exact, [&weights](auto, const Path& path, auto& layer) {
      if constexpr (requires {
                      layer.in;
                      layer.weight.read();
                    })
        weights[path.str()] = layer.weight.read();
    });
    double sum = 0;
    std::remove_cvref_t<decltype(model)>::each_site(model, [&](auto, const Path& path, const auto& layer) {
      if constexpr (offers_of<std::remove_cvref_t<decltype(layer)>>.low_rank) {
        const auto have = layer.merged_weight(layer.base.weight.read()), &want = weights.at(path.str());
        for (Index i = 0; i < want.size(); ++i) sum += std::pow(static_cast<double>(have[i] - want[i]), 2);
      }
    });
    return sum;
  };
  const ModelFiles files(folder);
  auto model = load<Llama<Wide, LoRA<16, On<Query, Up>>, reference, Nf4>>(folder);
  const double plain = apart(model);
  loftq(model, files);
  BOOST_TEST(apart(model) < 0.6 * plain, "squared distance " << apart(model) << ", of plain rounding " << plain);
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(eva_looks_where_inputs_vary) {
  auto observed = model_of<Observe<On<Query, Down>>>();
  auto model = model_of<Method>();
  copy_base(observed, model);
  const double before = tiny::loss(model, tiny::batch());
  BOOST_TEST(std::abs(tiny::loss(observed, tiny::batch()) - before) < 1e-6);
  eva(model, observed);
  BOOST_TEST(std::abs(tiny::loss(model, tiny::batch()) - before) < 1e-6);
  // Of 9 tokens' inputs, 4 directions hold more than any 4 axes.
  std::map<std::string, std::vector<float>> grams;
  decltype(observed)::each_site(observed, [&grams](auto, const Path& path, auto& layer) {
    if constexpr (requires { layer.gram(); }) grams[path.str()] = layer.gram();
  });
  decltype(model)::each_site(model, [&grams](auto, const Path& path, auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (offers_of<std::remove_cvref_t<decltype(layer)>>.low_rank) {
      const auto a = layer.a.read(), &g = grams.at(path.str());
      double held = 0;
      std::vector<float> axes;
      for (Index r = 0; r < L::rank; ++r)
        for (Index i = 0; i < L::in; ++i)
          for (Index j = 0; j < L::in; ++j)
            held += static_cast<double>(a[r * L::in + i] * g[i * L::in + j] * a[r * L::in + j]);
      for (Index i = 0; i < L::in; ++i) axes.push_back(g[i * L::in + i]);
      std::sort(axes.rbegin(), axes.rend());
      double best_axes = 0;
      for (Index r = 0; r < L::rank; ++r) best_axes += static_cast<double>(axes[r]);
      BOOST_TEST(held > best_axes);
    }
  });
}

BOOST_AUTO_TEST_CASE(eva_shares_out_ranks) {
  auto observed = model_of<Observe<On<Query, Down>>>();
  tiny::loss(observed, tiny::batch());
  const auto ranks = eva_ranks(observed, 3);
  Index sum = 0, least = 100;
  double explained = 0, evenly = 0;
  decltype(observed)::each_site(observed, [&](auto, const Path& path, auto& layer) {
    if constexpr (requires { layer.gram(); }) {
      const Index r = ranks.at(path.str());
      sum += r;
      least = std::min(least, r);
      BOOST_TEST(r <= 6U);
      const auto values = eigenvalues(layer.gram(), layer.in);
      const double all = std::accumulate(values.begin(), values.end(), 0.0);
      explained += std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(r), 0.0) / all;
      evenly += std::accumulate(values.begin(), values.begin() + 3, 0.0) / all;
    }
  });
  BOOST_TEST(sum == 3 * ranks.size());
  BOOST_TEST(least < 3U);
  BOOST_TEST(explained > evenly);
}

BOOST_AUTO_TEST_SUITE_END()
