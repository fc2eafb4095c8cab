/// \file
/// What an adapter_config.json says of prompts, of prefixes, and of tokens whose rows are trained.
#pragma once

#include <graft/checkpoints/families/families.hpp>
#include <graft/checkpoints/peft/peft_values.hpp>

#include <optional>
#include <set>

namespace graft {

class PeftPrompts : protected PeftValues {
 protected:
  [[gnu::cold]] PeftPrompts(const AdapterConfig& config, const StatedConfig& model, const std::vector<Module>& modules)
      : PeftValues(config), model_(model), modules_(modules) {}

  [[nodiscard]] const Module& token_embedding() const {
    return *std::find_if(modules_.begin(), modules_.end(), [](const auto& m) { return m.site == "TokenEmbedding"; });
  }
  /// What stands before texts.
  [[nodiscard]] MethodDescription prompt() const {
    if (type_ == "ADAPTION_PROMPT")
      return {.kind = "LlamaAdapter", .numbers = {number("adapter_len", 0), number("adapter_layers", 0)}};
    const auto rows = number("num_virtual_tokens", 0);
    if (c_.tensors != nullptr)
      if (const auto found = c_.tensors->find("prompt_embeddings");
          found != c_.tensors->end() &&
          (found->second.shape.empty() || found->second.shape[0] % static_cast<Index>(rows) != 0 ||
           found->second.shape[0] > 2 * static_cast<Index>(rows)))
        fail(source_, ": num_virtual_tokens is ", rows, ", and the tensor prompt_embeddings has ",
             found->second.shape.empty() ? 0 : found->second.shape[0], " rows");
    const bool pairs = family_of(model_).kind == FamilyKind::pair, prefix = type_ == "PREFIX_TUNING";
    const auto submodules = number("num_transformer_submodules", pairs ? 2 : 1);
    if (submodules != (pairs ? 2 : 1))
      fail(source_, ": num_transformer_submodules is ", submodules, "; of this model's family it is ", pairs ? 2 : 1);
    const auto same = [this](const char* key, Index wanted, const char* what) {
      if (json_.contains(key) && !json_.at(key).is_null() && json_.at(key) != Json(wanted))
        fail(source_, ": ", key, " is ", json_.at(key).dump(), ", and ", what, " ", wanted);
    };
    const Index width = prefix ? model_.groups * model_.head_width : model_.width;
    same("token_dim", width, prefix ? "the base's keys have a width of" : "the base has a width of");
    if (prefix) {
      if (pairs && model_.blocks > model_.encoder_blocks)
        fail(source_, ": PREFIX_TUNING has as many pairs of keys and values as the encoder has blocks, ",
             model_.encoder_blocks, ", and the decoder has ", model_.blocks, ", which PEFT cannot run either");
      same("num_attention_heads", model_.groups, "the base's groups of keys are");
      same("num_layers", pairs ? model_.encoder_blocks : model_.blocks,
           pairs ? "the base's encoder has this many blocks:" : "the base has this many blocks:");
    }
    const auto hidden = [&] { return number("encoder_hidden_size", static_cast<std::int64_t>(width)); };
    if (type_ == "PROMPT_TUNING") return {.kind = "SoftPrompt", .numbers = {rows}, .options = sides(pairs)};
    if (type_ == "MULTITASK_PROMPT_TUNING")
      return {.kind = "MultitaskPrompt", .numbers = {rows, number("num_tasks", 1), number("num_ranks", 1)}};
    if (type_ == "P_TUNING") {
      const auto kind = option<std::string>("encoder_reparameterization_type", "MLP");
      if (kind != "MLP" && kind != "LSTM")
        fail(source_, ": encoder_reparameterization_type is \"", kind.substr(0, 80), "\"; it is MLP or LSTM");
      auto made = sides(pairs);
      if (kind == "LSTM") made.insert(made.begin(), {.name = "Lstm"});
      return {.kind = "PTuning", .numbers = {rows, hidden()}, .options = made};
    }
    if (flag("prefix_projection")) return {.kind = "ProjectedPrefixTuning", .numbers = {rows, hidden()}};
    return {.kind = "PrefixTuning", .numbers = {rows}};
  }
  /// Tokens and nothing else.
  [[nodiscard]] MethodDescription tokens_alone(const ModuleRules& rules) const {
    if (!rules.by_default())
      for (const auto& m : modules_)
        if (rules.targets(m.path) && &m != &token_embedding() && !(m.site == "Head" && model_.tied_head))
          fail(source_, ": target_modules means ", m.path, "; graft trains tokens' rows of the token embedding, ",
               token_embedding().path, ", and of a head tied to it");
    return tokens_of(json_.contains("token_indices") && json_.at("token_indices").is_array() ? json_.at("token_indices")
                                                                                             : Json::array(),
                     "token_indices");
  }
  /// Beside LoRA: a list for the token embedding, or lists by names of modules.
  [[nodiscard]] std::optional<MethodDescription> tokens_beside() const {
    if (!json_.contains("trainable_token_indices") || says_nothing(json_.at("trainable_token_indices")))
      return std::nullopt;
    const Json& stated = json_.at("trainable_token_indices");
    const Json* list = stated.is_array() ? &stated : nullptr;
    if (stated.is_object())
      for (const auto& [name, tokens] : stated.items()) {
        const bool embedding = token_embedding().path.ends_with(name),
                   head = model_.tied_head && std::string_view("lm_head").ends_with(name);
        if ((!embedding && !head) || (list != nullptr && *list != tokens))
          fail(source_, ": trainable_token_indices names \"", name.substr(0, 80),
               "\"; graft trains tokens' rows of the token embedding, ", token_embedding().path,
               ", and the same of a head tied to it");
        list = &tokens;
      }
    if (list == nullptr)
      fail(source_, ": trainable_token_indices is ", stated.dump().substr(0, 80), ", and no list of tokens");
    return tokens_of(*list, "trainable_token_indices");
  }

  const StatedConfig& model_;
  const std::vector<Module>& modules_;

 private:
  static std::vector<MethodOption> sides(bool pairs) {
    return pairs ? std::vector<MethodOption>{{.name = "OnEncoder"}} : std::vector<MethodOption>{};
  }

  [[nodiscard]] MethodDescription tokens_of(const Json& list, const char* key) const {
    MethodDescription tokens{.kind = "TrainableTokens"};
    for (const Json& n : list) {
      if (!n.is_number_unsigned() || n.get<Index>() >= model_.vocabulary)
        fail(source_, ": ", key, " has ", n.dump().substr(0, 40), ", and the model has rows for tokens 0 to ",
             model_.vocabulary - 1);
      tokens.numbers.push_back(n.get<std::int64_t>());
    }
    if (tokens.numbers.empty()) fail(source_, ": ", key, " has no token in it");
    if (std::set(tokens.numbers.begin(), tokens.numbers.end()).size() != tokens.numbers.size())
      fail(source_, ": ", key, " has a token twice");
    return tokens;
  }
};

}  // namespace graft
