// Loading accounts for every tensor; adapters go to disk and back; merged models load as plain ones.
#include "checkpoints/base/tiny_files.hpp"
#include "io/files.hpp"
#include "tiny.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints.hpp>
#include <graft/checkpoints/base/tokenizer_files.hpp>

#include "folder.hpp"

#include <boost/test/unit_test.hpp>

#include <ctime>
#include <fstream>

#include <malloc.h>

using namespace graft;
using made::error_of;

namespace {

using Base = Llama<tiny::Config, FrozenBase, reference>;

using Tuned = Llama<tiny::Config,
                    Methods<LoRA<2, On<Query, Down>, Blocks<1, 3>, Alpha<3>>, LoRA<4, On<Value>, Alpha<8>>>, reference>;

Json config() { return tiny::config_json({{"model_type", "llama"}, {"attention_bias", true}}); }

std::vector<NamedTensor> weights() {
  Base model;
  tiny::fill(model);
  return tiny::tensors_of(model);
}

// attention_bias of Llama covers the output projection too, which tiny::Config does not have: state it as Qwen2.
void write_base(const std::filesystem::path& folder, const std::vector<NamedTensor>& tensors) {
  auto json = config();
  json["model_type"] = "qwen2";
  write_json(folder / "config.json", json);
  write_safetensors(folder / "model.safetensors", tensors);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints_base_load)

BOOST_AUTO_TEST_CASE(a_folder_loads_and_every_mistake_is_named) {
  const Folder folder("graft-load-test");
  auto tensors = weights();
  write_base(folder.path, tensors);
  const auto model = load<Base>(folder.path);
  Base filled;
  tiny::fill(filled);
  BOOST_TEST(tiny::loss(model, tiny::batch()) == tiny::loss(filled, tiny::batch()));

  tensors[3].name = "model.layers.0.self_attn.q_proj.wieght";
  tensors[2].shape = {tensors[2].values.size()};
  write_base(folder.path, tensors);
  const auto error = error_of([&] { load<Base>(folder.path); });
  for (const char* part :
       {"missing: ", "unexpected: model.layers.0.self_attn.q_proj.wieght", "misshapen: ", "Choose the architecture"})
    BOOST_TEST(error.find(part) != std::string::npos, error);
}

BOOST_AUTO_TEST_CASE(another_size_is_named_with_both_numbers) {
  const Folder folder("graft-size-test");
  write_base(folder.path, weights());
  auto json = config();
  json["model_type"] = "qwen2";
  json["rope_theta"] = 500.0;
  write_json(folder.path / "config.json", json);
  const auto error = error_of([&] { load<Base>(folder.path); });
  BOOST_TEST(error.find("rotary base: 500") != std::string::npos, error);
}

// Large enough that a copy of it would be seen in the memory of the process.
struct Larger : tiny::Config {
  static constexpr Index vocabulary = 4000, width = 256, heads = 8, groups = 4, head_width = 32, feed_forward = 768;
};

Index resident() {
  ::malloc_trim(0);  // what is free already would hide what is taken
  Index pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * 4096;
}

BOOST_AUTO_TEST_CASE(a_second_adapter_of_a_loaded_base_takes_its_own_bytes) {
  using Whole = Llama<Larger, FrozenBase, reference>;
  using First = Whole::of<LoRA<8>>;
  using Second = Whole::of<LoHa<4>>;
  const Folder folder("graft-second-base"), first_folder("graft-second-one"), second_folder("graft-second-two");
  Whole base;
  base.initialize({.key = {3, 0}});
  const auto made = [&base]<class Model>(std::type_identity<Model>, const std::filesystem::path& path) {
    Model model(base);
    std::uint64_t stream = 0;
    Model::visit(model, [&stream]<class P>(const Path&, P& p) {
      std::vector<float> values(p.size);
      ++stream;
      for (Index i = 0; i < values.size(); ++i) values[i] = 0.1F * standard_normal({8, stream}, i);
      if constexpr (P::trainable) p.assign(values);
    });
    save_adapter(model, path, "larger");
    return tiny::loss(model, tiny::batch());
  };
  const double first_alone = made(std::type_identity<First>{}, first_folder.path),
               second_alone = made(std::type_identity<Second>{}, second_folder.path);

  First first(base);
  load_adapter(first, first_folder.path);
  const Index before = resident();
  const auto started = std::clock();
  Second second(base);
  load_adapter(second, second_folder.path);
  const double seconds = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
  const Index after = resident();
  constexpr Index bytes = Second::trainable_parameters * sizeof(float);  // and no gradients, as nothing is trained
  static_assert(bytes < 4_MiB && Whole::parameters * sizeof(float) > 16_MiB);
  BOOST_TEST_MESSAGE("a second adapter of " << bytes << " bytes: " << after - before << " bytes more, " << seconds
                                            << " s");
#if !defined(__SANITIZE_ADDRESS__)  // which keeps what is freed
  BOOST_TEST(after <= before + bytes + 1_MiB);
#endif
  BOOST_TEST(seconds < 0.25);
  BOOST_TEST(tiny::loss(first, tiny::batch()) == first_alone);
  BOOST_TEST(tiny::loss(second, tiny::batch()) == second_alone);
}

BOOST_AUTO_TEST_CASE(unsupported_configs_are_refused) {
  const Folder folder("graft-config-test");
  auto json = config();
  json["rope_scaling"] = {{"type", "dynamic"}};
  write_json(folder.path / "config.json", json);
  BOOST_TEST(error_of([&] { const ModelFiles files(folder.path); }).find("rope_scaling") != std::string::npos);
  BOOST_TEST(error_of([&] { const ModelFiles files("/nowhere/at/all"); }).find("nothing of this name") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_repeated_embedding_has_its_shape) {
  const Folder base("graft-repeated-base"), folder("graft-repeated");
  write_base(base.path, weights());
  using Adapted = Llama<tiny::Config, LoRA<2, On<TokenEmbedding>>, reference>;
  auto model = load<Adapted>(base.path);
  save_adapter(model, folder.path);
  auto tensors = adapter_tensors(model);
  auto rows = model.token_embedding.weight.read();
  for (float& x : rows) x *= 0.5F;
  tensors.push_back({"base_model.model.model.embed_tokens.base_layer.weight", {50, 16}, rows});
  write_safetensors(folder.path / "adapter_model.safetensors", tensors);
  load_adapter(model, folder.path);  // as PEFT does, the adapter's copy is the base's from then on
  BOOST_TEST(model.token_embedding.weight.read() == rows, boost::test_tools::per_element());
  tensors.back().shape = {40, 20};
  write_safetensors(folder.path / "adapter_model.safetensors", tensors);
  BOOST_CHECK_EXCEPTION(load_adapter(model, folder.path), Error, [](const Error& e) {
    return std::string(e.what()).find("misshapen: base_model.model.model.embed_tokens.base_layer.weight [40, 20]") !=
           std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_base_files)

BOOST_AUTO_TEST_CASE(sharded_folders) {
  const Folder folder("graft-shard-test");
  const auto tensors = weights();
  write_base(folder.path, {});
  std::filesystem::remove(folder.path / "model.safetensors");
  const auto middle = tensors.begin() + 10;
  write_safetensors(folder.path / "one.safetensors", {tensors.begin(), middle});
  write_safetensors(folder.path / "two.safetensors", {middle, tensors.end()});
  Json map = Json::object();
  for (auto t = tensors.begin(); t != tensors.end(); ++t)
    map[t->name] = t < middle ? "one.safetensors" : "two.safetensors";
  write_json(folder.path / "model.safetensors.index.json", {{"weight_map", map}});
  Base filled;
  tiny::fill(filled);
  BOOST_TEST(tiny::loss(load<Base>(folder.path), tiny::batch()) == tiny::loss(filled, tiny::batch()));
  map["evil"] = "../outside.safetensors";
  write_json(folder.path / "model.safetensors.index.json", {{"weight_map", map}});
  BOOST_TEST(error_of([&] { load<Base>(folder.path); }).find("names no file of this folder") != std::string::npos);
}

// Weights that the file has as the model reads them stay there.
BOOST_AUTO_TEST_CASE(frozen_weights_may_be_views_of_the_file) {
  const Folder folder("graft-mapped-test");
  write_base(folder.path, weights());
  const auto copied = load<Base>(folder.path), mapped = load<Base>(folder.path, 0, {.mapped = true});
  Base::visit(copied, [](const Path& path, const auto& p) { BOOST_TEST(!p.is_shared(), path.str()); });
  Base::visit(mapped, [](const Path& path, const auto& p) { BOOST_TEST(p.is_shared(), path.str()); });
  BOOST_TEST(tiny::loss(mapped, tiny::batch()) == tiny::loss(copied, tiny::batch()));
  Base::of<LoRA<2>> model(mapped);
  tiny::fill(model);  // into memory of its own: the map cannot be written
  BOOST_TEST(tiny::loss(mapped, tiny::batch()) == tiny::loss(copied, tiny::batch()));
  const auto error =
      error_of([&] { load<Llama<tiny::Config, FrozenBase, Cpu, Bf16>>(folder.path, 0, {.mapped = true}); });
  BOOST_TEST(error.find("the backend xsimd_cpu keeps weights of the storage Bf16 otherwise than files do") !=
                 std::string::npos,
             error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_adapter_files)

BOOST_AUTO_TEST_CASE(adapters_there_and_back) {
  const Folder folder("graft-adapter-test");
  Tuned model, other;
  tiny::fill(model);
  tiny::fill(other, 1);
  save_adapter(model, folder.path, "tiny");
  Tuned::visit(other, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) p.assign(std::vector<float>(p.size, 0.0F));
  });
  BOOST_TEST(tiny::loss(other, tiny::batch()) != tiny::loss(model, tiny::batch()));
  load_adapter(other, folder.path);
  BOOST_TEST(tiny::loss(other, tiny::batch()) == tiny::loss(model, tiny::batch()));

  const auto json = read_json(folder.path / "adapter_config.json");
  BOOST_TEST(json.at("rank_pattern").size() + json.at("alpha_pattern").size() > 0U);
  const auto mistaken = error_of([&] {
    Llama<tiny::Config, LoRA<2, On<Query>>, reference> wrong;
    load_adapter(wrong, folder.path);
  });
  BOOST_TEST(mistaken.find("model.layers.0.self_attn.v_proj: LoRA<") != std::string::npos);
  BOOST_TEST(mistaken.find(" in the file, nothing in the type") != std::string::npos);
}

// An adapter of another rank is one line that says so, however many modules it has.
BOOST_AUTO_TEST_CASE(an_adapter_of_another_rank) {
  const Folder folder("graft-rank-test");
  Llama<tiny::Config, LoRA<4>, reference> model;
  tiny::fill(model);
  save_adapter(model, folder.path, "tiny");
  const auto mistaken = error_of([&] {
    Llama<tiny::Config, LoRA<8>, reference> wrong;
    load_adapter(wrong, folder.path);
  });
  BOOST_TEST(mistaken.find("LoRA<4, Alpha<8>> in the file, LoRA<8, Alpha<16>> in the type (rank 4 and rank 8), and so "
                           "at 20 more modules") != std::string::npos,
             mistaken);
  BOOST_TEST(std::count(mistaken.begin(), mistaken.end(), '\n') == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_base_merge)

BOOST_AUTO_TEST_CASE(merged_models_need_no_adapter) {
  const Folder base("graft-merge-base"), merged("graft-merge-out");
  write_base(base.path, weights());
  auto model = load<Tuned>(base.path);
  Tuned::visit(model, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      for (Index i = 0; i < values.size(); ++i) values[i] += 0.2F * standard_normal({8, p.size}, i);
      p.assign(values);
    }
  });
  const double wanted = tiny::loss(model, tiny::batch());
  save_merged(model, ModelFiles(base.path), merged.path);
  const auto plain = load<Base>(merged.path);
  BOOST_TEST(tiny::loss(plain, tiny::batch()) == wanted, boost::test_tools::tolerance(1e-5));
  BOOST_TEST(tiny::loss(load<Base>(base.path), tiny::batch()) != wanted);
  merge(model);
  BOOST_TEST(tiny::loss(model, tiny::batch()) == wanted, boost::test_tools::tolerance(1e-5));
  unmerge(model);
  BOOST_TEST(tiny::loss(model, tiny::batch()) == wanted, boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_in_a_merged_model) {
  const Folder base("graft-lost-base"), merged("graft-lost");
  write_base(base.path, weights());
  const auto model = load<Llama<tiny::Config, HoulsbyAdapter<4>, reference>>(base.path);
  BOOST_CHECK_EXCEPTION(save_merged(model, ModelFiles(base.path), merged.path), Error, [](const Error& e) {
    return std::string(e.what()).find("would be lost") != std::string::npos;
  });
  BOOST_TEST(!std::filesystem::exists(merged.path / "model.safetensors"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checkpoints_gguf_adapter)

// Read back with the reader of GGUF: names, extents, the order of query rows, and alpha / rank folded where sites
// differ.
BOOST_AUTO_TEST_CASE(a_lora_as_gguf) {
  using Model = Llama<tiny::Config, Methods<LoRA<2, On<Query>, Alpha<6>>, LoRA<3, On<Down>, Alpha<3>, RankStabilized>>,
                      reference>;
  Model model;
  tiny::fill(model);
  const auto path = std::filesystem::temp_directory_path() / ("graft-adapter-" + std::to_string(::getpid()) + ".gguf");
  save_gguf_adapter(model, path, "llama");
  {
    const GgufFile file(path);
    const Gguf& g = file.content;
    BOOST_TEST(g.get<std::string>("adapter.type") == "lora");
    BOOST_TEST(g.get<std::string>("general.architecture") == "llama");
    const double alpha = g.get<double>("adapter.lora.alpha");
    BOOST_TEST(g.tensors.size() == 2 * 2 * tiny::Config::blocks);
    const auto scaled = [&](const std::string& name, Index rank, float scaling, const std::vector<float>& b) {
      const auto& stored = g.tensors.at(name);
      BOOST_TEST((stored.shape == std::vector<Index>{b.size() / rank, rank}));
      const auto values = to_floats(stored, name);
      for (Index i = 0; i < b.size(); ++i)
        BOOST_TEST(std::abs(static_cast<double>(values[i]) * alpha / static_cast<double>(rank) -
                            static_cast<double>(scaling * b[i])) < 1e-5);
    };
    const auto& block = std::get<0>(model.blocks).blocks[1];
    scaled("blk.1.attn_q.weight.lora_b", 2, 3.0F, permuted(block.query.b.read(), tiny::Config::heads, 2));
    scaled("blk.1.ffn_down.weight.lora_b", 3, std::sqrt(3.0F), block.down.b.read());
    BOOST_TEST(to_floats(g.tensors.at("blk.1.attn_q.weight.lora_a"), "a") == block.query.a.read(),
               boost::test_tools::per_element());
    BOOST_TEST(unpermuted(permuted(block.query.b.read(), tiny::Config::heads, 2), tiny::Config::heads, 2) ==
                   block.query.b.read(),
               boost::test_tools::per_element());
  }
  std::filesystem::remove(path);
  static_assert(!fits_gguf<Llama<tiny::Config, DoRA<2>, reference>>() &&
                !fits_gguf<Llama<tiny::Config, Methods<LoRA<2>, Unfreeze<Head>>, reference>>());
}

BOOST_AUTO_TEST_SUITE_END()
