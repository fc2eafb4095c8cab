#include <graft/models/families/phi3/phi3_block.hpp>

#include "models/by_hand.hpp"
#include "tiny.hpp"
#include "slope.hpp"

#include <graft/models/families/phi3/phi3.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(models_families_phi3_phi3_block)

struct Phi : Phi3Defaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 2, head_width = 6,
                         feed_forward = 24, window = 3;
};
struct AsLlama : LlamaDefaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 2, head_width = 6,
                         feed_forward = 24, window = 3;
  static constexpr float norm_epsilon = Phi::norm_epsilon;
};

BOOST_AUTO_TEST_CASE(gradient) {
  const auto check = []<class M>(std::type_identity<M>) {
    Phi3<Phi, M, B> model;
    tiny::fill(model);
    check_slope(model, tiny::batch(), "", 1e-4F);
  };
  check(std::type_identity<FullFineTuning>{});
  check(std::type_identity<Methods<LoRA<2, On<QueryKeyValue, GateUp>>, PrefixTuning<2>>>{});
}

// Llama's block, with the rows of three products in one, and of two.
BOOST_AUTO_TEST_CASE(two_products_in_place_of_five) {
  Llama<AsLlama, FrozenBase, B> llama;
  Phi3<Phi, FrozenBase, B> phi;
  tiny::fill(llama);
  tiny::fill(phi, 2);
  std::map<std::string, std::vector<float>> weights;
  decltype(llama)::visit(llama, [&weights](const Path& path, const auto& p) { weights[path.str()] = p.read(); });
  const auto joined = [&weights](const std::string& block, const std::vector<const char*>& parts) {
    std::vector<float> all;
    for (const char* part : parts) {
      const auto& more = weights.at(block + part + ".weight");
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  };
  decltype(phi)::visit(phi, [&](const Path& path, auto& p) {
    const auto name = path.str();
    const auto block = name.substr(0, std::string_view("model.layers.0.").size());
    if (name.ends_with("qkv_proj.weight"))
      p.assign(joined(block, {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"}));
    else if (name.ends_with("gate_up_proj.weight")) p.assign(joined(block, {"mlp.gate_proj", "mlp.up_proj"}));
    else p.assign(weights.at(name));
  });
  by_hand::close(by_hand::hidden(phi, tiny::batch()), by_hand::hidden(llama, tiny::batch()), 1e-4F);
}

BOOST_AUTO_TEST_SUITE_END()
