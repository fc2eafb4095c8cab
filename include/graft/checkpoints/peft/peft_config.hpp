/// \file
/// HF PEFT's adapter_config.json to a method: which modules of a model it means (checkpoints/base/module_rules.hpp),
/// and what stands at each. Keys that graft does not know, or does not do, are refused by name
/// (checkpoints/peft/config_keys.hpp).
#pragma once

#include <graft/checkpoints/peft/peft_prompts.hpp>

namespace graft {

/// Reads one config for one model.
class PeftConfig : PeftPrompts {
 public:
  [[gnu::cold]] PeftConfig(const AdapterConfig& config, const StatedConfig& model, const std::vector<Module>& modules)
      : PeftPrompts(config, model, modules), parts_(modules) {
    if (!is_peft_type(type_))
      fail(source_, ": peft_type is \"", type_.substr(0, 80), "\"; graft knows ", joined_names(names_of(peft_types)),
           "\n", merge_elsewhere);
    check_keys(peft_keys, json_, type_, source_, merge_elsewhere);
  }

  [[nodiscard, gnu::cold]] AdapterReading read() {
    std::vector<MethodDescription> before, behind;
    const ModuleRules rules(json_, source_, modules_);
    const bool prompts = type_.ends_with("PROMPT_TUNING") || type_ == "P_TUNING" || type_ == "PREFIX_TUNING" ||
                         type_ == "ADAPTION_PROMPT";
    if (prompts) {
      before.push_back(prompt());
      reading_.at["the prompt"] = type_text(before[0]);
    } else if (type_ == "TRAINABLE_TOKENS") {
      before.push_back(tokens_alone(rules));
      reading_.at["rows of " + token_embedding().path] = type_text(before[0]);
    } else {
      read_modules(rules);
      for (auto& part : parts_.parts()) before.push_back(std::move(part));
    }
    trained_whole(rules, before, behind);
    read_biases(behind);
    if (type_ == "LORA")
      if (auto tokens = tokens_beside()) {
        reading_.at["rows of " + token_embedding().path] = type_text(*tokens);
        behind.push_back(std::move(*tokens));
      }
    before.insert(before.end(), behind.begin(), behind.end());
    reading_.method = united(std::move(before));
    check_method(reading_.method, source_);
    return std::move(reading_);
  }

 private:
  /// What stands at a module.
  void put(const Module& m, const MethodDescription& part, const char* sites = "On") {
    reading_.at[m.path] = parts_.add(m, part, sites);
  }

  /// Whether a head that is tied to the embedding is to follow what becomes of that.
  [[nodiscard]] bool ties() const {
    return flag("ensure_weight_tying") && model_.tied_head && task_of(model_) == Task::next_token;
  }

