/// \file
/// What a model's files state of it — config.json or GGUF metadata — under the names of a config struct
/// (checkpoints/base/model_header.hpp writes it as C++). An option that graft's type of the family does not have is
/// refused by name.
#pragma once

#include <graft/io/gguf.hpp>
#include <graft/io/json.hpp>
#include <graft/io/safetensors.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

namespace graft {

/// The members of all families' config structs; a family uses its own.
struct StatedConfig {
  std::string family;                 ///< as config.json's model_type has it: "llama", "gemma2", …
  std::string architecture;           ///< the class in config.json, like "BertForMaskedLM"; empty for GGUF
  std::vector<std::string> notes{};   ///< what people should know of the files
  std::vector<std::string> labels{};  ///< names of classes by number, where the files say them
  std::ptrdiff_t pad = -1;            ///< the token that fills up batches; −1: none
  Index vocabulary = 0, width = 0, blocks = 0, heads = 0, groups = 0, head_width = 0, feed_forward = 0, positions = 0,
        token_types = 0, classes = 0, encoder_blocks = 0, buckets = 0, farthest = 0;
  bool gated = false;
  double rope_base = 10'000, norm_epsilon = 1e-6, rope_factor = 1, rope_low = 1, rope_high = 4,
         local_rope_base = 10'000, rope_ramp_begin = 0, rope_ramp_end = 0, rope_amplitude = 1;
  std::vector<double> rope_short{}, rope_long{};  ///< divisors of rotary frequencies, pair by pair
  Index rope_original = 0, rotary_width = 0, window = 0, full_every = 0, no_rope_every = 0;
  double attention_scale = 0, attention_cap = 0, logit_cap = 0;
  bool head_norm = false, tied_head = false, scaled_head = false, qkv_bias = false, output_bias = false,
       mlp_bias = false;

  /// YaRN (Peng et al. 2023) over `original` positions: pairs that turn `fast` times within them, and more, turn as
  /// they did; those that turn `slow` times or less are slower by the factor. `whole`: the ramp begins and ends at
  /// whole pairs.
  [[gnu::cold]] void set_yarn(Index original_positions, double fast, double slow, bool whole) {
    rope_original = original_positions;
    const auto original = static_cast<double>(original_positions);
    const auto turned = static_cast<double>(rotary_width == 0 ? head_width : rotary_width);
    const auto pair_of = [&](double turns) {
      return turned * std::log(original / (turns * 6.283185307179586)) / (2 * std::log(rope_base));
    };
    rope_ramp_begin = std::max(whole ? std::floor(pair_of(fast)) : pair_of(fast), 0.0);
    rope_ramp_end = std::min(whole ? std::ceil(pair_of(slow)) : pair_of(slow), turned - 1);
    if (rope_ramp_end <= rope_ramp_begin) rope_ramp_end = rope_ramp_begin + 0.001;
    rope_amplitude = yarn_amplitude(1);
  }
  [[nodiscard]] double yarn_amplitude(double by) const {
    return rope_factor <= 1 ? 1 : 0.1 * by * std::log(rope_factor) + 1;
  }
};

/// How rotary positions of a GGUF file are scaled, as config.json says it: "rope_scaling".
[[nodiscard, gnu::cold]] inline Json rope_scaling(const StatedConfig& c) {
  if (!c.rope_long.empty())
    return {{"rope_type", "longrope"},
            {"short_factor", c.rope_short},
            {"long_factor", c.rope_long},
            {"factor", 1.0},
            {"attention_factor", c.rope_amplitude},
            {"original_max_position_embeddings", c.rope_original}};
  if (c.rope_ramp_end > 0)
    return {{"rope_type", "yarn"},
            {"factor", c.rope_factor},
            {"attention_factor", c.rope_amplitude},
            {"original_max_position_embeddings", c.rope_original}};
  if (c.rope_factor != 1) return {{"rope_type", "linear"}, {"factor", c.rope_factor}};
  return nullptr;
}

/// Families that graft reads, with the type and the header of each.
struct ModelFamily {
  std::string_view name, type, header;

