#include <graft/checkpoints/base/modules.hpp>

#include "error.hpp"

#include <graft/checkpoints/base/load.hpp>
#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/gemma/gemma.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>
#include <graft/models/families/phi3/phi3.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>

#include <boost/test/unit_test.hpp>

#include <map>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_base_modules)

using Planned = meta<backend::reference>;

/// Sizes that differ from each other.
template <class Defaults>
struct Sizes : Defaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 48;
};
template <class Defaults>
struct OneGroupAHead : Sizes<Defaults> {
  static constexpr Index groups = 4;
};
struct Mistral : Sizes<LlamaDefaults> {
  static constexpr Index window = 16;
};
struct Qwen2 : Sizes<LlamaDefaults> {
  static constexpr bool qkv_bias = true;
};
struct Qwen3 : Sizes<LlamaDefaults> {
  static constexpr bool head_norm = true;
};
struct SmolLM3 : Sizes<LlamaDefaults> {
  static constexpr Index no_rope_every = 4;
};
struct Gemma3 : Sizes<GemmaDefaults> {
  static constexpr bool head_norm = true;
};
struct Pairs : OneGroupAHead<T5Defaults> {
  static constexpr Index encoder_blocks = 3;
};

template <class Model>
void agrees(const char* family) {
  const auto stated = stated_config_of<Model>();
  BOOST_TEST(stated.family == family);
  std::map<std::string, std::string> in_type, in_files;
  const Model model;
  Model::each_site(model, [&]<class L>(auto site, const Path& path, const L&) {
    if constexpr (!is_absent<L>) in_type[path.str()] = decltype(site)::site;
  });
  for (const auto& m : modules_of(stated))
    if (!m.site.empty()) in_files[m.path] = std::string(m.site);
  for (const auto& [path, site] : in_files) BOOST_TEST(in_type[path] == site, family << ": " << path);
  for (const auto& [path, site] : in_type)
    if (site != "HeadBias") BOOST_TEST(in_files[path] == site, family << ": " << path);  // no module of its own
}

// What a family's description says of its files, against its types: every module is a site, and every site a module.
BOOST_AUTO_TEST_CASE(modules_are_sites) {
  agrees<Llama<Sizes<LlamaDefaults>, FrozenBase, Planned>>("llama");
  agrees<Llama<Mistral, FrozenBase, Planned>>("mistral");
  agrees<Llama<Qwen2, FrozenBase, Planned>>("qwen2");
  agrees<LlamaQuestionAnswering<Qwen3, FrozenBase, Planned>>("qwen3");
  agrees<LlamaTokenClassifier<SmolLM3, FrozenBase, Planned>>("smollm3");
  agrees<Phi3<Sizes<Phi3Defaults>, FrozenBase, Planned>>("phi3");
  agrees<Gemma<Sizes<GemmaDefaults>, FrozenBase, Planned>>("gemma2");
  agrees<GemmaClassifier<Gemma3, FrozenBase, Planned>>("gemma3_text");
  agrees<Gpt2TokenClassifier<OneGroupAHead<Gpt2Defaults>, FrozenBase, Planned>>("gpt2");
  agrees<BertClassifier<OneGroupAHead<BertDefaults>, FrozenBase, Planned>>("bert");
  agrees<BertMaskedLM<OneGroupAHead<BertDefaults>, FrozenBase, Planned>>("bert");
  agrees<RobertaClassifier<OneGroupAHead<RobertaDefaults>, FrozenBase, Planned>>("roberta");
  agrees<RobertaMaskedLM<OneGroupAHead<RobertaDefaults>, FrozenBase, Planned>>("roberta");
  agrees<T5<Pairs, FrozenBase, Planned>>("t5");
}

BOOST_AUTO_TEST_CASE(numbers_in_paths) {
  BOOST_TEST(block_in("model.layers.12.self_attn.q_proj") == 12);
  BOOST_TEST(block_in("encoder.block.3.layer.1.DenseReluDense.wi") == 3);
  BOOST_TEST(block_in("model.norm2") == -1);
  BOOST_TEST(block_in("") == -1);
  BOOST_TEST(block_among_all<Pairs>("encoder.block.1.layer.0") == 1);
  BOOST_TEST(block_among_all<Pairs>("decoder.block.1.layer.0") == 4);  // behind the encoder's three
  BOOST_TEST(block_among_all<Pairs>("decoder.final_layer_norm") == -1);
}

BOOST_AUTO_TEST_CASE(what_modules_stand_in) {
  std::vector<Module> modules{{.path = "model.layers.0.q"}, {.path = "model.layers.0.k"}, {.path = "head"}};
  add_groups(modules);
  std::vector<std::string> groups;
  for (const auto& m : modules)
    if (m.kind == ModuleKind::group) groups.push_back(m.path);
  BOOST_TEST(groups == (std::vector<std::string>{"model", "model.layers", "model.layers.0"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(more_blocks_than_any_model_has) {
  auto stated = stated_config_of<T5<Pairs, FrozenBase, Planned>>();
  stated.encoder_blocks = most_blocks + 1;
  BOOST_TEST(made::error_of([&] { (void)modules_of(stated); }) ==
             "a model of 10001 blocks is none of ours: no family has more than 10000");
}

BOOST_AUTO_TEST_SUITE_END()