  // ---- modules
  // -----------------------------------------------------------------------------------------------------------
  void read_modules(const ModuleRules& rules) {
    if (rules.by_default() && c_.tensors == nullptr)
      fail(source_, ": target_modules is not said; name the modules, as PEFT does when it saves an adapter");
    const auto in_file = paths_in_file();
    std::vector<const Module*> meant;
    Complaint missing, foreign;
    ties_ = ties() && rules.targets_tied_pair();
    for (const auto& m : modules_) {
      if (ties_ && m.site == "Head") continue;  // it follows the embedding
      const bool targeted = rules.by_default() ? in_file.contains(m.path)
                                               : rules.targets(m.path) || (ties_ && m.site == "TokenEmbedding");
      if (c_.tensors != nullptr && targeted != in_file.contains(m.path)) (targeted ? missing : foreign).add(m.path);
      if (targeted) meant.push_back(&m);
    }
    for (const auto& path : in_file)
      if (!(ties_ && path == "lm_head") &&
          std::none_of(modules_.begin(), modules_.end(), [&](const auto& m) { return m.path == path; }))
        foreign.add(path);
    if (!missing.names.empty() || !foreign.names.empty())
      fail(source_, ": its words and the tensors beside it disagree",
           missing.sentence("it means modules that have no tensors"),
           foreign.sentence("there are tensors of modules that it does not mean, or that this model does not have"));
    if (meant.empty() && rules.names_none() &&
        (rules.saves_any() || option<std::string>("bias", "none") != "none" ||
         !says_nothing(json_.value("trainable_token_indices", Json()))))
      return;
    if (meant.empty())
      fail(source_, ": target_modules ",
           json_.contains("target_modules") ? json_.at("target_modules").dump().substr(0, 200) : "",
           " means no module of this model; it has ", examples());
    for (const auto& name : rules.idle_names(modules_))
      reading_.notes.push_back("target_modules: \"" + name +
                               "\" is no module of this model, and passed over, as PEFT does");
    const auto each = reader();
    for (const Module* m : meant) {
      if (m->kind == ModuleKind::group || m->site.empty())
        fail(source_, ": target_modules means ", m->path, ", which is ",
             m->kind == ModuleKind::group ? "no layer but several" : "no layer of graft's own");
      adapted_.insert(m->path);
      each(*m);
    }
  }
  /// A list of paths for a sentence, cut where it is long.
  struct Complaint {
    std::vector<std::string> names{};
    void add(const std::string& name) { names.push_back(name); }
    [[nodiscard]] std::string sentence(const char* what) const {
      if (names.empty()) return "";
      std::string text = std::string("\n  ") + what + ": ";
      for (Index i = 0; i < std::min<Index>(names.size(), 6); ++i) text += (i == 0 ? "" : ", ") + names[i];
      return text + (names.size() > 6 ? " and " + std::to_string(names.size() - 6) + " more" : "");
    }
  };
  [[nodiscard]] std::string examples() const {
    std::set<std::string> names;
    for (const auto& m : modules_)
      if (m.kind == ModuleKind::linear) names.insert(m.path.substr(m.path.rfind('.') + 1));
    return joined_names({names.begin(), names.end()});
  }

  /// Paths of the modules that the file has tensors of this method for.
  [[nodiscard]] std::set<std::string> paths_in_file() const {
    static constexpr std::pair<std::string_view, std::string_view> marks[] = {{"LORA", ".lora_"},
                                                                              {"ADALORA", ".lora_"},
                                                                              {"IA3", ".ia3_"},
                                                                              {"LOHA", ".hada_"},
                                                                              {"LOKR", ".lokr_"},
                                                                              {"HRA", ".hra_"},
                                                                              {"MISS", ".miss_"},
                                                                              {"VERA", ".vera_lambda"},
                                                                              {"RANDLORA", ".randlora_lambda"},
                                                                              {"FOURIERFT", ".fourierft_"},
                                                                              {"OFT", ".oft_"},
                                                                              {"BOFT", ".boft_"},
                                                                              {"SHIRA", ".shira_"},
                                                                              {"LN_TUNING", ".ln_tuning_layers"}};
    std::set<std::string> paths;
    if (c_.tensors == nullptr) return paths;
    std::string_view mark;
    for (const auto& [type, text] : marks)
      if (type == type_) mark = text;
    for (const auto& [name, tensor] : *c_.tensors)
      if (const auto at = name.rfind(mark); at != name.npos) paths.insert(module_path(name.substr(0, at)));
    return paths;
  }
  /// A path as the model has it, of one in a file.
  [[nodiscard]] std::string module_path(std::string name) const {
    constexpr std::string_view prefix = "base_model.model.";
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
    const auto is_module = [this](const std::string& path) {
      return std::any_of(modules_.begin(), modules_.end(), [&](const auto& m) { return m.path == path; });
    };
    // as graft wrote it before 0.2
    if (task_of(model_) == Task::embedding && !is_module(name) && is_module(name.substr(name.find('.') + 1)))
      name.erase(0, name.find('.') + 1);
    return name;
  }
  [[nodiscard]] const StoredTensor* tensor(const Module& m, const std::string& ending) const {
    if (c_.tensors == nullptr) return nullptr;
    const auto found = c_.tensors->find("base_model.model." + m.path + ending);
    return found == c_.tensors->end() ? nullptr : &found->second;
  }
  /// Complains where a file's tensor has another rank than the config's words.
  void expect_rank(const Module& m, const std::string& ending, Index extent, std::int64_t rank, const char* key) const {
    const auto* const t = tensor(m, ending);
    if (t != nullptr && t->shape.size() > extent && t->shape[extent] != static_cast<Index>(rank))
      fail(source_, ": by its words (", key, ") ", m.path, " has rank ", rank, ", and the tensor ", m.path, ending,
           " has ", t->shape[extent]);
  }