  /// The header as programs include it.
  [[nodiscard]] std::string path() const {
    return "graft/models/families/" + std::string(header) + "/" + std::string(header) + ".hpp";
  }
};
inline constexpr ModelFamily model_families[] = {
    {"llama", "Llama", "llama"},  {"mistral", "Llama", "llama"},     {"qwen2", "Llama", "llama"},
    {"qwen3", "Llama", "llama"},  {"smollm3", "Llama", "llama"},     {"phi3", "Phi3", "phi3"},
    {"gemma2", "Gemma", "gemma"}, {"gemma3_text", "Gemma", "gemma"}, {"gpt2", "Gpt2", "gpt2"},
    {"bert", "Bert", "bert"},     {"roberta", "Roberta", "roberta"}, {"t5", "T5", "t5"}};

/// What a model is for.
enum class Task {
  next_token,   ///< …ForCausalLM
  pair,         ///< …ForConditionalGeneration
  text_class,   ///< …ForSequenceClassification: a class, or with one output a number
  token_class,  ///< …ForTokenClassification
  answer,       ///< …ForQuestionAnswering: where in a text an answer stands
  fill_in,      ///< …ForMaskedLM
  embedding     ///< …Encoder: no head
};

inline constexpr std::pair<Task, std::string_view> task_endings[] = {{Task::next_token, "ForCausalLM"},
                                                                     {Task::pair, "ForConditionalGeneration"},
                                                                     {Task::text_class, "ForSequenceClassification"},
                                                                     {Task::token_class, "ForTokenClassification"},
                                                                     {Task::answer, "ForQuestionAnswering"},
                                                                     {Task::fill_in, "ForMaskedLM"},
                                                                     {Task::embedding, "Encoder"}};

/// What a model is for, as its class in config.json says; the rest of BERT's are classifiers.
[[nodiscard, gnu::cold]] inline Task task_of(const StatedConfig& c) {
  for (const auto& [task, ending] : task_endings)
    if (c.architecture.ends_with(ending)) return task;
  return c.family == "t5"                              ? Task::pair
         : c.family == "bert" || c.family == "roberta" ? Task::text_class
                                                       : Task::next_token;
}

[[gnu::cold]] inline const ModelFamily& model_family(const std::string& name, const std::string& source) {
  std::string known;
  for (const auto& family : model_families) {
    if (family.name == name) return family;
    known += (known.empty() ? "" : ", ") + std::string(family.name);
  }
  fail(source, ": model_type is \"", name, "\"; graft knows ", known);
}

/// Reads config.json.
class ConfigJson {
 public:
  [[gnu::cold]] ConfigJson(const Json& json, std::string source) : json_(json), source_(std::move(source)) {}

  [[nodiscard, gnu::cold]] StatedConfig read() {
    c_.family = required<std::string>(json_, "model_type", source_);
    const std::string_view type = model_family(c_.family, source_).type;
    if (json_.contains("architectures") && json_.at("architectures").is_array() && !json_.at("architectures").empty())
      c_.architecture = json_.at("architectures")[0].get<std::string>();
    if (type == "Gpt2") read_gpt2();
    else if (type == "Bert" || type == "Roberta") read_bert();
    else if (type == "T5") read_t5();
    else read_rotary(type);
    if (c_.heads == 0) fail(source_, ": the number of attention heads is 0");
    read_task();
    if (c_.head_width == 0) c_.head_width = c_.width / c_.heads;
    return c_;
  }

 private:
  [[nodiscard]] Index size(const char* key) const { return required<Index>(json_, key, source_); }
  template <class V>
  [[nodiscard]] V option(const char* key, V otherwise) const {
    return optional<V>(json_, key, std::move(otherwise), source_);
  }
  /// Throws where a key says something that this family's type does not do.
  template <class V>
  void expect(const char* key, const V& wanted) const {
    if (json_.contains(key) && !json_.at(key).is_null() && json_.at(key) != Json(wanted))
      fail(source_, ": ", key, " is ", json_.at(key).dump(), "; graft's ", c_.family, " has ", Json(wanted).dump());
  }

