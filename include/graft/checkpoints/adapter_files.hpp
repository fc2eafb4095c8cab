/// \file
/// Adapters as folders that Hugging Face PEFT opens: adapter_config.json and adapter_model.safetensors, both ways.
/// Methods that PEFT does not have are written as AdapterHub's library does (checkpoints/adapter_hub/adapter_hub.hpp).
#pragma once

#include <graft/checkpoints/adapter_hub/adapter_hub.hpp>
#include <graft/checkpoints/open_adapter.hpp>
#include <graft/checkpoints/peft/fallen_ranks.hpp>
#include <graft/peft/low_rank/lora.hpp>
#include <graft/peft/selective/selective.hpp>

namespace graft {

/// Whether a prompt stands around the model, or a method within it: PEFT's names of tensors begin with one or the
/// other.
template <class Model>
constexpr bool has_prompt() {
  return any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.prompt; });
}
/// The same of trained tokens: beside LoRA PEFT puts them in a module of their own.
template <class Model>
constexpr bool has_lora() {
  return any_layer<Model>([]<class L>(auto, const L&) { return method_offers<method_of<L>>.low_rank; });
}

/// A path as the class in Python has it: one without a head is what the others have under a name.
template <class Model>
std::string path_in_python(const Path& path) {
  const std::string name = path.str();
  return std::string_view(Model::task_type) == "FEATURE_EXTRACTION" ? name.substr(name.find('.') + 1) : name;
}

/// Calls f(name in an adapter file, parameter) for what files hold of the layers that it is shown.
template <class M, class F>
struct EachSaved {
  F& f;  ///< what is called

  template <Site S, class L>
  void operator()(S, const Path& site, L& layer) const {
    constexpr const char* inside = has_prompt<M>() ? "base_model." : "base_model.model.";
    if constexpr (offers_of<std::remove_const_t<L>>.encoded) {
      f(std::string("prompt_embeddings"), layer.prompt);
    } else {
      const std::string at_site = path_in_python<M>(site), root = site.str().substr(0, site.str().find('.')) + ".";
      const auto give = [&]<class P>(const Path& path, P& p, bool of_base) {
        if constexpr (P::saved && !P::shared) {
          const bool in_model = path.str().starts_with(root);
          std::string name = in_model ? path_in_python<M>(path) : path.str();
          if (const auto at = name.find(".trainable_tokens_delta"); at != std::string::npos && has_lora<M>())
            name.insert(at, ".token_adapter");
          if (of_base) name.insert(at_site.size(), ".base_layer");
          f(in_model ? inside + name : name, p);
        }
      };
      std::set<const void*> of_base;
      if constexpr (AroundBase<L>)
        visit_base(
            layer,
            [&](const Path& path, auto& p) {
              of_base.insert(&p);
              give(path, p, true);
            },
            site);
      std::remove_const_t<L>::visit(
          layer,
          [&](const Path& path, auto& p) {
            if (!of_base.contains(&p)) give(path, p, false);
          },
          site);
    }
  }
};

/// Calls f(name in an adapter file, parameter) for what files hold of a model: its trained parameters, but of an
/// encoder what it yields.
template <class Model, class F>
void visit_saved(Model& model, F&& f) {
  using M = std::remove_const_t<Model>;
  M::each_site(model, EachSaved<M, std::remove_reference_t<F>>{f});
}