  /// What reads a module of this method.
  [[nodiscard]] std::function<void(const Module&)> reader() {
    if (type_ == "LORA") return lora();
    if (type_ == "ADALORA") return adalora();
    if (type_ == "IA3") return ia3();
    if (type_ == "LOHA" || type_ == "LOKR") return loha_or_lokr();
    if (type_ == "OFT") return oft();
    if (type_ == "BOFT") return boft();
    if (type_ == "FOURIERFT") return fourier_ft();
    MethodDescription part;
    if (type_ == "HRA") part = {.kind = "HRA", .numbers = {number("r", 8)}};
    else if (type_ == "MISS") part = {.kind = "MiSS", .numbers = {number("r", 64)}};
    else if (type_ == "SHIRA") part = {.kind = "SHiRA", .numbers = {number("r", 32)}};
    else if (type_ == "RANDLORA")
      part = {.kind = "RandLoRA",
              .numbers = {number("r", 32)},
              .options = {fraction("Alpha", option<double>("randlora_alpha", 640), "randlora_alpha")}};
    else if (type_ == "LN_TUNING") part = {.kind = "LNTuning"};
    else if (type_ == "VERA") {
      part = {.kind = "VeRA", .numbers = {number("r", 256)}};
      if (!flag("save_projection", true))
        part.options.push_back({.name = "Seed", .numbers = {seed("projection_prng_key", 0)}});
      if (const auto initial = option<double>("d_initial", 0.1); initial != 0.1)
        part.options.push_back(fraction("Initial", initial, "d_initial"));
    }
    return [this, part](const Module& m) {
      for (const auto& [type, ending, extent] : {std::tuple{"HRA", ".hra_u", 1},
                                                 {"MISS", ".miss_block", 0},
                                                 {"RANDLORA", ".randlora_lambda", 0},
                                                 {"VERA", ".vera_lambda_d", 0}})
        if (type_ == type) expect_rank(m, ending, static_cast<Index>(extent), part.numbers[0], "r");
      if (type_ == "SHIRA" && m.in > 0)
        expect_rank(m, ".shira_weight", 0, part.numbers[0] * static_cast<std::int64_t>(m.in + m.out),
                    "r: r (in + out) entries");
      put(m, part);
    };
  }