  /// What stands behind the blocks: classes and their names.
  [[gnu::cold]] void read_task() {
    c_.classes = option<Index>("num_labels", 2);
    if (json_.contains("id2label") && json_.at("id2label").is_object()) {
      const Json& names = json_.at("id2label");
      c_.classes = names.size();
      c_.labels.resize(names.size());
      for (const auto& [number, name] : names.items()) {
        Index i = 0;
        const auto read = std::from_chars(number.data(), number.data() + number.size(), i);
        if (read.ec != std::errc() || read.ptr != number.data() + number.size() || i >= names.size() ||
            !name.is_string() || !c_.labels[i].empty())
          fail(source_, ": id2label has \"", number.substr(0, 40), "\": ", name.dump().substr(0, 60), "; its ",
               names.size(), " classes are numbered from 0 on, and have texts for names");
        c_.labels[i] = name.get<std::string>();
      }
    }
    if (c_.classes == 0) fail(source_, ": the model tells apart no classes (id2label, num_labels)");
    if (json_.contains("pad_token_id") && json_.at("pad_token_id").is_number_integer())
      c_.pad = json_.at("pad_token_id").get<std::ptrdiff_t>();
    const auto problem = option<std::string>("problem_type", "");
    const bool classifies = task_of(c_) == Task::text_class;
    if (classifies && (problem == "multi_label_classification" || (problem == "regression" && c_.classes > 1) ||
                       (problem == "single_label_classification" && c_.classes == 1)))
      fail(source_, ": problem_type is \"", problem, "\" with ", c_.classes,
           " outputs; graft's classifiers say one class of several, or with one output a number");
    if (const auto task = task_of(c_); task == Task::answer && (c_.family == "phi3" || c_.family.starts_with("gemma")))
      fail(source_, ": architectures is ", c_.architecture, ", which Transformers does not have either");
    if (c_.family == "t5" && task_of(c_) != Task::pair)
      fail(source_, ": architectures is ", c_.architecture, "; graft's t5 is T5ForConditionalGeneration");
  }

