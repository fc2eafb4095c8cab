#include <graft/models/families/llama/llama.hpp>

#include "models/by_hand.hpp"
#include "tiny.hpp"

#include <graft/backend/reference.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(models_families_llama_llama)

// What config.json calls models of these sizes.
struct Qwen3 : tiny::Config {
  static constexpr bool qkv_bias = false, head_norm = true;
};
struct SmolLM3 : tiny::Config {
  static constexpr Index no_rope_every = 4;
};
struct Mistral : tiny::Config {
  static constexpr Index window = 8;
};
struct BiasedEverywhere : tiny::Config {
  static constexpr bool output_bias = true;
};
template <class C>
constexpr std::string_view type = LlamaFamily::model_type<C>;
static_assert(type<tiny::Config> == "qwen2" && type<Qwen3> == "qwen3" && type<SmolLM3> == "smollm3");
static_assert(type<Mistral> == "mistral" && type<SmolLM2_135M> == "llama" && type<BiasedEverywhere> == "llama");
static_assert(std::string_view(LlamaFamily::answering_root<Mistral>) == "model" &&
              std::string_view(LlamaFamily::answering_root<SmolLM2_135M>) == "transformer");

/// Cosines and sines of positions 0, 1, …, two columns of a head each.
template <class C>
std::vector<float> table(Index tokens) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  Batch batch;
  batch.append(std::vector<Id>(tokens, 1), std::vector<Id>(tokens, -1));
  const auto placed = place(tape, batch);
  return download<B>(LlamaFamily::positions_of<C>(tape, placed).data, 4 * tokens);
}
/// θ of the two frequencies at position 1: cos, cos, sin, sin.
void turns_by(const std::vector<float>& table, float first, float second) {
  const std::vector<float> row(table.begin() + 4, table.begin() + 8);
  by_hand::close(row, {std::cos(first), std::cos(second), std::sin(first), std::sin(second)}, 1e-6F);
}
struct Plain : tiny::Config {
  static constexpr float rope_base = 100;
};
struct Partly : tiny::Config {
  static constexpr Index head_width = 8, rotary_width = 4;
  static constexpr float rope_base = 100;
};
struct Long : Plain {
  static constexpr Index rope_original = 3;
  static constexpr std::array<float, 2> rope_short{1, 2}, rope_long{4, 8};
};
BOOST_AUTO_TEST_CASE(where_tokens_stand) {
  turns_by(table<Plain>(2), 1, 0.1F);  // 100^(−2 j / 4)
  turns_by(table<Partly>(2), 1, 0.1F);
  by_hand::close({table<Plain>(1)}, {1, 1, 0, 0});
}
// LongRoPE: a text that is longer than those of the first training has the long divisors, at all its tokens.
BOOST_AUTO_TEST_CASE(divisors_follow_from_the_longest_text) {
  turns_by(table<Long>(3), 1, 0.05F);
  turns_by(table<Long>(4), 0.25F, 0.0125F);
}

// A model of one family has its names in files.
BOOST_AUTO_TEST_CASE(names) {
  std::vector<std::string> found;
  Llama<tiny::Config, FrozenBase, B> model;
  decltype(model)::visit(model, [&found](const Path& path, const auto&) { found.push_back(path.str()); });
  for (const char* name :
       {"model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.bias", "model.layers.2.mlp.down_proj.weight",
        "model.layers.1.post_attention_layernorm.weight", "model.norm.weight", "lm_head.weight"})
    BOOST_TEST((std::find(found.begin(), found.end(), name) != found.end()), name);
  BOOST_TEST(found.size() == 3 * 12U + 3);
}

BOOST_AUTO_TEST_SUITE_END()
