#include "tiny.hpp"

#include <graft/train.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_trunk_cache)

using Model = Llama<tiny::Config, LastBlocks<1>, reference>;
static_assert(Model::trunk_blocks == 2);
static_assert(Llama<tiny::Config, LoRA<2, Blocks<1, 3>>, reference>::trunk_blocks == 1);
static_assert(Llama<tiny::Config, LoRA<2>, reference>::trunk_blocks == 0);
static_assert(Llama<tiny::Config, Unfreeze<TokenEmbedding>, reference>::trunk_blocks == 0);
static_assert(Llama<tiny::Config, Unfreeze<Head>, reference>::trunk_blocks == 3);

std::vector<Batch> epoch(Index most_tokens = 25) {
  std::vector<Example> data;
  for (Index e = 0; e < 5; ++e) {
    std::vector<Id> ids;
    for (Index i = 0; i < 18; ++i) ids.push_back(static_cast<Id>((i * 7 + 1) % 50));
    for (Index i = 0; i < 2 + e; ++i) ids.push_back(static_cast<Id>((i * 11 + e + 5) % 50));
    data.emplace_back();
    data.back().append({ids.begin(), ids.begin() + 17}, false);
    data.back().append({ids.begin() + 17, ids.end()}, true);
  }
  std::vector<const Example*> all;
  for (const auto& e : data) all.push_back(&e);
  auto batches = pack(all, most_tokens);
  batches.push_back(tiny::batch());
  return batches;
}

template <class M>
std::vector<double> losses(Index cache_bytes, const std::filesystem::path& from = {},
                           const std::filesystem::path& to = {}) {
  M model;
  tiny::fill(model);
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F}, {.trunk_cache_bytes = cache_bytes});
  if (!from.empty()) trainer.trunk_cache()->load(from);
  std::vector<double> all;
  for (int e = 0; e < 3; ++e)
    for (const auto& batch : epoch()) all.push_back(trainer.step(batch).loss);
  if (!to.empty()) trainer.trunk_cache()->save(to);
  if (cache_bytes > 1'000'000) {
    const Index batches = epoch().size();
    BOOST_TEST(trainer.trunk_cache()->misses() == (from.empty() ? batches : 0U));
    BOOST_TEST(trainer.trunk_cache()->hits() == (from.empty() ? 2 : 3) * batches);
    BOOST_TEST(trainer.trunk_cache()->texts() > 0U);
  }
  return all;
}

// What is trained is the same, whether the trunk is computed at every epoch, kept whole, kept in part or read from a
// file.
BOOST_AUTO_TEST_CASE(changes_nothing) {
  const auto folder = std::filesystem::temp_directory_path() / ("graft-trunk-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto wanted = losses<Model>(0);
  BOOST_TEST(losses<Model>(1_GiB, {}, folder / "trunk") == wanted, boost::test_tools::per_element());
  BOOST_TEST(losses<Model>(2000) == wanted, boost::test_tools::per_element());
  BOOST_TEST(losses<Model>(1_GiB, folder / "trunk") == wanted, boost::test_tools::per_element());

  const auto refused = [&](const char* why) {
    Model model;
    tiny::fill(model, why == std::string("other weights") ? 9 : 1);
    TrunkCache<Model> cache(model, 1_GiB);
    BOOST_CHECK_EXCEPTION(cache.load(folder / "trunk"), Error,
                          [&](const Error& e) { return std::string(e.what()).find(why) != std::string::npos; });
    BOOST_TEST(cache.texts() == 0U);
  };
  refused("other weights");
  std::filesystem::resize_file(folder / "trunk", std::filesystem::file_size(folder / "trunk") - 3);
  refused("");
  std::filesystem::resize_file(folder / "trunk", 20);
  refused("cut off");
  write_file(folder / "trunk", std::string(200, 'x'));
  refused("no file of trunk outputs");
  std::filesystem::remove_all(folder);
}

// What texts begin with alike is a sequence of its own where they meet in a pass, and a part of each where they do not.
BOOST_AUTO_TEST_CASE(texts_meet_others_at_every_epoch) {
  const auto trained = [](Index cache_bytes) {
    Model model;
    tiny::fill(model);
    Trainer trainer(model, AdamW{.learning_rate = 1e-2F}, {.trunk_cache_bytes = cache_bytes});
    std::vector<double> all;
    for (const Index most_tokens : {50, 1, 25, 1, 50, 1000, 25})
      for (const auto& batch : epoch(most_tokens)) all.push_back(trainer.step(batch).loss);
    return all;
  };
  BOOST_TEST(trained(1_GiB) == trained(0), boost::test_tools::tolerance(1e-5) << boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(in_bfloat16_it_is_near) {
  using Narrow = Llama<tiny::Config, LastBlocks<1>, reference, Bf16>;
  const auto wanted = losses<Narrow>(0), found = losses<Narrow>(1_GiB);
  for (Index i = 0; i < wanted.size(); ++i) BOOST_TEST(std::abs(found[i] / wanted[i] - 1) < 2e-2);
}

BOOST_AUTO_TEST_SUITE_END()