  [[gnu::cold]] void read_rotary(std::string_view type) {
    const bool gemma = type == "Gemma", gemma3 = c_.family == "gemma3_text", qwen2 = c_.family == "qwen2";
    c_.vocabulary = size("vocab_size"), c_.width = size("hidden_size"), c_.blocks = size("num_hidden_layers"),
    c_.heads = size("num_attention_heads"), c_.feed_forward = size("intermediate_size");
    c_.groups = option<Index>("num_key_value_heads", c_.heads);
    c_.head_width = option<Index>("head_dim", gemma ? Index{256} : c_.heads == 0 ? 0 : c_.width / c_.heads);
    c_.norm_epsilon = option("rms_norm_eps", c_.family == "phi3" ? 1e-5 : 1e-6);
    c_.tied_head = option("tie_word_embeddings", gemma || c_.family == "smollm3");
    c_.qkv_bias = option("attention_bias", qwen2);
    c_.output_bias = !qwen2 && c_.qkv_bias;
    c_.mlp_bias = option("mlp_bias", false);
    c_.head_norm = c_.family == "qwen3" || gemma3;
    read_rope(gemma3 ? 1e6 : c_.family == "smollm3" ? 2e6 : 10'000.0);
    // Qwen and SmolLM3 say whether their window is used; the others' is where it is.
    const bool says = qwen2 || c_.family == "qwen3" || c_.family == "smollm3";
    if (c_.family != "llama" && (!says || option("use_sliding_window", false)))
      c_.window = option<Index>("sliding_window", gemma ? 4096 : 0);
    if (gemma) read_gemma(gemma3);
    else expect(json_.contains("hidden_act") ? "hidden_act" : "hidden_activation", "silu");
    if (c_.window > 0) read_layer_types(gemma3 ? option<Index>("sliding_window_pattern", 6) : gemma ? 2 : 0);
    if (c_.family == "phi3") {
      if (c_.qkv_bias || c_.mlp_bias) fail(source_, ": attention_bias or mlp_bias is set; graft's phi3 has no biases");
    }
    if (c_.family == "smollm3") read_no_rope_layers();
    if (c_.family == "llama" || c_.family == "mistral") expect("pretraining_tp", 1);
  }

  [[gnu::cold]] void read_gemma(bool third) {
    if (c_.qkv_bias) fail(source_, ": attention_bias is set; graft's ", c_.family, " has no biases");
    c_.attention_scale = 1 / std::sqrt(option("query_pre_attn_scalar", 256.0));
    c_.attention_cap = option("attn_logit_softcapping", third                                      ? 0.0
                                                        : json_.contains("attn_logit_softcapping") ? 0.0
                                                                                                   : 50.0);
    c_.logit_cap = option("final_logit_softcapping", third                                       ? 0.0
                                                     : json_.contains("final_logit_softcapping") ? 0.0
                                                                                                 : 30.0);
    if (!third) c_.local_rope_base = c_.rope_base;
    expect("hidden_activation", "gelu_pytorch_tanh");
    expect("use_bidirectional_attention", false);
  }

  /// Rotary positions, as Transformers 4 states them (rope_theta, partial_rotary_factor, rope_scaling) or as 5 does
  /// (rope_parameters, for all blocks or for each kind of them).
  [[gnu::cold]] void read_rope(double usual_base) {
    for (const auto& [key, value] : json_.items()) {
      if (key.find("rope") == key.npos && key.find("rotary") == key.npos) continue;
      const auto known = {
          "rope_theta",     "rope_scaling",          "rope_parameters", "rope_local_base_freq", "partial_rotary_factor",
          "no_rope_layers", "no_rope_layer_interval"};
      if (!value.is_null() && std::find(known.begin(), known.end(), key) == known.end())
        fail(source_, ": ", key, " is ", value.dump(), ", which graft does not know");
    }
    const auto stated = [this](const char* key) {
      return json_.contains(key) && json_.at(key).is_object() ? json_.at(key) : Json::object();
    };
    Json rope = stated("rope_parameters");
    std::string source = source_ + ": rope_parameters";
    if (rope.empty()) rope = stated("rope_scaling"), source = source_ + ": rope_scaling";
    Json local = Json::object();
    if (rope.contains("full_attention") || rope.contains("sliding_attention")) {
      if (c_.family != "gemma3_text")
        fail(source, " differs from block to block, which graft's ", c_.family, " does not");
      local = rope.value("sliding_attention", Json::object());
      if (local.is_object() && local.value("rope_type", "default") != "default")
        fail(source, ": blocks with a window have the type ", local.at("rope_type").dump(), "; graft's have none");
      rope = rope.value("full_attention", Json::object());
      source += ": full_attention";
    }
    c_.rope_base = optional<double>(rope, "rope_theta", option("rope_theta", usual_base), source);
    if (c_.family == "gemma3_text")
      c_.local_rope_base = optional<double>(local, "rope_theta", option("rope_local_base_freq", 10'000.0), source);
    const auto part = optional<double>(rope, "partial_rotary_factor", option("partial_rotary_factor", 1.0), source);
    if (part != 1.0) {
      if (c_.family != "phi3")
        fail(source_, ": partial_rotary_factor is ", Json(part).dump(), "; graft's ", c_.family, " turns whole heads");
      c_.rotary_width = static_cast<Index>(part * static_cast<double>(c_.head_width));
      if (part < 0 || c_.rotary_width < 2 || c_.rotary_width % 2 != 0 || c_.rotary_width > c_.head_width)
        fail(source_, ": partial_rotary_factor is ", Json(part).dump(), ": ", c_.rotary_width, " columns of a head's ",
             c_.head_width);
    }
    read_rope_scaling(rope, source);
  }

  [[gnu::cold]] void read_rope_scaling(const Json& rope, const std::string& source) {
    auto kind =
        optional<std::string>(rope, "rope_type", optional<std::string>(rope, "type", "default", source), source);
    if (c_.family == "phi3" && (kind == "su" || kind == "yarn")) kind = "longrope";  // its older names
    if (kind == "default") return;
    const auto number = [&](const char* key, double otherwise) {
      return optional<double>(rope, key, otherwise, source);
    };
    const Index turned = c_.rotary_width == 0 ? c_.head_width : c_.rotary_width,
                most = option<Index>("max_position_embeddings", 0);
    const Index original = option<Index>("original_max_position_embeddings",
                                         optional<Index>(rope, "original_max_position_embeddings", most, source));
    if (kind == "longrope") {
      c_.rope_short = required<std::vector<double>>(rope, "short_factor", source),
      c_.rope_long = required<std::vector<double>>(rope, "long_factor", source);
      for (const auto* divisors : {&c_.rope_short, &c_.rope_long})
        if (divisors->size() != turned / 2)
          fail(source, ": ", divisors == &c_.rope_short ? "short" : "long", "_factor has ", divisors->size(),
               " numbers for ", turned / 2, " pairs");
      if (original < 2) fail(source, ": original_max_position_embeddings is missing");
      const double factor = number("factor", static_cast<double>(most) / static_cast<double>(original));
      c_.rope_amplitude =
          number("attention_factor",
                 factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(original))));
      c_.rope_original = original;
      return;
    }
    if (kind != "linear" && kind != "llama3" && kind != "yarn")
      fail(source, " is \"", kind, "\"; graft knows linear, llama3, yarn and longrope");
    c_.rope_factor = required<double>(rope, "factor", source);
    if (kind == "llama3") {
      c_.rope_low = required<double>(rope, "low_freq_factor", source);
      c_.rope_high = required<double>(rope, "high_freq_factor", source);
      c_.rope_original = required<Index>(rope, "original_max_position_embeddings", source);
    } else if (kind == "yarn") {
      if (original == 0) fail(source, ": original_max_position_embeddings is missing");
      c_.set_yarn(original, number("beta_fast", 32), number("beta_slow", 1),
                  optional<bool>(rope, "truncate", true, source));
      const double scale = number("mscale", 0), scale_of_all = number("mscale_all_dim", 0);
      c_.rope_amplitude = number("attention_factor", scale != 0 && scale_of_all != 0
                                                         ? c_.yarn_amplitude(scale) / c_.yarn_amplitude(scale_of_all)
                                                         : c_.rope_amplitude);
    }
  }

  /// Which blocks have the window: all, or all but every `pattern`th; "layer_types", where it is, must say the same.
  [[gnu::cold]] void read_layer_types(Index pattern) {
    c_.full_every = pattern;
    if (!json_.contains("layer_types") || !json_.at("layer_types").is_array()) {
      if (!pattern && option<Index>("max_window_layers", 0) > 0 && c_.family.starts_with("qwen"))
        fail(source_, ": max_window_layers is set: graft's ", c_.family, " has the window in all blocks or in none");
      return;
    }
    const Json& types = json_.at("layer_types");
    if (types.size() != c_.blocks)
      fail(source_, ": layer_types has ", types.size(), " entries for ", c_.blocks, " blocks");
    const auto is_full = [&types](Index i) { return types[i] == Json("full_attention"); };
    Index first = 0;
    while (first < c_.blocks && !is_full(first)) ++first;
    c_.full_every = first == c_.blocks ? 0 : first + 1;
    bool any_window = false;
    for (Index i = 0; i < c_.blocks; ++i) {
      const bool full = c_.full_every != 0 && (i + 1) % c_.full_every == 0;
      if (types[i] != Json(full ? "full_attention" : "sliding_attention"))
        fail(source_, ": layer_types: entry ", i, " is ", types[i].dump(), "; graft's ", c_.family,
             " has a window in every block, or in all but every n-th");
      any_window = any_window || !full;
    }
    if (!any_window) c_.window = c_.full_every = 0;
  }

  [[gnu::cold]] void read_no_rope_layers() {
    const auto every = option<Index>("no_rope_layer_interval", 4);
    c_.no_rope_every = every;
    if (!json_.contains("no_rope_layers") || !json_.at("no_rope_layers").is_array()) return;
    const Json& turned = json_.at("no_rope_layers");  // 1 for blocks that do turn queries and keys
    for (Index i = 0; i < turned.size(); ++i)
      if (turned[i] != Json((i + 1) % every != 0 ? 1 : 0))
        fail(source_, ": no_rope_layers: entry ", i, " is ", turned[i].dump(), ", and no_rope_layer_interval is ",
             every);
  }

  [[gnu::cold]] void read_gpt2() {
    c_.vocabulary = size("vocab_size"), c_.width = size("n_embd"), c_.blocks = size("n_layer"),
    c_.heads = c_.groups = size("n_head");
    c_.feed_forward = option<Index>("n_inner", 4 * c_.width);
    c_.positions = option<Index>("n_positions", 1024);
    c_.norm_epsilon = option("layer_norm_epsilon", 1e-5);
    c_.tied_head = option("tie_word_embeddings", true);
    expect("activation_function", "gelu_new");
    expect("scale_attn_weights", true);
    expect("scale_attn_by_inverse_layer_idx", false);
    expect("add_cross_attention", false);
  }

  [[gnu::cold]] void read_bert() {
    c_.vocabulary = size("vocab_size"), c_.width = size("hidden_size"), c_.blocks = size("num_hidden_layers"),
    c_.heads = c_.groups = size("num_attention_heads"), c_.feed_forward = size("intermediate_size");
    c_.positions = option<Index>("max_position_embeddings", 512);
    c_.token_types = option<Index>("type_vocab_size", 2);
    c_.norm_epsilon = option("layer_norm_eps", 1e-12);
    expect("hidden_act", "gelu");
    expect("position_embedding_type", "absolute");
    expect("is_decoder", false);
    expect("tie_word_embeddings", true);
    if (c_.family == "roberta") expect("pad_token_id", 1);  // positions count from behind it
  }

  [[gnu::cold]] void read_t5() {
    c_.vocabulary = size("vocab_size"), c_.width = size("d_model"), c_.encoder_blocks = size("num_layers"),
    c_.heads = c_.groups = size("num_heads"), c_.head_width = size("d_kv"), c_.feed_forward = size("d_ff");
    c_.blocks = option<Index>("num_decoder_layers", c_.encoder_blocks);
    c_.buckets = option<Index>("relative_attention_num_buckets", 32),
    c_.farthest = option<Index>("relative_attention_max_distance", 128);
    c_.norm_epsilon = option("layer_norm_epsilon", 1e-6);
    c_.tied_head = option("tie_word_embeddings", true);
    c_.scaled_head = option("scale_decoder_outputs", c_.tied_head);
    const auto feeds = option<std::string>("feed_forward_proj", "relu");
    if (feeds != "relu" && feeds != "gated-gelu")
      fail(source_, ": feed_forward_proj is \"", feeds, "\"; graft's t5 has relu and gated-gelu");
    c_.gated = feeds == "gated-gelu";
  }

  const Json& json_;
  std::string source_;
  StatedConfig c_;
};

/// Whether a head is tied is what its weights say: where a config ties it to the embedding and the files beside it have
/// another one, that is used, as Transformers 5 does. Of T5 Transformers 5 writes always that it is tied.
[[gnu::cold]] inline void look_for_head(StatedConfig& c, const Json& json, const std::filesystem::path& folder) {
  if (!c.tied_head) return;
  const auto single = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  Json map = Json::object();
  if (!std::filesystem::exists(single) && std::filesystem::exists(index))
    map = read_json(index).value("weight_map", Json::object());
  std::map<std::string, std::unique_ptr<SafetensorsFile>> opened;
  const auto find = [&](const std::string& name) -> const StoredTensor* {
    std::string file = "model.safetensors";
    if (!std::filesystem::exists(single)) {
      if (!map.is_object() || !map.contains(name) || !map.at(name).is_string()) return nullptr;
      file = map.at(name).get<std::string>();
    }
    if (file.find('/') != file.npos || !std::filesystem::exists(folder / file)) return nullptr;
    auto& shard = opened[file];
    if (shard == nullptr) shard = std::make_unique<SafetensorsFile>(folder / file);
    const auto found = shard->tensors.find(name);
    return found == shard->tensors.end() ? nullptr : &found->second;
  };
  const auto* const head = find("lm_head.weight");
  if (head == nullptr) return;
  const StoredTensor* embedding = nullptr;
  for (const char* name :
       {"model.embed_tokens.weight", "transformer.wte.weight", "wte.weight", "shared.weight", "embed_tokens.weight"})
    if (embedding == nullptr) embedding = find(name);
  if (embedding != nullptr && embedding->type == head->type && embedding->shape == head->shape &&
      std::equal(head->data, head->data + head->bytes, embedding->data))
    return;
  c.tied_head = false;
  if (c.family == "t5" && json.contains("scale_decoder_outputs")) return;
  c.notes.push_back("tie_word_embeddings is true in " + (folder / "config.json").string() +
                    ", and lm_head.weight differs from the embedding: the head is used as it is, as Transformers 5 "
                    "does (4 would use the embedding)");
}

/// The same of GGUF metadata.
[[gnu::cold]] inline StatedConfig stated_config(const Gguf& g) {
  const auto& family = g.get<std::string>("general.architecture");
  if (family != "llama" && family != "qwen2" && family != "qwen3")
    fail(g.source, ": general.architecture is \"", family, "\"; graft reads llama, qwen2 and qwen3 from GGUF");
  const auto size = [&](const std::string& key) {
    const auto n = g.get<std::int64_t>(family + "." + key);
    if (n <= 0) fail(g.source, ": ", family, ".", key, " is ", n);
    return static_cast<Index>(n);
  };
  const auto embedding = g.tensors.find("token_embd.weight");
  if (embedding == g.tensors.end() || embedding->second.shape.size() != 2)
    fail(g.source, ": there is no token_embd.weight in it");
  StatedConfig c{.family = family,
                 .architecture = {},
                 .vocabulary = embedding->second.shape[0],
                 .width = size("embedding_length"),
                 .blocks = size("block_count"),
                 .heads = size("attention.head_count"),
                 .feed_forward = size("feed_forward_length")};
  c.groups = g.metadata.contains(family + ".attention.head_count_kv") ? size("attention.head_count_kv") : c.heads;
  c.head_width = static_cast<Index>(
      g.get_or<std::int64_t>(family + ".attention.key_length", static_cast<std::int64_t>(c.width / c.heads)));
  c.rope_base = g.get_or<double>(family + ".rope.freq_base", 10'000.0);
  c.norm_epsilon = g.get<double>(family + ".attention.layer_norm_rms_epsilon");
  if (const auto turned =
          g.get_or<std::int64_t>(family + ".rope.dimension_count", static_cast<std::int64_t>(c.head_width));
      turned != static_cast<std::int64_t>(c.head_width))
    fail(g.source, ": ", family, ".rope.dimension_count is ", turned, "; graft's ", family, " turns whole heads, of ",
         c.head_width, " columns");
  const auto context = g.get_or<std::int64_t>(family + ".context_length", 0);
  const auto real = [&](const std::string& key, double otherwise) {
    return g.get_or<double>(family + ".rope." + key, otherwise);
  };
  const double factor = real("scaling.factor", real("scale_linear", 1.0));  // the second is its older name
  if (const auto kind = g.get_or<std::string>(family + ".rope.scaling.type", factor != 1 ? "linear" : "none");
      kind == "linear" || kind == "yarn") {
    c.rope_factor = factor == 0 ? 1 : factor;
    if (kind == "yarn") {
      c.set_yarn(static_cast<Index>(g.get_or<std::int64_t>(family + ".rope.scaling.original_context_length", context)),
                 real("scaling.yarn_beta_fast", 32), real("scaling.yarn_beta_slow", 1), true);
      c.rope_amplitude *= real("scaling.attn_factor", 1);
    }
  } else if (kind != "none") {
    fail(g.source, ": ", family, ".rope.scaling.type is \"", kind, "\"; graft knows none, linear and yarn from GGUF");
  }
  // Llama 3.1's scaling, worked out
  if (const auto factors = g.tensors.find("rope_freqs.weight"); factors != g.tensors.end()) {
    const auto divisors = to_floats(factors->second, "rope_freqs.weight");
    if (divisors.size() != c.head_width / 2)
      fail(g.source, ": rope_freqs.weight has ", divisors.size(), " numbers for ", c.head_width / 2, " pairs");
    if (std::any_of(divisors.begin(), divisors.end(), [](float d) { return d != 1.0F; })) {
      c.rope_short = c.rope_long = {divisors.begin(), divisors.end()};
      c.rope_original = static_cast<Index>(context);
    }
  }
  c.pad = static_cast<std::ptrdiff_t>(g.get_or<std::int64_t>("tokenizer.ggml.padding_token_id", -1));
  c.tied_head = !g.tensors.contains("output.weight");
  c.head_norm = g.tensors.contains("blk.0.attn_q_norm.weight");
  c.qkv_bias = g.tensors.contains("blk.0.attn_q.bias");
  c.output_bias = g.tensors.contains("blk.0.attn_output.bias");
  c.mlp_bias = g.tensors.contains("blk.0.ffn_up.bias");
  return c;
}

/// The same of a .gguf file, a Hugging Face folder or its config.json.
[[gnu::cold]] inline StatedConfig stated_config(const std::filesystem::path& model) {
  if (!std::filesystem::exists(model))
    fail(model.string(),
         ": there is nothing of this name; a model is a .gguf file, a Hugging Face folder or its config.json");
  if (model.extension() == ".gguf") return stated_config(GgufFile(model).content);
  const auto path = std::filesystem::is_directory(model) ? model / "config.json" : model;
  const Json json = read_json(path);
  auto c = ConfigJson(json, path.string()).read();
  look_for_head(c, json, path.parent_path());
  return c;
}

/// The class that Transformers has for such a model.
[[nodiscard, gnu::cold]] inline std::string class_in_python(const StatedConfig& c) {
  constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"llama", "Llama"},     {"mistral", "Mistral"}, {"qwen2", "Qwen2"},     {"qwen3", "Qwen3"},
      {"smollm3", "SmolLM3"}, {"phi3", "Phi3"},       {"gemma2", "Gemma2"},   {"gemma3_text", "Gemma3"},
      {"gpt2", "GPT2"},       {"bert", "Bert"},       {"roberta", "Roberta"}, {"t5", "T5"}};
  const Task task = task_of(c);
  if (c.family == "gpt2" && task == Task::next_token) return "GPT2LMHeadModel";
  if (c.family == "gemma3_text" && task == Task::text_class) return "Gemma3TextForSequenceClassification";
  std::string name;
  for (const auto& [family, prefix] : names)
    if (family == c.family) name = prefix;
  if (task == Task::embedding) return name + "Model";
  for (const auto& [known, ending] : task_endings)
    if (known == task) return name + std::string(ending);
  return name;
}

}  // namespace graft