/// What of the model an adapter's files hold, as numbers and words.
template <class Model>
AdapterSummary summarize_adapter(const Model& model) {
  using C = typename Model::config;
  AdapterSummary summary{.task_type = Model::task_type};
  bool follows = false;
  Model::each_site(model, [&]<class S>(S, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    const std::string name = path_in_python<Model>(path);
    Module module{.path = name, .site = S::site, .block = block_among_all<C>(name)};
    bool weight_trained = false, bias_trained = false;
    visit_base(
        layer,
        [&](const Path& at, const auto& p) {
          using P = std::remove_cvref_t<decltype(p)>;
          if (at.name == "bias") {
            module.bias = true;
            bias_trained = P::trainable;
          } else {
            constexpr bool matrix = P::extents.size() > 1;
            module.out = matrix ? P::rows : P::columns;
            module.in = matrix ? P::columns : 0;
            weight_trained = weight_trained || P::trainable;
          }
        },
        path);
    if constexpr (is_tied<L>) {
      module.out = L::out, module.in = L::in;
      follows = true;
    }
    constexpr bool embeds = std::is_same_v<S, TokenEmbedding> || std::is_same_v<S, PositionEmbedding> ||
                            std::is_same_v<S, TokenTypeEmbedding> || std::is_same_v<S, RelativeBias>;
    module.kind = embeds ? ModuleKind::embedding : module.in == 0 ? ModuleKind::norm : ModuleKind::linear;
    const bool has_bias = module.bias;
    if (module.out > 0) summary.modules.push_back(std::move(module));
    if (has_bias && !weight_trained) {
      summary.biases.push_back(name);
      if (bias_trained) summary.biased.push_back(name);
    }
    if constexpr (BaseLayer<L>) {
      if (weight_trained) summary.trained.push_back(name);
    } else if constexpr (!method_offers<method_of<L>>.tokens.empty()) {
      summary.tokens = {L::method::tokens.begin(), L::method::tokens.end()};
      summary.tokens_of = name;
    } else {
      using M = method_of<L>;
      constexpr MethodOffers offers = method_offers<M>;
      constexpr const char* type = offers.peft_type != nullptr ? offers.peft_type : "GRAFT";
      if (!summary.type.empty() && type != summary.type)
        fail("an adapter folder of PEFT holds one method; this model has ", summary.type, " and ", type);
      summary.type = type;
      AdapterSummary::Layer entry{.path = name, .options = Json::object(), .embeds = embeds};
      if constexpr (offers.peft_type != nullptr) {
        M::template each_option<C>(InJson{entry.options});
        if constexpr (offers.formalities) M::each_formality(InJson{summary.formalities});
        entry.also_listed = offers_of<L>.also_listed;
        summary.lists_modules = offers.lists_modules;
      }
      summary.adapted.push_back(std::move(entry));
    }
  });
  summary.tied_head = follows;
  add_groups(summary.modules);
  if constexpr (Model::family::stores_by_columns)  // PEFT knows by the layer, and warns where a config says otherwise
    for (const std::string_view type : {"LORA", "IA3", "VERA", "ADALORA", "FOURIERFT", "RANDLORA", "SHIRA", "BOFT"})
      if (summary.type == type) {
        for (auto& layer : summary.adapted) layer.options.erase("fan_in_fan_out");
        summary.formalities["fan_in_fan_out"] = true;
      }
  return summary;
}

/// Calls f(name in an adapter file, weight) for frozen weights of the base that PEFT may repeat there: of an embedding
/// or a head that a method adapts, or of which a vocabulary was resized.
template <class Model, class F>
void each_repeated_base(Model& model, F&& f) {
  std::remove_const_t<Model>::each_site(model, [&f]<class S>(S, const Path& path, auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if constexpr (std::is_same_v<S, TokenEmbedding> || std::is_same_v<S, Head>)
      visit_base(
          layer,
          [&](const Path& at, auto& p) {
            if constexpr (!std::remove_cvref_t<decltype(p)>::trainable)
              f("base_model.model." + path_in_python<std::remove_const_t<Model>>(path) +
                    (BaseLayer<L> ? "." : ".base_layer.") + std::string(at.name),
                p);
          },
          path);
  });
}

/// Throws where a folder has no words for what a model trains, so that it could not be saved or not be opened again: to
/// be asked before training.
template <class Model>
void check_saving(const Model& model) {
  if constexpr (uses_adapter_hub<Model>()) hub_parts(model);
  else check_saving(summarize_adapter(model), stated_config_of<Model>());
}

/// What is to be written of a model's adapter: the ranks that training has left among it (see
/// AdapterSummary::Layer::kept).
template <class Model>
AdapterSummary summarize_finished(const Model& model) {
  AdapterSummary summary = summarize_adapter(model);
  Model::each_site(model, [&summary]<class L>(auto, const Path& path, const L& layer) {
    if constexpr (offers_of<L>.ranks_fall)
      for (auto& entry : summary.adapted)
        if (entry.path == path_in_python<Model>(path)) entry.kept = layer.weights.kept();
  });
  state_final_ranks(summary);
  return summary;
}

/// The adapter_config.json of a model's adapter. Throws where PEFT's has no words for what the model trains.
template <class Model>
Json adapter_config(const Model& model, const std::string& base_name = "") {
  return adapter_config(summarize_finished(model), base_name);
}

/// For `visit_saved`: gathers one member's tensors.
template <class Model>
struct MemberTensors {
  std::vector<NamedTensor>& all;  ///< where they are put
  Index member;                   ///< whose they are

  template <class P>
  void operator()(const std::string& name, const P& p) const {
    all.push_back(member_tensor<Model>(name, p, member));
  }
};

/// The trained parameters of a model, or of one member of a bank, under their names in an adapter file; what a summary
/// says that training has dropped is left out.
template <class Model>
std::vector<NamedTensor> adapter_tensors(const Model& model, Index member, const AdapterSummary& summary) {
  std::vector<NamedTensor> tensors;
  visit_saved(model, MemberTensors<Model>{tensors, member});
  for (auto& tensor : tensors)
    if (const FallenRanks fallen(summary, tensor.name); fallen) fallen.take_out_of(tensor);
  return tensors;
}
/// The tensors of an adapter's file, in the order of `visit`; of a bank, those of one member.
template <class Model>
std::vector<NamedTensor> adapter_tensors(const Model& model, Index member = 0) {
  return adapter_tensors(model, member, summarize_finished(model));
}

