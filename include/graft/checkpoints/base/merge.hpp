/// \file
/// Folding what a method trained into the base weights: in place and back, or into a new Hugging Face folder.
#pragma once

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/models/parts/model.hpp>

#include <cmath>

namespace graft {

/// Whether what a method trained can be folded into the base of this type of model: not where the head shares an
/// embedding that it adapts.
template <class Model>
constexpr bool merges() {
  using Embedded = decltype(Model::token_embedding);
  constexpr bool apart = BaseLayer<Embedded> || speaks_for_tied_head<Embedded> || !offers_of<Embedded>.merges;
  if constexpr (Model::headless) return true;
  else return apart || !is_tied<decltype(Model::head)>;
}

/// Folds every trained part into its base weight, exactly in F32 storage and rounded to the storage otherwise.
/// \throws Error where a tied head would change with the embedding
template <class Model>
void merge(Model& model) {
  if (!merges<Model>())
    fail(
        "merge: the head shares the weight of the token embedding, which the method adapts: merging would change the "
        "head too; save_merged writes a model in which they are two");
  Model::each_site(model, []<class L>(auto, const Path&, L& layer) {
    if constexpr (offers_of<L>.merges) layer.merge();
  });
}

/// The same, and says what rounding the sums to the base's storage cost: the norm of the difference, as a share of the
/// norm of the merged weights, over all layers that were merged. 0 where weights are kept as F32.
template <class Model>
double merge_and_measure(Model& model) {
  std::map<std::string, std::vector<float>> exact;
  const auto each = [&model](auto&& f) {
    Model::each_site(model, [&f]<class L>(auto, const Path& path, L& layer) {
      if constexpr (offers_of<L>.merges)
        visit_base(
            layer,
            [&](const Path& name, auto& p) {
              if (name.name == "weight") f(path.str(), layer, p);
            },
            path);
    });
  };
  each([&exact](const std::string& path, auto& layer, auto& p) { exact[path] = layer.merged_weight(p.read()); });
  merge(model);
  double all = 0, apart = 0;
  each([&](const std::string& path, auto&, auto& p) {
    const auto have = p.read(), &want = exact.at(path);
    for (Index i = 0; i < have.size(); ++i) {
      const auto difference = static_cast<double>(have[i]) - static_cast<double>(want[i]);
      all += static_cast<double>(want[i]) * static_cast<double>(want[i]);
      apart += difference * difference;
    }
  });
  return all == 0 ? 0.0 : std::sqrt(apart / all);
}

template <class Model>
void unmerge(Model& model) {
  Model::each_site(model, []<class L>(auto, const Path&, L& layer) {
    if constexpr (offers_of<L>.merges) layer.unmerge();
  });
}

/// Whether text is generated much faster by the merged model: where layers do work for every pass that does not shrink
/// with its rows.
template <class Model>
constexpr bool generates_merged() {
  return any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.slow_at_few_rows; });
}

/// Whether something is trained that is no part of a weight of the base, nor replaces one: prompts, adapters, rows of
/// an embedding.
template <class L>
constexpr bool stays_beside_the_base(const L& layer) {
  if constexpr (BaseLayer<L> || offers_of<L>.merges) {
    return false;
  } else {
    Index in_base = 0;
    visit_base(layer, [&in_base](const Path&, const auto& p) { in_base += p.trainable ? p.size : 0; }, Path{});
    return trainable_parameters(layer) > in_base;
  }
}

