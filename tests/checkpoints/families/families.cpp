// What a family's description says of its files, against its types: every module is a site, and every site a module.
#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/base/modules.hpp>
#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/gemma/gemma.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>
#include <graft/models/families/phi3/phi3.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>

#include <boost/test/unit_test.hpp>

#include <map>

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_families)

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

BOOST_AUTO_TEST_CASE(every_family_has_a_type_a_reader_and_modules) {
  for (const auto& family : model_families()) {
    BOOST_TEST_CONTEXT(family.name) {
      BOOST_TEST(!family.type.empty());
      BOOST_TEST(!family.header.empty());
      BOOST_TEST(!family.in_python.empty());
      BOOST_TEST((family.read != nullptr && family.list_modules != nullptr));
      BOOST_TEST((family.read_gguf == nullptr) == (family.config_of_gguf == nullptr));
      BOOST_TEST(&model_family(family.name, "test") == &family);
    }
  }
  BOOST_TEST(model_family("qwen2", "test").gguf_name("model.layers.3.self_attn.q_proj.weight") ==
             "blk.3.attn_q.weight");
  BOOST_TEST(model_family("gpt2", "test").stores_by_columns("transformer.h.0.mlp.c_fc.weight"));
  BOOST_TEST(!model_family("gpt2", "test").stores_by_columns("transformer.wte.weight"));
}

BOOST_AUTO_TEST_SUITE_END()