/// The name in files of a matrix that layers share.
inline std::string shared_name(const Path& path) { return "base_model." + std::string(path.name); }

/// Frozen matrices that all layers of a method use a part of and files hold, whole and under their names there.
template <class Model>
std::map<std::string, NamedTensor> shared_tensors(const Model& model) {
  std::map<std::string, NamedTensor> shared;
  Model::visit(model, [&shared]<class P>(const Path& path, const P& p) {  // the largest part is the whole
    if constexpr (P::shared && P::saved) {
      const std::string name = shared_name(path);
      auto& tensor = shared[name];
      constexpr Index last = P::last_extent;
      const auto shape =
          last == 0 ? std::vector<Index>{P::rows, P::columns} : std::vector<Index>{P::rows, P::columns / last, last};
      if (tensor.values.size() < P::size) tensor = {name, shape, p.read()};
    }
  });
  // Where PEFT's whole is more than any layer uses, the rest is as it would have been drawn.
  const auto longest = longest_sides(model);
  Model::each_site(model, [&shared, longest]<class L>(auto, const Path&, const L& layer) {
    if constexpr (offers_of<L>.has_whole)
      layer.weights.each_whole(
          longest[0], longest[1], [&](std::string_view name, Index rows, Index columns, Index last) {
            auto& part = shared.at(shared_name(Path{nullptr, name}));
            if (part.values.size() == rows * columns) return;
            NamedTensor whole{part.name, {rows, columns / last, last}, std::vector<float>(rows * columns)};
            const Index had = part.values.size() / part.shape[0];
            for (Index i = 0; i < rows; ++i)
              for (Index j = 0; j < columns; ++j)
                whole.values[i * columns + j] =
                    i < part.shape[0] && j < had ? part.values[i * had + j] : layer.weights.drawn(name, i, j);
            part = std::move(whole);
          });
  });
  return shared;
}

/// Writes what the method trained, or one member of a bank. The folder appears whole: weights first, the config, which
/// makes it an adapter, last.
/// \param model     whose trained parameters are written
/// \param folder    where it is written to
/// \param base_name what the config calls the base
/// \param member    which adapter of a bank
/// \throws Error    where the folder cannot be written, or the model has no weights yet
template <class Model>
void save_adapter(const Model& model, const std::filesystem::path& folder, const std::string& base_name = "",
                  Index member = 0) {
  static_assert(Model::trainable_parameters > 0,
                "graft: save_adapter: this model's method trains nothing, so there is nothing to save");
  check_member<Model>(member, "save_adapter");
  require_initialized(model);
  if constexpr (uses_adapter_hub<Model>()) return save_hub_adapter(model, folder, base_name, "", member);
  const auto summary = summarize_finished(model);
  const Json config = graft::adapter_config(summary, base_name);
  std::filesystem::create_directories(folder);
  auto tensors = adapter_tensors(model, member, summary);
  for (auto& [name, tensor] : shared_tensors(model)) tensors.push_back(std::move(tensor));
  add_tied_head(tensors, summary, config);
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  write_json(folder / "adapter_config.json", config);
}

/// Reads an adapter folder into a model whose method made the same parameters. What stands at each module must agree
/// with the config's words, and names with the tensors; otherwise one error names all that do not, and nothing is
/// changed. Where AdaLoRA's schedule has left fewer ranks than the type has, the others are zero.
/// \param model  of a type whose method is the adapter's
/// \param folder of PEFT or AdapterHub
/// \param member which adapter of a bank is read
/// \throws Error that names every module that does not agree
template <class Model>
void load_adapter(Model& model, const std::filesystem::path& folder, Index member = 0) {
  check_member<Model>(member, "load_adapter");
  if constexpr (uses_adapter_hub<Model>()) return load_hub_adapter(model, folder, member);
  const auto summary = summarize_adapter(model);
  OpenAdapter adapter(folder, summary, stated_config_of<Model>());
  visit_saved(model, [&](const std::string& name, const auto& p) { adapter.expect(name, member_shape<Model>(p)); });
  for (const auto& [name, tensor] : shared_tensors(model)) adapter.expect_at_least(name, tensor.shape);
  each_repeated_base(model,
                     [&](const std::string& name, const auto& p) { adapter.may_repeat(name, shape_in_files(p)); });
  adapter.finish();
  visit_saved(model, [&](const std::string& name, auto& p) { assign_member<Model>(p, adapter.values(name), member); });
  each_repeated_base(model, [&](const std::string& name, auto& p) {
    if (adapter.has(name)) p.assign(adapter.values(name));
  });
  SharedParts parts;
  Model::visit(model, [&]<class P>(const Path& path, P& p) {
    if constexpr (P::shared && P::saved)
      parts.give(p, shared_name(path), [&] { return adapter.upper_left(shared_name(path), P::rows, P::columns); });
  });
}

}  // namespace graft
