/// \file
/// LoRA adapters as GGUF files, for llama.cpp. Such a file has one alpha and scales by alpha / rank: ranks, alphas and
/// rsLoRA that differ from site to site are folded into B.
#pragma once

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/io/gguf_writer.hpp>

namespace graft {

/// What such a file cannot hold is refused by the compiler: other methods, trained layers, a head that the base ties.
template <class Model>
constexpr bool fits_gguf() {
  return Model::family::in_gguf && Model::trainable_parameters > 0 &&
         !any_layer<Model>([]<class Site, class L>(Site, const L& layer) {
           if constexpr (offers_of<L>.starts_from_base) return true;  // the base that it stands on is not the file's
           else if constexpr (offers_of<L>.low_rank) return std::is_same_v<Site, Head> || L::method::settings.bias;
           else return trainable_parameters(layer) > 0;
         });
}

/// Writes the adapter for a base of this family. Where GGUF has the rows of queries and keys in another order, so have
/// the rows of their B.
template <class Model>
void save_gguf_adapter(const Model& model, const std::filesystem::path& path, const std::string& name_of_family) {
  require_initialized(model);
  const auto& family = model_family(name_of_family, path.string());
  static_assert(fits_gguf<Model>(),
                "graft: a GGUF adapter holds LoRA on layers of the blocks and nothing else; save_adapter writes what "
                "HF PEFT reads, merge and save_merged a whole model");
  std::vector<NamedTensor> tensors;
  float alpha = 0;
  Model::each_site(model, [&](auto site, const Path& path_of, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (offers_of<L>.low_rank) {
      constexpr Index rank = L::rank;
      if (alpha == 0) alpha = L::method::settings.scaling() * static_cast<float>(rank);
      const float factor = L::method::settings.scaling() * static_cast<float>(rank) / alpha;
      auto b = layer.b.read();
      for (float& x : b) x *= factor;
      constexpr bool query = std::is_same_v<decltype(site), Query>;
      if (family.gguf_reorders_heads && (query || std::is_same_v<decltype(site), Key>))
        b = permuted(b, query ? Model::config::heads : Model::config::groups, rank);
      const std::string name = family.gguf_name(path_of.str() + ".weight");
      tensors.push_back({name + ".lora_a", {rank, L::in}, layer.a.read()});
      tensors.push_back({name + ".lora_b", {L::out, rank}, std::move(b)});
    }
  });
  write_gguf(path,
             {{"general.architecture", name_of_family},
              {"general.type", std::string("adapter")},
              {"general.name", path.stem().string()},
              {"adapter.type", std::string("lora")},
              {"adapter.lora.alpha", alpha}},
             tensors);
}

}  // namespace graft