  std::function<void(const Module&)> lora() {
    auto rules = std::make_shared<RankRules>(c_, "r", 8, "lora_alpha", 8);
    MethodDescription part{.kind = "LoRA"};
    const bool dora = flag("use_dora"),
               activated = json_.contains("alora_invocation_tokens") && !json_.at("alora_invocation_tokens").is_null();
    if (dora && activated) fail(source_, ": use_dora and alora_invocation_tokens exclude each other");
    if (dora) part.kind = "DoRA";
    if (activated) {
      part.kind = "ActivatedLoRA";
      part.options.push_back(
          {.name = "Invocation",
           .numbers = required<std::vector<std::int64_t>>(json_, "alora_invocation_tokens", source_)});
    } else if (option<double>("lora_dropout", 0) != 0) {
      part.options.push_back(dropout("lora_dropout"));
    }
    if (flag("use_rslora")) part.options.push_back({.name = "RankStabilized"});
    if (flag("lora_bias")) part.options.push_back({.name = "LoraBias"});
    if (flag("lora_bias") && part.kind != "LoRA")
      fail(source_, ": lora_bias is true, which graft does for plain LoRA alone");
    const auto init = text_at(json_, "init_lora_weights");
    for (const auto& [name, option] :
         {std::pair{"gaussian", "GaussianInit"}, {"pissa", "PissaInit"}, {"olora", "OloraInit"}})
      if (init == name) part.options.push_back({.name = option});
    if ((init == "pissa" || init == "olora") && part.kind != "LoRA")
      fail(source_, ": init_lora_weights is \"", init, "\", which graft does for plain LoRA alone");
    if (init == "olora" && !family_of(model_).columns_first.empty())
      fail(source_, ": init_lora_weights is \"olora\", which PEFT computes of GPT-2's weights the wrong way round");
    return [this, rules, part, init](const Module& m) {
      MethodDescription here = part;
      here.numbers = {whole(rules->rank_at(m.path), "r of " + m.path)};
      here.options.push_back(fraction("Alpha", rules->alpha_at(m.path), "lora_alpha of " + m.path));
      if (m.kind == ModuleKind::embedding) {
        if (m.site != "TokenEmbedding" || here.kind != "LoRA" || !init.empty())
          fail(source_, ": target_modules means ", m.path, ", an embedding; graft's ", here.kind,
               init.empty() ? "" : " begun by \"" + init + "\"",
               " works on linear layers, and plain LoRA on the token embedding");
        // PEFT has neither there
        std::erase_if(here.options, [](const auto& o) { return o.name == "Dropout" || o.name == "LoraBias"; });
        if (ties_) here.options.push_back({.name = "WithHead"});
        expect_rank(m, ".lora_embedding_A", 0, here.numbers[0], "r, rank_pattern");
      } else {
        expect_rank(m, ".lora_A.weight", 0, here.numbers[0], "r, rank_pattern");
      }
      put(m, here);
    };
  }

  std::function<void(const Module&)> adalora() {
    const auto rank = number("init_r", 12);
    const auto alpha = option<double>("lora_alpha", 8);
    MethodDescription part{.kind = "AdaLoRA",
                           .numbers = {rank},
                           .options = {fraction("Alpha", alpha > 0 ? alpha : static_cast<double>(rank), "lora_alpha")}};
    if (const auto weight = option<double>("orth_reg_weight", 0.5); weight != 0.5)
      part.options.push_back(fraction("Penalty", weight, "orth_reg_weight"));
    return [this, part, rank](const Module& m) {
      MethodDescription here = part;
      std::int64_t kept = rank;
      if (json_.contains("rank_pattern") && json_.at("rank_pattern").is_object())
        // "….q_proj.lora_E", or "….q_proj.lora_E.default"
        for (const auto& [key, mask] : json_.at("rank_pattern").items()) {
          if (key != m.path + ".lora_E" && !key.starts_with(m.path + ".lora_E.")) continue;
          if (!mask.is_array() || mask.size() != static_cast<Index>(rank) ||
              std::any_of(mask.begin(), mask.end(), [](const Json& on) { return !on.is_boolean(); }))
            fail(source_, ": rank_pattern of ", m.path, " is no list of init_r = ", rank, " truth values");
          kept = std::count(mask.begin(), mask.end(), Json(true));
        }
      if (kept != rank) here.options.push_back({.name = "FinalRank", .numbers = {kept}});
      expect_rank(m, ".lora_A", 0, kept, "init_r, rank_pattern");
      put(m, here);
    };
  }

  std::function<void(const Module&)> loha_or_lokr() {
    auto rules = std::make_shared<RankRules>(c_, "r", 8, "alpha", 8);
    MethodDescription part{.kind = type_ == "LOHA" ? "LoHa" : "LoKr"};
    if (flag("decompose_both")) part.options.push_back({.name = "DecomposeBoth"});
    if (const auto factor = option<double>("decompose_factor", -1); factor != -1)
      part.options.push_back({.name = "Factor", .numbers = {whole(factor, "decompose_factor")}});
    return [this, rules, part](const Module& m) {
      MethodDescription here = part;
      here.numbers = {whole(rules->rank_at(m.path), "r of " + m.path)};
      here.options.push_back(fraction("Alpha", rules->alpha_at(m.path), "alpha of " + m.path));
      if (type_ == "LOKR") expect_rank(m, ".lokr_w2_b", 0, here.numbers[0], "r, rank_pattern");
      if (type_ == "LOHA") expect_rank(m, ".hada_w1_b", 0, here.numbers[0], "r, rank_pattern");
      put(m, here);
    };
  }

