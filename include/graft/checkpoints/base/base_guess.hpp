/// \file
/// What an adapter's own files tell of a base that is not at hand: the family, by the names of its tensors; how many
/// blocks it has at least; its sizes, by the tensors' shapes. Enough to say which method an adapter is; whether it fits
/// a model only that model can tell.
#pragma once

#include <graft/checkpoints/base/modules.hpp>
#include <graft/checkpoints/peft/peft_config.hpp>

#include <numeric>

namespace graft {

/// A tensor of a method whose extent is one of its layer's.
struct TensorSide {
  std::string_view ending;
  Index extent;
  bool of_output;
};
inline constexpr TensorSide tensor_sides[] = {{".lora_A.weight", 1, false},
                                              {".lora_B.weight", 0, true},
                                              {".lora_A", 1, false},
                                              {".lora_B", 0, true},
                                              {".lora_embedding_A", 1, true},
                                              {".lora_embedding_B", 0, false},
                                              {".lora_magnitude_vector", 0, true},
                                              {".hada_w1_a", 0, true},
                                              {".hada_w1_b", 1, false},
                                              {".hada_w2_a", 0, true},
                                              {".hada_w2_b", 1, false},
                                              {".hra_u", 0, false},
                                              {".vera_lambda_b", 0, true},
                                              {".miss_block", 1, true}};

/// A tensor's name without what PEFT puts before the model's; around prompts that is less.
[[nodiscard, gnu::cold]] inline std::string name_in_model(const std::string& name) {
  for (const std::string_view prefix : {"base_model.model.", "base_model."})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

/// Calls f(module, tensor's name, extent found, whether it is the layer's output) for every tensor that shows a size of
/// one of these modules.
template <class F>
[[gnu::cold]] void each_side(const TensorMap& tensors, const std::vector<Module>& modules, const F& f) {
  std::map<std::string, const Module*> by_path;
  for (const auto& m : modules)
    if (m.kind != ModuleKind::group) by_path[m.path] = &m;
  const auto at = [&](const std::string& path) {
    const auto found = by_path.find(path);
    return found == by_path.end() ? nullptr : found->second;
  };
  for (const auto& [name, tensor] : tensors) {
    const auto inside = name_in_model(name);
    for (const auto& side : tensor_sides)
      if (inside.ends_with(side.ending) && tensor.shape.size() > side.extent)
        if (const Module* const m = at(inside.substr(0, inside.size() - side.ending.size())))
          f(*m, name, tensor.shape[side.extent], side.of_output);
    // Whole embeddings and heads; GPT-2 keeps other layers' the other way round.
    for (const std::string_view ending : {".base_layer.weight", ".weight"})
      if (inside.ends_with(ending) && tensor.shape.size() == 2)
        if (const Module* const m = at(inside.substr(0, inside.size() - ending.size())); m != nullptr && m->block < 0) {
          f(*m, name, tensor.shape[0], true);
          f(*m, name, tensor.shape[1], false);
        }
  }
}

struct BaseGuess {
  StatedConfig config;
  std::string words;  ///< what was guessed, and from what
};

/// Guesses the base of one adapter.
class BaseGuesser {
 public:
  /// `config`: PEFT's or AdapterHub's, with its tensors where they are there.
  [[gnu::cold]] explicit BaseGuesser(const AdapterConfig& config)
      : json_(config.json), tensors_(config.tensors), hub_(config.is_hub()) {}

  /// Nothing where the files do not tell.
  [[nodiscard, gnu::cold]] std::optional<BaseGuess> guess() {
    if (hub_) read_hub();
    else read_mapping();
    read_names();
    if (!hub_) read_prompt();
    if (c_.family.empty() || c_.blocks > most_blocks || c_.encoder_blocks > most_blocks) return std::nullopt;
    choose_task();
    read_shapes();
    return BaseGuess{c_, words()};
  }

 private:
  [[nodiscard]] static Index count(const Json& n) { return n.is_number_integer() && n >= 0 ? n.get<Index>() : 0; }
  [[nodiscard]] Index size(const char* key) const { return json_.contains(key) ? count(json_.at(key)) : 0; }
  /// Whether the family is known by now, and of this kind.
  [[nodiscard]] bool is(FamilyKind kind) const { return !c_.family.empty() && family_of(c_).kind == kind; }
  template <class P>
  [[nodiscard]] bool any_name(const P& p) const {
    return tensors_ != nullptr && std::any_of(tensors_->begin(), tensors_->end(),
                                              [&](const auto& entry) { return p(name_in_model(entry.first)); });
  }
  [[nodiscard]] bool any_part(std::string_view part) const {
    return any_name([&](const auto& name) { return name.find(part) != name.npos; });
  }

  void read_hub() {
    const auto type = text_at(json_, "model_type"), in_python = text_at(json_, "model_class");
    const auto families = model_families();
    if (named(families, type) != nullptr) c_.family = type, from_ = "the config's words";
    c_.width = size("hidden_size");
    c_.architecture = in_python.ends_with("LMHeadModel") ? "ForCausalLM" : in_python;
    count_listed(json_.at("config"), 0);
  }
  /// Where no task is said, PEFT notes the base's class: {"base_model_class": "BertModel", "parent_library":
  /// "transformers.models.bert.modeling_bert"}
  void read_mapping() {
    if (!json_.contains("auto_mapping") || !json_.at("auto_mapping").is_object()) return;
    const Json& mapping = json_.at("auto_mapping");
    const auto library = optional<std::string>(mapping, "parent_library", "", "auto_mapping");
    for (const auto& family : model_families())
      if (const auto name = std::string(family.name.substr(0, family.name.find('_')));
          library.find(".models." + name + ".") != library.npos)
        c_.family = family.name, from_ = "auto_mapping and the tensors";
    const auto in_python = optional<std::string>(mapping, "base_model_class", "", "auto_mapping");
    c_.architecture = in_python.ends_with("LMHeadModel")        ? "ForCausalLM"
                      : in_python.find("For") != in_python.npos ? in_python
                      : in_python.ends_with("Model")            ? "Encoder"
                                                                : "";
  }
  /// Blocks that a config of AdapterHub's names.
  void count_listed(const Json& config, Index depth) {
    if (!config.is_object() || depth > 4) return;
    for (const char* key : {"leave_out", "layers"})
      if (config.contains(key) && config.at(key).is_array())
        for (const Json& n : config.at(key)) {
          auto& blocks = is(FamilyKind::pair) ? c_.encoder_blocks : c_.blocks;
          blocks = std::max(blocks, std::min(count(n), most_blocks) + 1);
        }
    if (config.contains("configs") && config.at("configs").is_array())
      for (const Json& part : config.at("configs")) count_listed(part, depth + 1);
  }

  /// The family by how names begin: those of blocks, behind which a block's number stands; then others; last those that
  /// several families have, the longest first.
  void read_names() {
    if (tensors_ == nullptr) return;
    std::vector<std::pair<std::string_view, std::string_view>> shared;
    for (const auto& family : model_families())
      for (const auto beginning : family.block_beginnings) read_beginning(beginning, family.name, true);
    for (const auto& family : model_families()) {
      for (const auto beginning : family.part_beginnings) read_beginning(beginning, family.name, false);
      for (const auto beginning : family.head_beginnings) shared.emplace_back(beginning, family.name);
    }
    std::stable_sort(shared.begin(), shared.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    for (const auto& [beginning, family] : shared) read_beginning(beginning, family, false);
    if (c_.family == first_family(FamilyKind::decoder).name)
      for (const auto& family : model_families())
        if (std::any_of(family.told_by.begin(), family.told_by.end(), [this](auto part) { return any_part(part); }) &&
            any_part(family.told_with))
          c_.family = family.name;
    if (is(FamilyKind::pair) && c_.blocks == 0) c_.blocks = c_.encoder_blocks;
    if (is(FamilyKind::pair) && c_.encoder_blocks == 0) c_.encoder_blocks = c_.blocks;
    c_.gated = any_part(".wi_0.");
    c_.head_norm = any_part(".q_norm.");
    const auto has_bias = [this](const std::string& layer) {
      return any_part("." + layer + ".bias") || any_part("." + layer + ".base_layer.bias");
    };
    c_.qkv_bias = has_bias("q_proj") || has_bias("k_proj") || has_bias("v_proj");
    c_.output_bias = has_bias("o_proj"),
    c_.mlp_bias = has_bias("gate_proj") || has_bias("up_proj") || has_bias("down_proj");
  }
  void read_beginning(std::string_view beginning, std::string_view family, bool numbered) {
    for (const auto& [full, tensor] : *tensors_) {
      const auto name = name_in_model(full);
      if (!name.starts_with(beginning)) continue;
      if (c_.family.empty()) c_.family = family, from_ = "the tensors' names and shapes";
      Index block = 0;
      if (const auto read = std::from_chars(name.data() + beginning.size(), name.data() + name.size(), block);
          !numbered || read.ec != std::errc())
        continue;
      auto& blocks = beginning.starts_with("encoder.block") ? c_.encoder_blocks : c_.blocks;
      blocks = std::max(blocks, std::min(block, most_blocks) + 1);
    }
  }
  /// A prompt knows of no module; PEFT notes the sizes that it is for.
  void read_prompt() {
    if (size("num_virtual_tokens") == 0) return;
    if (c_.family.empty())
      c_.family = first_family(size("num_transformer_submodules") == 2 || text_at(json_, "task_type") == "SEQ_2_SEQ_LM"
                                   ? FamilyKind::pair
                                   : FamilyKind::decoder)
                      .name,
      from_ = "the config's words, which tell no family of a prompt";
    if (c_.blocks == 0) c_.blocks = c_.encoder_blocks = size("num_layers");
    if (!is(FamilyKind::pair)) c_.encoder_blocks = 0;
    const Index groups = size("num_attention_heads");
    if (text_at(json_, "peft_type") != "PREFIX_TUNING") c_.width = size("token_dim");
    else if (groups > 0) c_.heads = c_.groups = groups, c_.head_width = size("token_dim") / groups;
  }

  void choose_task() {
    c_.tied_head = family_of(c_).ties_head ||
                   (json_.contains("ensure_weight_tying") && json_.at("ensure_weight_tying") == Json(true));
    if (!c_.architecture.empty()) return;
    const auto task = text_at(json_, "task_type");
    const auto begins = [this](std::string_view start) {
      return any_name([&](const auto& name) { return name.starts_with(start); });
    };
    const bool encoder = is(FamilyKind::encoder);
    if (task == "FEATURE_EXTRACTION" || (encoder && (begins("encoder.") || begins("embeddings."))))
      c_.architecture = "Encoder";
    else if (begins("score.")) c_.architecture = "ForSequenceClassification";
    else if (begins("qa_outputs.") || begins("transformer.layers.")) c_.architecture = "ForQuestionAnswering";
    else if (encoder && (begins("cls.") || begins("lm_head."))) c_.architecture = "ForMaskedLM";
  }

  /// A model of the family with sizes that are like no other tells which size a module's sides are.
  void read_shapes() {
    if (tensors_ == nullptr) return;
    constexpr Index width = 1'000'003, keys = 1'000'033, feed_forward = 1'000'037, vocabulary = 1'000'039;
    Index fused = 0;  // queries, keys and values in one
    StatedConfig probe = c_;
    probe.width = width, probe.head_width = keys, probe.groups = 1, probe.heads = 2, probe.feed_forward = feed_forward,
    probe.vocabulary = vocabulary;
    if (const auto task = text_at(json_, "task_type"); task == "SEQ_CLS")
      probe.architecture = "ForSequenceClassification";
    else if (task == "TOKEN_CLS") probe.architecture = "ForTokenClassification";
    else if (task == "QUESTION_ANS") probe.architecture = "ForQuestionAnswering";
    each_side(*tensors_, modules_of(probe), [&](const Module& m, const std::string&, Index found, bool of_output) {
      const Index probed = of_output ? m.out : m.in;
      if (probed == width) c_.width = found;
      if (probed == 3 * width) c_.width = found / 3;
      if (probed == 2 * keys) queries_ = found;
      if (probed == keys) keys_ = found;
      if (probed == 4 * keys) fused = found;
      if (probed == feed_forward) c_.feed_forward = found;
      if (probed == 2 * feed_forward) c_.feed_forward = found / 2;
      if (probed == vocabulary) c_.vocabulary = found;
    });
    if (queries_ > 0 && keys_ == 0 && fused > queries_) keys_ = (fused - queries_) / 2;
    if (queries_ == 0 && keys_ == 0) {
      if (fused > 2) c_.head_width = c_.groups = 1, c_.heads = fused - 2;  // any that add up
      return;
    }
    c_.head_width = std::gcd(queries_, keys_);  // as wide as heads can be
    if (c_.head_width > 0) c_.heads = queries_ / c_.head_width, c_.groups = keys_ / c_.head_width;
  }

  [[nodiscard]] std::string words() const {
    std::string all = "like " + c_.family;
    const auto add = [&all](Index n, const char* before, const char* behind) {
      if (n > 0) all += ", " + std::string(before) + std::to_string(n) + behind;
    };
    const auto blocks = [&](Index n, const char* behind) {
      add(n, "", ((n == 1 ? " block" : " blocks") + std::string(behind)).c_str());
    };
    if (is(FamilyKind::pair)) blocks(c_.encoder_blocks, " of the encoder at least");
    blocks(c_.blocks, is(FamilyKind::pair) ? " of the decoder" : " at least");
    add(c_.width, "", " wide");
    if (family_of(c_).queries_of_own_width) add(queries_, "queries of ", ""), add(keys_, "keys of ", "");
    if (queries_ == 0 && keys_ == 0 && c_.head_width > 1)
      add(c_.groups, "", " groups of keys"), add(c_.head_width, "each of ", "");
    add(c_.feed_forward, "a feed-forward of ", "");
    add(c_.vocabulary, "a vocabulary of ", "");
    return all + "; by " + from_;
  }

  const Json& json_;
  const TensorMap* tensors_;
  bool hub_;
  StatedConfig c_;
  Index queries_ = 0, keys_ = 0;
  std::string from_;
};

}  // namespace graft
