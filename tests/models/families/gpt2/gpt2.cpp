// What GPT-2 does otherwise than Llama: positions in the embedding, fused queries, weights that files keep by columns.
#include "folder.hpp"
#include "peft/holds.hpp"

#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>

using namespace graft;

namespace {

struct Config : Gpt2Defaults {
  static constexpr Index vocabulary = 64, positions = 24, width = 32, blocks = 2, heads = 4, groups = 4, head_width = 8,
                         feed_forward = 48;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(models_families_gpt2_gpt2_block)

BOOST_AUTO_TEST_CASE(gradient) {
  Gpt2<Config, FullFineTuning, reference> model;
  tiny::fill(model);
  for (const char* part : {"", "wpe", "c_attn", "mlp", "ln_"}) holding::check_gradient(model, part);
  Gpt2<Config, Methods<LoRA<4>, PrefixTuning<3>>, reference> adapted;
  tiny::fill(adapted);
  holding::check_gradient(adapted, "");
}

BOOST_AUTO_TEST_CASE(the_cache_changes_nothing) {
  Gpt2<Config, LoRA<2>, reference> model;
  tiny::fill(model);
  const std::vector<Id> ids{3, 1, 4, 1, 5, 9, 2, 6};
  Generator with(model, 24), without(model, 24);
  std::vector<float> step_by_step;
  with.next({3, 1, 4});
  for (Index i = 3; i < ids.size(); ++i) step_by_step = with.next(std::vector<Id>{ids[i]});
  const auto at_once = without.next(ids);
  for (Index i = 0; i < at_once.size(); ++i) BOOST_TEST(std::abs(at_once[i] - step_by_step[i]) < 1e-4F);
  Batch longer;
  const std::vector<Id> many(25, 1);
  longer.append(many, many);
  BOOST_CHECK_EXCEPTION(tiny::loss(model, longer), Error, [](const Error& e) {
    return std::string(e.what()).find("positions for 24") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(models_families_gpt2_gpt2)

/// A folder as transformers writes it.
template <class Model>
void write_base(const Model& model, const std::filesystem::path& folder, bool bare = false) {
  std::vector<NamedTensor> tensors;
  Model::visit(model, [&](const Path& path, const auto& p) {
    NamedTensor t{path.str(), shape_in_files(p), p.read()};
    if (model_family("gpt2", "test").stores_by_columns(t.name)) {
      t.values = transposed(t.values, t.shape[0], t.shape[1]);
      std::swap(t.shape[0], t.shape[1]);
    }
    if (bare) t.name = t.name.substr(12);  // the first checkpoints: no root, and masks besides
    tensors.push_back(std::move(t));
  });
  if (bare) tensors.push_back({"h.0.attn.bias", {1, 1, 2, 2}, {1, 0, 1, 1}});
  write_safetensors(folder / "model.safetensors", tensors);
  write_json(folder / "config.json", {{"model_type", "gpt2"},
                                      {"vocab_size", 64},
                                      {"n_positions", 24},
                                      {"n_embd", 32},
                                      {"n_layer", 2},
                                      {"n_head", 4},
                                      {"n_inner", 48},
                                      {"layer_norm_epsilon", 1e-5}});
}

BOOST_AUTO_TEST_CASE(folders) {
  using Base = Gpt2<Config, FrozenBase, reference>;
  const Folder folder("graft-gpt2");
  Base filled;
  tiny::fill(filled);
  for (const bool bare : {false, true}) {
    write_base(filled, folder.path, bare);
    BOOST_TEST(tiny::loss(load<Base>(folder.path), tiny::batch()) == tiny::loss(filled, tiny::batch()));
  }
  // An adapter there and back, and merged: a folder that loads as a plain one.
  using Tuned = Gpt2<Config, LoRA<4, On<QueryKeyValue, Down>>, reference>;
  auto tuned = load<Tuned>(folder.path);
  Tuned::visit(tuned, [](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) p.assign(std::vector<float>(p.size, 0.05F));
  });
  save_adapter(tuned, folder.path / "adapter");
  BOOST_TEST(read_json(folder.path / "adapter/adapter_config.json").at("fan_in_fan_out") == true);
  auto again = load<Tuned>(folder.path);
  load_adapter(again, folder.path / "adapter");
  BOOST_TEST(tiny::loss(again, tiny::batch()) == tiny::loss(tuned, tiny::batch()));
  save_merged(tuned, ModelFiles(folder.path), folder.path / "merged");
  BOOST_TEST(std::abs(tiny::loss(load<Base>(folder.path / "merged"), tiny::batch()) -
                      tiny::loss(tuned, tiny::batch())) < 1e-4);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_refused) {
  const Folder folder("graft-gpt2");
  const auto refused = [&folder](const char* key, const Json& value) {
    Gpt2<Config, FrozenBase, reference> model;
    tiny::fill(model);
    write_base(model, folder.path);
    auto json = read_json(folder.path / "config.json");
    json[key] = value;
    write_json(folder.path / "config.json", json);
    BOOST_CHECK_EXCEPTION(ModelFiles(folder.path), Error,
                          [key](const Error& e) { return std::string(e.what()).find(key) != std::string::npos; });
  };
  refused("activation_function", "relu");
  refused("scale_attn_by_inverse_layer_idx", true);
  refused("model_type", "gpt_neo");
}

BOOST_AUTO_TEST_SUITE_END()