  std::function<void(const Module&)> ia3() {
    auto reads = std::make_shared<NameRule>(json_, "feedforward_modules", source_);
    if (!reads->is_expression())
      for (const auto& name : reads->names())
        if (const auto targets = config_list(json_, "target_modules", source_);
            !json_.at("target_modules").is_string() && std::find(targets.begin(), targets.end(), name) == targets.end())
          fail(source_, ": feedforward_modules has \"", name, "\", which is not among target_modules");
    return [this, reads](const Module& m) {
      // Here PEFT asks for the end of a path, with or without a dot before.
      const bool reading = reads->is_expression()
                               ? reads->matches(m.path)
                               : std::any_of(reads->names().begin(), reads->names().end(),
                                             [&](const auto& name) { return m.path.ends_with(name); });
      put(m, {.kind = "IA3"}, reading ? "Reads" : "On");
    };
  }

  std::function<void(const Module&)> oft() {
    const auto rank = option<double>("r", 0),
               size = option<double>("oft_block_size", json_.contains("oft_block_size") ? 32 : 0);
    if (!json_.contains("oft_block_size"))
      fail(source_,
           ": there is no oft_block_size in it: this is an OFT of before PEFT 0.15, which is another method; PEFT does "
           "not open it either");
    if ((rank != 0) == (size != 0))
      fail(source_,
           ": of r and oft_block_size one is 0, and the other says how many blocks there are, or how large they are");
    const bool exact = !flag("use_cayley_neumann", true);
    MethodDescription part{.kind = exact ? "CayleyOFT" : "OFT",
                           .numbers = {whole(rank != 0 ? rank : size, rank != 0 ? "r" : "oft_block_size")}};
    if (rank != 0) part.options.push_back({.name = "CountsBlocks"});
    if (flag("block_share")) part.options.push_back({.name = "SharedBlock"});
    if (const auto terms = number("num_cayley_neumann_terms", 5); !exact && terms != 5)
      part.options.push_back({.name = "Terms", .numbers = {terms}});
    if (!exact && option<std::string>("peft_version", "0.0.0").starts_with("0.1") &&
        option<std::string>("peft_version", "0.0.0") < "0.18")
      reading_.notes.emplace_back(
          "use_cayley_neumann: rotations were computed slightly otherwise before PEFT 0.18, which wrote this; graft "
          "and PEFT compute them as 0.18 does");
    return [this, part](const Module& m) { put(m, part); };
  }

  std::function<void(const Module&)> boft() {
    const auto size = option<double>("boft_block_size", 4), count = option<double>("boft_block_num", 0);
    if ((size != 0) == (count != 0))
      fail(source_,
           ": of boft_block_size and boft_block_num one is 0, and the other says how large blocks are, or how many "
           "there are");
    MethodDescription part{
        .kind = "BOFT",
        .numbers = {whole(size != 0 ? size : count, size != 0 ? "boft_block_size" : "boft_block_num"),
                    number("boft_n_butterfly_factor", 1)}};
    if (count != 0) part.options.push_back({.name = "CountsBlocks"});
    // Without its CUDA extension PEFT trains one factor, and leaves the config's words as they were.
    const bool one = part.numbers[1] != 1 && c_.tensors != nullptr &&
                     std::any_of(c_.tensors->begin(), c_.tensors->end(), [](const auto& t) {
                       return t.first.ends_with(".boft_R") && !t.second.shape.empty() && t.second.shape[0] == 1;
                     });
    if (one)
      reading_.notes.push_back("boft_n_butterfly_factor is " + std::to_string(part.numbers[1]) +
                               ", and the tensors have one factor, which is read");
    if (one) part.numbers[1] = 1;
    return [this, part](const Module& m) {
      expect_rank(m, ".boft_R", 0, part.numbers[1], "boft_n_butterfly_factor");
      put(m, part);
    };
  }