/// Writes base and method as one plain float32 Hugging Face model that needs no adapter. Base weights are read from
/// `base`, so that nothing is lost to the storage they have in the model.
/// A method that unties the head yields a config that says so. `classes`: names of what a classifier tells apart, where
/// the base's config has others.
/// \param model   trained over this base
/// \param base    its files
/// \param folder  where it is written to
/// \param classes as said
/// \throws Error where the method does not merge, or the folder cannot be written
template <class Model>
void save_merged(const Model& model, const ModelFiles& base, const std::filesystem::path& folder,
                 const std::vector<std::string>& classes = {}) {
  require_initialized(model);
  using C = typename Model::config;
  if (any_layer<Model>([](auto, const auto& layer) { return stays_beside_the_base(layer); }))
    fail(
        "save_merged: the method trains something that is no part of a weight (a prompt, an adapter, tokens, a bias "
        "that the base lacks) and would be lost; save_adapter writes it");
  std::vector<NamedTensor> tensors;
  bool tied = C::tied_head;
  if (!merges<Model>()) {
    tied = false;
    tensors.push_back({"lm_head.weight", {C::vocabulary, C::width}, base.read(Model::embedding_name())});
  }
  Model::each_site(model, [&](auto, const Path& path, const auto& layer) {
    using L = std::remove_cvref_t<decltype(layer)>;
    if (path.str() == "lm_head" && !is_tied<L>) tied = false;
    visit_base(
        layer,
        [&](const Path& name, const auto& p) {
          NamedTensor tensor{name.str(), shape_in_files(p), {}};
          if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
            tensor.values = p.read();
          } else {
            tensor.values = base.read(base.find(tensor.name) != nullptr ? tensor.name : Model::embedding_name());
            if constexpr (offers_of<L>.starts_from_base)
              if (tensor.name == path.str() + ".weight") tensor.values = weight_under(layer, std::move(tensor.values));
            if constexpr (offers_of<L>.merges) {
              if (tensor.name == path.str() + ".weight") tensor.values = layer.merged_weight(std::move(tensor.values));
            }
            if constexpr (offers_of<L>.merges_bias) {
              if (tensor.name == path.str() + ".bias") tensor.values = layer.merged_bias(std::move(tensor.values));
            }
          }
          if (base.family().stores_by_columns(tensor.name)) {
            tensor.values = transposed(tensor.values, tensor.shape[0], tensor.shape[1]);
            std::swap(tensor.shape[0], tensor.shape[1]);
          }
          tensors.push_back(std::move(tensor));
        },
        path);
  });
  Json config = base.json();
  if (base.gguf() != nullptr) {
    StatedConfig in_file = base.config();
    in_file.vocabulary = C::vocabulary;
    config = base.family().config_of_gguf(in_file, *base.gguf());
  }
  const auto stated = stated_config_of<Model>();
  config["architectures"] = {class_in_python(stated)};
  if (const auto task = task_of(stated); task == Task::text_class || task == Task::token_class) {
    if (stated.classes == 1) config["problem_type"] = "regression";
    auto& names = config["id2label"];
    if (!classes.empty() || !names.is_object() || names.size() != stated.classes) {
      names = Json::object();
      config["label2id"] = Json::object();
      for (Index i = 0; i < stated.classes; ++i) {
        const auto name = i < classes.size() ? classes[i] : "LABEL_" + std::to_string(i);
        names[std::to_string(i)] = name;
        config["label2id"][name] = i;
      }
    }
  }
  config.erase("quantization_config");
  config.erase("dtype");
  // Transformers 4 scales what a tied head reads, and no other; 5 says it by itself
  if (const auto key = base.family().head_scale_key; !key.empty()) {
    if (tied && !C::scaled_head) {
      tied = false;
      tensors.push_back({"lm_head.weight", {C::vocabulary, C::width}, {}});
      for (const auto& tensor : tensors)
        if (tensor.name == Model::embedding_name()) tensors.back().values = tensor.values;
    } else if (!tied && C::scaled_head) {
      for (auto& tensor : tensors)
        if (tensor.name == "lm_head.weight")
          for (float& v : tensor.values) v /= std::sqrt(static_cast<float>(C::width));
    }
    config[key] = C::scaled_head && tied;
  }
  if (base.family().kind != FamilyKind::encoder) config["tie_word_embeddings"] = tied;
  config["torch_dtype"] = "float32";
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tensors);
  write_json(folder / "config.json", config);
}

}  // namespace graft
