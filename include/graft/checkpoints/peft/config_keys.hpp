/// \file
/// Every key that an adapter's config can have, and what graft does with it: HF PEFT 0.21.2's by the method's type,
/// AdapterHub's (adapters 1.3.0) by the architecture. A key is read, makes no difference, or is refused by name;
/// docs/files.md has this list, made from here.
#pragma once

#include <graft/checkpoints/description/method_description.hpp>
#include <graft/io/json.hpp>

namespace graft {

enum class KeyUse {
  read,      ///< graft does what it says
  trained,   ///< read where a model is made for training; nothing drops or masks in one that is only loaded
  harmless,  ///< what a file holds means the same whatever it says
  only       ///< graft does what it says where that is one of `values`
};

struct ConfigKey {
  std::string_view types;  ///< of methods that have it so; "*": all
  std::string_view name;
  KeyUse use;
  std::string_view note{};
  std::string_view values = "[null, false]";
};

/// Of HF PEFT.
inline constexpr ConfigKey peft_keys[] = {
    {"*", "peft_type", KeyUse::read, "the method"},
    {"*", "task_type", KeyUse::read,
     "the head behind the base: CAUSAL_LM, SEQ_2_SEQ_LM, SEQ_CLS, TOKEN_CLS, QUESTION_ANS, FEATURE_EXTRACTION"},
    {"*", "auto_mapping", KeyUse::harmless, "the base's class in Python"},
    {"*", "base_model_name_or_path", KeyUse::harmless, "who opens an adapter names the base"},
    {"*", "revision", KeyUse::harmless, "of the base in a hub"},
    {"*", "inference_mode", KeyUse::harmless, "how it was last opened"},
    {"*", "peft_version", KeyUse::harmless, "what wrote it"},
    {"ADAPTION_PROMPT", "target_modules", KeyUse::only, "attention", R"(["self_attn", null])"},
    {"*", "target_modules", KeyUse::read, "names, endings of paths, whole paths, an expression, or \"all-linear\""},
    {"*", "exclude_modules", KeyUse::read, "the same, taken out again"},
    {"*", "modules_to_save", KeyUse::read, "trained whole: every module whose path ends so"},
    {"*", "layers_to_transform", KeyUse::read, "block numbers, from 0 on"},
    {"*", "layers_pattern", KeyUse::read, "the list that is counted"},
    {"LORA ADALORA LOHA LOKR", "rank_pattern", KeyUse::read,
     "the first expression in the file that matches; ADALORA: masks of what its schedule kept"},
    {"ADALORA", "alpha_pattern", KeyUse::harmless, "not used by PEFT either"},
    {"LORA LOHA LOKR", "alpha_pattern", KeyUse::read, "the first expression in the file that matches"},
    {"*", "bias", KeyUse::read, "none, all, or of the adapted layers (…_only)"},
    {"*", "fan_in_fan_out", KeyUse::harmless, "how the base keeps weights follows from its family"},
    // LoRA
    {"ADALORA", "r", KeyUse::harmless, "init_r counts"},
    {"LORA", "r", KeyUse::read},
    {"LORA ADALORA", "lora_alpha", KeyUse::read},
    {"LORA", "lora_dropout", KeyUse::trained, "with an invocation nothing is dropped"},
    {"ADALORA", "lora_dropout", KeyUse::harmless, "nothing is dropped"},
    {"LORA", "use_rslora", KeyUse::read},
    {"LORA", "use_dora", KeyUse::read},
    {"LORA", "lora_bias", KeyUse::read},
    {"LORA", "alora_invocation_tokens", KeyUse::read},
    {"LORA", "trainable_token_indices", KeyUse::read, "of the token embedding"},
    {"LORA", "ensure_weight_tying", KeyUse::read, "a tied head follows a trained embedding"},
    {"LORA", "init_lora_weights", KeyUse::only,
     "pissa and olora change the base, as graft does again; what else changes it is refused",
     R"([true, false, null, "gaussian", "pissa", "olora", "eva", "orthogonal"])"},
    {"ADALORA", "init_lora_weights", KeyUse::harmless},
    {"ADALORA", "ensure_weight_tying", KeyUse::harmless},
    {"ADALORA", "trainable_token_indices", KeyUse::only, "trained tokens stand beside LORA"},
    {"ADALORA", "alora_invocation_tokens", KeyUse::only},
    {"ADALORA", "use_dora", KeyUse::only},
    {"ADALORA", "lora_bias", KeyUse::only},
    {"ADALORA", "use_rslora", KeyUse::harmless, "not used by PEFT either"},
    {"LORA ADALORA", "loftq_config", KeyUse::harmless, "of an initialisation, which init_lora_weights names"},
    {"LORA ADALORA", "eva_config", KeyUse::harmless, "likewise"},
    {"LORA ADALORA", "corda_config", KeyUse::harmless, "likewise"},
    {"LORA ADALORA", "lora_ga_config", KeyUse::harmless, "likewise"},
    {"LORA ADALORA", "megatron_config", KeyUse::only, "weights spread over machines"},
    {"LORA ADALORA", "megatron_core", KeyUse::harmless, "the module that megatron_config would use"},
    {"LORA ADALORA", "qalora_group_size", KeyUse::harmless, "use_qalora's"},
    {"LORA ADALORA", "use_qalora", KeyUse::only, "inputs averaged by groups"},
    {"LORA ADALORA", "runtime_config", KeyUse::harmless, "where PEFT computes"},
    {"LORA ADALORA", "velora_config", KeyUse::only, "gradients compressed"},
    {"LORA ADALORA", "monteclora_config", KeyUse::only, "weights drawn at random"},
    {"LORA ADALORA", "layer_replication", KeyUse::only, "blocks repeated", "[null, []]"},
    {"LORA ADALORA", "target_parameters", KeyUse::only, "LoRA on bare parameters, of experts", "[null, []]"},
    {"LORA ADALORA", "use_bdlora", KeyUse::only, "block-diagonal factors"},
    {"LORA ADALORA", "arrow_config", KeyUse::only, "routing between adapters"},
    {"LORA ADALORA", "kasa_config", KeyUse::only, "changes the base: singular values of it are cut off"},
    // AdaLoRA
    {"ADALORA", "init_r", KeyUse::read},
    {"ADALORA", "orth_reg_weight", KeyUse::read},
    {"ADALORA", "target_r", KeyUse::harmless, "of the schedule"},
    {"ADALORA", "tinit", KeyUse::harmless, "likewise"},
    {"ADALORA", "tfinal", KeyUse::harmless, "likewise"},
    {"ADALORA", "deltaT", KeyUse::harmless, "likewise"},
    {"ADALORA", "beta1", KeyUse::harmless, "likewise"},
    {"ADALORA", "beta2", KeyUse::harmless, "likewise"},
    {"ADALORA", "total_step", KeyUse::harmless, "likewise"},
    // other changes of a weight
    {"LOHA LOKR HRA MISS VERA RANDLORA SHIRA", "r", KeyUse::read},
    {"LOHA LOKR", "alpha", KeyUse::read},
    {"LOHA LOKR", "rank_dropout", KeyUse::harmless, "nothing is dropped"},
    {"LOHA LOKR OFT", "module_dropout", KeyUse::harmless, "nothing is dropped"},
    {"LOHA LOKR", "use_effective_conv2d", KeyUse::harmless, "of convolutions"},
    {"LOKR", "decompose_both", KeyUse::read},
    {"LOKR", "decompose_factor", KeyUse::read},
    {"LOKR", "rank_dropout_scale", KeyUse::harmless},
    {"MISS", "init_weights", KeyUse::only, "\"bat\" and \"mini\" are other methods", "[true, false, null]"},
    {"LOHA LOKR OFT BOFT VERA RANDLORA FOURIERFT HRA SHIRA TRAINABLE_TOKENS PREFIX_TUNING", "init_weights",
     KeyUse::harmless, "how training began"},
    {"OFT", "r", KeyUse::read, "how many blocks"},
    {"OFT", "oft_block_size", KeyUse::read, "adjusted where it does not divide, as PEFT does"},
    {"OFT", "block_share", KeyUse::read},
    {"OFT", "use_cayley_neumann", KeyUse::read},
    {"OFT", "num_cayley_neumann_terms", KeyUse::read},
    {"OFT", "coft", KeyUse::only, "rotations kept small"},
    {"OFT", "eps", KeyUse::harmless, "coft's"},
    {"BOFT", "boft_block_size", KeyUse::read},
    {"BOFT", "boft_block_num", KeyUse::read},
    {"BOFT", "boft_n_butterfly_factor", KeyUse::read},
    {"BOFT", "boft_dropout", KeyUse::harmless, "nothing is dropped"},
    {"IA3", "feedforward_modules", KeyUse::read, "those that are scaled where they read"},
    {"IA3", "init_ia3_weights", KeyUse::harmless},
    {"VERA", "projection_prng_key", KeyUse::read, "where save_projection is false: the matrices as PyTorch draws them"},
    {"VERA", "save_projection", KeyUse::read},
    {"VERA", "d_initial", KeyUse::trained},
    {"VERA", "vera_dropout", KeyUse::harmless, "nothing is dropped"},
    {"RANDLORA", "randlora_alpha", KeyUse::read},
    {"RANDLORA", "randlora_dropout", KeyUse::harmless, "nothing is dropped"},
    {"RANDLORA", "projection_prng_key", KeyUse::harmless, "the file has the matrices"},
    {"RANDLORA", "save_projection", KeyUse::only, "the file must have the matrices", "[true, null]"},
    {"RANDLORA", "sparse", KeyUse::harmless, "the file has the matrices"},
    {"RANDLORA", "very_sparse", KeyUse::harmless, "likewise"},
    {"FOURIERFT", "n_frequency", KeyUse::read},
    {"FOURIERFT", "n_frequency_pattern", KeyUse::read, "by module, as rank_pattern"},
    {"FOURIERFT", "scaling", KeyUse::read},
    {"FOURIERFT", "random_loc_seed", KeyUse::read},
    {"HRA", "apply_GS", KeyUse::only, "vectors made orthogonal"},
    {"MISS", "mini_r", KeyUse::harmless, "of \"mini\""},
    {"MISS", "miss_dropout", KeyUse::harmless, "nothing is dropped"},
    {"SHIRA", "mask_type", KeyUse::harmless, "the file says which entries"},
    {"SHIRA", "random_seed", KeyUse::harmless, "likewise"},
    {"TRAINABLE_TOKENS", "token_indices", KeyUse::read},
    // prompts
    {"ADAPTION_PROMPT", "adapter_len", KeyUse::read},
    {"ADAPTION_PROMPT", "adapter_layers", KeyUse::read},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING PREFIX_TUNING", "num_virtual_tokens", KeyUse::read},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING PREFIX_TUNING", "num_transformer_submodules", KeyUse::read,
     "1, or 2 of an encoder–decoder"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING PREFIX_TUNING", "token_dim", KeyUse::read, "must be the base's"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING", "num_layers", KeyUse::harmless, "of prefixes"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING P_TUNING", "num_attention_heads", KeyUse::harmless, "of prefixes"},
    {"PREFIX_TUNING", "num_layers", KeyUse::read, "must be the base's"},
    {"PREFIX_TUNING", "num_attention_heads", KeyUse::read, "must be the base's"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING", "prompt_tuning_init", KeyUse::harmless, "how training began"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING", "prompt_tuning_init_text", KeyUse::harmless, "likewise"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING", "tokenizer_name_or_path", KeyUse::harmless, "likewise"},
    {"PROMPT_TUNING MULTITASK_PROMPT_TUNING", "tokenizer_kwargs", KeyUse::harmless, "likewise"},
    {"MULTITASK_PROMPT_TUNING", "prompt_tuning_init_state_dict_path", KeyUse::harmless, "likewise"},
    {"MULTITASK_PROMPT_TUNING", "prompt_tuning_init_task", KeyUse::harmless, "likewise"},
    {"MULTITASK_PROMPT_TUNING", "num_tasks", KeyUse::read},
    {"MULTITASK_PROMPT_TUNING", "num_ranks", KeyUse::read},
    {"P_TUNING", "encoder_reparameterization_type", KeyUse::read, "MLP or LSTM"},
    {"P_TUNING PREFIX_TUNING", "encoder_hidden_size", KeyUse::read},
    {"P_TUNING", "encoder_num_layers", KeyUse::only, "of an LSTM", "[2, null]"},
    {"P_TUNING", "encoder_dropout", KeyUse::harmless, "nothing is dropped"},
    {"PREFIX_TUNING", "prefix_projection", KeyUse::read}};

/// Of AdapterHub's library; the type is the architecture, "adapter" where none is named, "folder" of what stands around
/// it.
inline constexpr ConfigKey hub_keys[] = {
    {"folder", "config", KeyUse::read},
    {"folder", "name", KeyUse::read, "names of tensors have it in them"},
    {"folder", "hidden_size", KeyUse::read, "must be the base's"},
    {"folder", "model_type", KeyUse::harmless, "of the base"},
    {"folder", "model_class", KeyUse::harmless, "of the base"},
    {"folder", "model_name", KeyUse::harmless, "of the base"},
    {"folder", "version", KeyUse::harmless, "what wrote it"},
    {"folder", "config_id", KeyUse::harmless},
    {"folder", "adapter_names", KeyUse::read, "of a fusion: what it mixes"},
    {"*", "architecture", KeyUse::read, "the method"},
    {"*", "init_weights_seed", KeyUse::harmless, "how training began"},
    {"*", "init_weights", KeyUse::harmless, "how training began"},
    {"union", "configs", KeyUse::read, "the parts"},
    {"adapter", "mh_adapter", KeyUse::read},
    {"adapter", "output_adapter", KeyUse::read},
    {"adapter", "reduction_factor", KeyUse::read, "one number"},
    {"adapter", "non_linearity", KeyUse::read, "relu, swish, silu or gelu"},
    {"adapter", "is_parallel", KeyUse::read},
    {"adapter", "scaling", KeyUse::read, "a number"},
    {"adapter", "original_ln_before", KeyUse::read},
    {"adapter", "leave_out", KeyUse::read, "blocks without an adapter"},
    {"adapter", "original_ln_after", KeyUse::only, "a norm behind the adapter", "[true, null]"},
    {"adapter", "residual_before_ln", KeyUse::only, "the order of norms and sums", "[true, null]"},
    {"adapter", "ln_before", KeyUse::only, "a norm of the adapter's own"},
    {"adapter", "ln_after", KeyUse::only, "a norm of the adapter's own"},
    {"adapter", "use_gating", KeyUse::only, "gates over sequences"},
    {"adapter", "adapter_residual_before_ln", KeyUse::only, "the order of norms and sums"},
    {"adapter", "inv_adapter", KeyUse::only, "invertible adapters"},
    {"adapter", "inv_adapter_reduction_factor", KeyUse::harmless, "inv_adapter's"},
    {"adapter", "cross_adapter", KeyUse::only, "adapters at attention to a source"},
    {"adapter", "dropout", KeyUse::harmless, "nothing is dropped"},
    {"adapter", "stochastic_depth", KeyUse::harmless, "nothing is dropped"},
    {"adapter", "phm_layer", KeyUse::read, "Compacter"},
    {"adapter", "phm_dim", KeyUse::read},
    // where phm_layer is true
    {"adapter", "phm_rank", KeyUse::only, "Compacter's", "[1, null]"},
    {"adapter", "phm_bias", KeyUse::only, "Compacter's", "[true, null]"},
    {"adapter", "learn_phm", KeyUse::only, "Compacter's", "[true, null]"},
    {"adapter", "factorized_phm_W", KeyUse::only, "Compacter's", "[true, null]"},
    {"adapter", "shared_W_phm", KeyUse::only, "Compacter's"},
    {"adapter", "shared_phm_rule", KeyUse::only, "Compacter's", "[true, null]"},
    {"adapter", "factorized_phm_rule", KeyUse::only, "Compacter's"},
    {"adapter", "phm_c_init", KeyUse::harmless, "how training began"},
    {"adapter", "phm_init_range", KeyUse::harmless, "how training began"},
    {"adapter", "hypercomplex_nonlinearity", KeyUse::harmless, "how training began"},
    {"prefix_tuning", "prefix_length", KeyUse::read},
    {"prefix_tuning", "bottleneck_size", KeyUse::read},
    {"prefix_tuning", "flat", KeyUse::only, "rows without a network"},
    {"prefix_tuning", "non_linearity", KeyUse::only, "of the network", R"(["tanh", null])"},
    {"prefix_tuning", "dropout", KeyUse::harmless, "nothing is dropped"},
    {"prefix_tuning", "use_gating", KeyUse::only, "gates over sequences"},
    {"prefix_tuning", "shared_gating", KeyUse::harmless, "use_gating's"},
    {"prefix_tuning", "encoder_prefix", KeyUse::only, "a prefix of an encoder–decoder has all its parts",
     "[true, null]"},
    {"prefix_tuning", "cross_prefix", KeyUse::only, "likewise", "[true, null]"},
    {"prefix_tuning", "leave_out", KeyUse::only, "blocks without a prefix", "[null, []]"},
    {"reft", "r", KeyUse::read},
    {"reft", "prefix_positions", KeyUse::read},
    {"reft", "suffix_positions", KeyUse::read},
    {"reft", "layers", KeyUse::read, "\"all\", or block numbers"},
    {"reft", "orthogonality", KeyUse::only, "LoReFT's", "[true]"},
    {"reft", "subtract_projection", KeyUse::only, "LoReFT's", "[true, null]"},
    {"reft", "tied_weights", KeyUse::only, "one intervention for both ends"},
    {"reft", "dropout", KeyUse::harmless, "nothing is dropped"},
    {"reft", "non_linearity", KeyUse::only, "none", "[null]"},
    {"reft", "dtype", KeyUse::harmless, "of files"},
    {"reft", "output_reft", KeyUse::only, "behind blocks", "[true, null]"},
    {"fusion", "key", KeyUse::only, "AdapterFusion's", "[true, null]"},
    {"fusion", "query", KeyUse::only, "AdapterFusion's", "[true, null]"},
    {"fusion", "value", KeyUse::only, "AdapterFusion's", "[true, null]"},
    {"fusion", "query_before_ln", KeyUse::only},
    {"fusion", "regularization", KeyUse::harmless, "of training"},
    {"fusion", "residual_before", KeyUse::only},
    {"fusion", "temperature", KeyUse::only},
    {"fusion", "value_before_softmax", KeyUse::only, "AdapterFusion's", "[true, null]"},
    {"fusion", "value_initialized", KeyUse::harmless, "how training began"},
    {"fusion", "dropout_prob", KeyUse::harmless, "nothing is dropped"}};

/// Methods of PEFT's that graft has.
inline constexpr std::string_view peft_types[] = {"LORA",
                                                  "ADALORA",
                                                  "IA3",
                                                  "LOHA",
                                                  "LOKR",
                                                  "HRA",
                                                  "MISS",
                                                  "VERA",
                                                  "RANDLORA",
                                                  "FOURIERFT",
                                                  "OFT",
                                                  "BOFT",
                                                  "SHIRA",
                                                  "LN_TUNING",
                                                  "TRAINABLE_TOKENS",
                                                  "ADAPTION_PROMPT",
                                                  "PROMPT_TUNING",
                                                  "MULTITASK_PROMPT_TUNING",
                                                  "P_TUNING",
                                                  "PREFIX_TUNING"};
[[nodiscard]] constexpr bool is_peft_type(std::string_view type) {
  return std::find(std::begin(peft_types), std::end(peft_types), type) != std::end(peft_types);
}

/// The entry for a key of a type's config, or null.
template <class List>
[[nodiscard, gnu::cold]] const ConfigKey* config_key(const List& keys, std::string_view type, std::string_view name) {
  for (const auto& key : keys) {
    if (key.name != name) continue;
    const auto types = words_of(key.types);
    if (key.types == "*" || std::find(types.begin(), types.end(), type) != types.end()) return &key;
  }
  return nullptr;
}

/// A key's note; "likewise" is that of the entry before.
template <class List>
[[nodiscard]] std::string_view note_of(const List& keys, const ConfigKey& key) {
  const ConfigKey* entry = &key;
  while (entry->note == "likewise" && entry != &keys[0]) --entry;
  return entry->note;
}

/// Whether a value says nothing: a key that graft does not know may have such a one.
[[nodiscard, gnu::cold]] inline bool says_nothing(const Json& value) {
  return value.is_null() || value == Json(false) || ((value.is_object() || value.is_array()) && value.empty());
}

/// Why a key of a type's config is refused, by its value; empty: it is not.
template <class List>
[[nodiscard, gnu::cold]] std::string key_refusal(const List& keys, std::string_view type, const std::string& name,
                                                 const Json& value) {
  const ConfigKey* const key = config_key(keys, type, name);
  // nothing in a name may look like more of a message
  const auto spelled = Json(name.substr(0, 80)).dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::string said = spelled.substr(1, spelled.size() - 2) + " is " + value.dump().substr(0, 120);
  if (key == nullptr)
    return says_nothing(value) ? "" : said + ", a key that graft does not know of " + std::string(type);
  if (key->use != KeyUse::only) return "";
  const Json known = Json::parse(key->values);
  const auto knows = [&known](const Json& v) { return std::find(known.begin(), known.end(), v) != known.end(); };
  const bool may_say_nothing = std::any_of(known.begin(), known.end(), [](const Json& v) { return says_nothing(v); }),
             denies = value == Json(false) && knows(true);
  if ((says_nothing(value) && may_say_nothing && !denies) || knows(value)) return "";
  if (const auto init = value.is_string() && name == "init_lora_weights" ? value.get<std::string>() : "";
      init.starts_with("pissa_niter") || init == "loftq" || init == "corda" || init == "lora_ga")
    return said +
           ": the base was changed when training began, by what this file does not hold; PEFT writes the adapter for "
           "the base as it was: "
           "model.save_pretrained(folder, path_initial_model_for_weight_conversion=\"the adapter as it was saved "
           "before training\")";
  return said + (key->note.empty() ? std::string() : " (" + std::string(note_of(keys, *key)) + ")") +
         ", which graft does not do; it knows " + known.dump();
}

/// What one can do with an adapter that is refused.
inline constexpr const char* merge_elsewhere =
    "Where PEFT can merge it, model.merge_and_unload().save_pretrained(folder) makes of the base and the adapter a "
    "model that graft reads";

/// Throws where a config has keys that graft does not know, or values that it does not do, and names all of them.
template <class List>
[[gnu::cold]] void check_keys(const List& keys, const Json& config, std::string_view type, const std::string& source,
                              const char* advice = "") {
  std::string refused;
  for (const auto& [name, value] : config.items())
    if (const auto why = key_refusal(keys, type, name, value); !why.empty())
      refused += (refused.empty() ? "" : "\n  ") + why;
  if (!refused.empty()) fail(source, ": ", refused, advice[0] == 0 ? "" : "\n", advice);
}

}  // namespace graft
