// Adapters of every method for a small model, with the logits that they give here: interop.py opens them in HF PEFT, or
// in AdapterHub's library.
// usage: interop BASE_FOLDER OUTPUT_FOLDER
#include <graft/backend/reference.hpp>
#include <graft/checkpoints.hpp>
#include <graft/models/parts/admitted.hpp>
#include <graft/peft.hpp>

#include <cstdio>

using namespace graft;

/// The sizes that interop.py gives its base.
struct Config : LlamaDefaults {
  static constexpr Index vocabulary = 96, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 48;
  static constexpr float norm_epsilon = 1e-6F;
};

/// The sizes of the base that bitsandbytes quantises.
struct WideConfig : Config {
  static constexpr Index width = 128, head_width = 32, feed_forward = 192;
};

/// As AdaLoRA's schedule does: every third singular value is dropped, and the first layer's are all.
template <class Model>
void drop_ranks(Model& model) {
  Index number = 0;
  Model::visit(model, [&number](const Path& path, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      if (path.name != "lora_E") return;
      auto values = p.read();
      const bool all = number == 0;
      for (float& e : values)
        if (number++ % 3 == 0 || all) e = 0;
      p.assign(values);
    }
  });
}

template <class M, class C = Config, class S = F32>
void write(const char* name, const std::filesystem::path& base, const std::filesystem::path& folder) {
  using Model = Llama<C, M, reference, S, Activations<F32>>;
  auto model = load<Model>(base, 7);
  std::uint64_t stream = 0;
  Model::visit(model, [&stream](const Path&, auto& p) {  // off what it starts from, so that it does something
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      ++stream;
      for (Index i = 0; i < values.size(); ++i) values[i] += 0.1F * standard_normal({5, stream}, i);
      p.assign(values);
    }
  });
  if (std::string_view(name).ends_with("_finished")) drop_ranks(model);
  save_adapter(model, folder / name, base.string());
  std::vector<Id> ids;
  std::vector<float> as_floats;
  for (Index i = 0; i < 12; ++i) {
    ids.push_back(static_cast<Id>((5 + 7 * i) % C::vocabulary));
    as_floats.push_back(static_cast<float>(ids.back()));
  }
  Batch batch;
  batch.append(ids, ids);
  if (batch_limits<Model>().tasks > 1) batch.task = 1;
  const auto prepared = Model::prepared(batch);
  Workspace<reference> workspace;
  Inference<reference> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, prepared)));
  write_safetensors(folder / name / "logits.safetensors",
                    {{"logits", {logits.rows, logits.columns}, download<reference>(logits.data, logits.size())},
                     {"ids", {12}, as_floats}});
}

int main(int argc, char** argv) try {
  if (argc != 3) fail("usage: interop BASE_FOLDER OUTPUT_FOLDER");
  const auto all = [&](auto... named) {
    (write<typename decltype(named.second)::type>(named.first, argv[1], argv[2]), ...);
  };
  const auto named = []<class M>(const char* name, std::type_identity<M> type) { return std::pair(name, type); };
  all(named("lora", std::type_identity<LoRA<4, Alpha<8>>>{}),
      named("rslora_last_block", std::type_identity<LoRA<4, RankStabilized, Blocks<1, 2>>>{}),
      named("lora_ranks", std::type_identity<Methods<LoRA<2, On<Query>>, LoRA<4, On<Value>, Alpha<16>>>>{}),
      named("lora_and_head", std::type_identity<Methods<LoRA<4>, Unfreeze<Head>>>{}),
      named("dora", std::type_identity<DoRA<4>>{}), named("ia3", std::type_identity<IA3<>>{}),
      named("soft_prompt", std::type_identity<SoftPrompt<5>>{}), named("loha", std::type_identity<LoHa<4>>{}),
      named("lokr", std::type_identity<LoKr<2>>{}), named("vera", std::type_identity<VeRA<8>>{}),
      named("miss", std::type_identity<MiSS<4>>{}), named("hra", std::type_identity<HRA<4>>{}),
      named("hra_last_block", std::type_identity<HRA<4, Blocks<1, 2>>>{}), named("oft", std::type_identity<OFT<8>>{}),
      named("ln_tuning", std::type_identity<LNTuning<>>{}), named("lora_bias", std::type_identity<LoRA<4, LoraBias>>{}),
      named("activated_lora", std::type_identity<ActivatedLoRA<4, Invocation<40, 47>>>{}),
      named("cayley_oft", std::type_identity<CayleyOFT<8>>{}), named("boft", std::type_identity<BOFT<8>>{}),
      named("shira", std::type_identity<SHiRA<2>>{}), named("adalora", std::type_identity<AdaLoRA<4>>{}),
      named("adalora_finished", std::type_identity<AdaLoRA<4>>{}),
      named("fourier_ft", std::type_identity<FourierFT<20>>{}),
      named("rand_lora", std::type_identity<RandLoRA<4, Alpha<8>>>{}),
      named("lora_embedding", std::type_identity<LoRA<4, On<TokenEmbedding, Query>>>{}),
      named("trainable_tokens", std::type_identity<TrainableTokens<5, 12>>{}),
      named("trainable_tokens_and_lora", std::type_identity<Methods<TrainableTokens<5, 12>, LoRA<4>>>{}),
      named("p_tuning", std::type_identity<PTuning<5, 16>>{}),
      named("llama_adapter", std::type_identity<LlamaAdapter<5, 1>>{}),
      named("multitask_prompt", std::type_identity<MultitaskPrompt<5, 3, 2>>{}),
      named("prefix_tuning", std::type_identity<PrefixTuning<5>>{}),
      named("projected_prefix", std::type_identity<ProjectedPrefixTuning<5, 16>>{}));
  // What only AdapterHub's library has.
  all(named("hub_pfeiffer", std::type_identity<PfeifferAdapter<8>>{}),
      named("hub_houlsby", std::type_identity<HoulsbyAdapter<8, Named<"law">>>{}),
      named("hub_parallel", std::type_identity<ParallelAdapter<8>>{}),
      named("hub_compacter", std::type_identity<Compacter<8, 2>>{}),
      named("hub_loreft", std::type_identity<LoReFT<2, 2, 1>>{}),
      named("hub_mix_and_match", std::type_identity<Methods<HubPrefixTuning<5, 8>, ParallelAdapter<8>>>{}));
  // The same over a base of 4 bits, which stays as bitsandbytes wrote it.
  write<LoRA<4>, WideConfig, Nf4DoubleQuant>("qlora", std::filesystem::path(argv[2]) / "nf4_base", argv[2]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "interop: %s\n", error.what());
  return 1;
}