  std::function<void(const Module&)> fourier_ft() {
    auto rules = std::make_shared<RankRules>(c_, "n_frequency", 1000, "scaling", 150, "n_frequency_pattern");
    const auto locations = seed("random_loc_seed", 777);
    const auto alpha = fraction("Alpha", rules->alpha, "scaling");
    return [this, rules, locations, alpha](const Module& m) {
      const auto frequencies = whole(rules->rank_at(m.path), "n_frequency of " + m.path);
      expect_rank(m, ".fourierft_spectrum", 0, frequencies, "n_frequency, n_frequency_pattern");
      put(m, {.kind = "SeededFourierFT", .numbers = {frequencies, locations}, .options = {alpha}});
    };
  }

  // ---- layers of the base that are trained
  // ---------------------------------------------------------------------------------
  void trained_whole(const ModuleRules& rules, std::vector<MethodDescription>& before,
                     std::vector<MethodDescription>& behind) {
    std::set<std::string> named;
    for (const auto& m : modules_)
      if (rules.saves(m.path)) named.insert(m.path);
    const auto saved = [&named](const std::string& path) {  // itself, or what it stands in
      return std::any_of(named.begin(), named.end(),
                         [&](const auto& whole) { return path == whole || path.starts_with(whole + "."); });
    };
    PartsOfModules parts(modules_);
    bool embedding = false, head = false;
    const bool next_token = task_of(model_) == Task::next_token, follows = ties() && rules.saves_tied_pair();
    for (const auto& m : modules_) {
      if (m.kind == ModuleKind::group || !saved(m.path)) continue;
      if (m.site.empty()) fail(source_, ": modules_to_save means ", m.path, ", which is no layer of graft's own");
      if (family_of(model_).kind == FamilyKind::pair && m.site == "TokenEmbedding")
        fail(source_, ": modules_to_save means ", m.path,
             ", of which PEFT trains a copy that neither stack of a T5 reads");
      embedding = embedding || m.site == "TokenEmbedding";
      head = head || (m.site == "Head" && next_token);
      if (!follows || m.site != "Head") unfreeze(parts, m);
    }
    if (follows && !embedding) unfreeze(parts, token_embedding());  // what one is trained, both are
    if (next_token && model_.tied_head && embedding && !head && !follows) {
      before.insert(before.begin(), MethodDescription{.kind = "UntiedHead"});
      reading_.at["the tied head"] = "on the base's weight, whatever becomes of the embedding";
    }
    for (auto& part : parts.parts()) behind.push_back(std::move(part));
  }

  void unfreeze(PartsOfModules& parts, const Module& m) {
    parts.add(m, {.kind = "Unfreeze"});
    reading_.at[m.path] = "trained whole";
  }

  void read_biases(std::vector<MethodDescription>& parts) {
    const auto bias = option<std::string>("bias", "none");
    if (bias == "none") return;
    if (bias != "all" && !bias.ends_with("_only"))
      fail(source_, ": bias is \"", bias.substr(0, 80),
           "\"; it is none, all, or of the adapted layers, like lora_only");
    PartsOfModules biased(modules_);
    bool any = false;
    for (const auto& m : modules_) {
      const bool adapted = adapted_.contains(m.path);
      if (!m.bias || m.site.empty() || (bias != "all" && !adapted)) continue;
      biased.add(m, {.kind = "Biases"});
      reading_.at["the bias of " + m.path] = "trained";
      any = true;
    }
    if (!any) reading_.notes.push_back("bias is \"" + bias + "\", and there is no such bias in this model");
    if (bias == "all" && any) return parts.push_back({.kind = "Biases"});
    for (auto& part : biased.parts()) parts.push_back(std::move(part));
  }

  PartsOfModules parts_;
  bool ties_ = false;  ///< a LoRA of the embedding is one of the head, too
  std::set<std::string> adapted_;
  AdapterReading reading_;
};

}  // namespace graft
