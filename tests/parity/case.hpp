// One case of a parity folder (see the README there): what PyTorch computed, against graft.
#pragma once

#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/peft.hpp>
#include <graft/text/example.hpp>
#include <graft/train/trainer.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace parity {

using namespace graft;

struct Rows {
  Batch batch;
  std::vector<Index> positions;  ///< of each packed token in the padded (rows, columns)
  Index columns = 0;
};

/// The padded rows, packed.
inline Rows read_rows(const SafetensorsFile& file, ExampleKind kind) {
  const auto integers = [&file](const char* name) { return to_integers(file.tensors.at(name), name); };
  const auto& shape = file.tensors.at("input_ids").shape;
  const auto ids = integers("input_ids"), mask = integers("attention_mask");
  const bool answers = kind == ExampleKind::answer, numbers = kind == ExampleKind::text_number;
  const auto labels = answers || numbers ? std::vector<std::int64_t>{} : integers("labels");
  const auto values = numbers ? to_floats(file.tensors.at("labels"), "labels") : std::vector<float>{};
  const Index label_columns =
      answers || numbers || kind == ExampleKind::text_class ? 1 : file.tensors.at("labels").shape[1];
  Rows rows;
  rows.columns = shape[1];
  for (Index r = 0; r < shape[0]; ++r) {
    std::vector<Id> row, row_labels, padding;
    for (Index t = 0; t < shape[1]; ++t) {
      const Index at = r * shape[1] + t;
      if (mask[at] == 0) {
        padding.push_back(static_cast<Id>(ids[at]));
        if (!answers) continue;
      } else {
        row.push_back(static_cast<Id>(ids[at]));
      }
      if (label_columns == shape[1]) row_labels.push_back(static_cast<Id>(labels[at]));
      rows.positions.push_back(at);
    }
    if (kind == ExampleKind::pair) {
      row_labels.clear();
      for (Index t = 0; t < label_columns; ++t) row_labels.push_back(static_cast<Id>(labels[r * label_columns + t]));
      rows.batch.append_pair(row, row_labels);
    } else if (kind == ExampleKind::text_class) {
      rows.batch.append_class(row, static_cast<Id>(labels[r]));
    } else if (numbers) {
      rows.batch.append_number(row, values[r]);
    } else if (answers) {  // Transformers seeks places among the padding, too
      rows.batch.append_answer(row, static_cast<Index>(integers("start_positions")[r]),
                               static_cast<Index>(integers("end_positions")[r]));
      if (!padding.empty()) rows.batch.append_padding(padding);
    } else if (kind == ExampleKind::next_token) {
      rows.batch.append(row, row_labels);
    } else {
      rows.batch.append_labelled(row, row_labels);
    }
  }
  if (kind == ExampleKind::pair) {  // a decoder's rows are all there
    rows.columns = label_columns;
    rows.positions.resize(rows.batch.tokens.size());
    for (Index i = 0; i < rows.positions.size(); ++i) rows.positions[i] = i;
  }
  return rows;
}

/// PyTorch's name of a parameter in training → ours.
inline std::string our_name(std::string name) {
  for (const char* part :
       {"base_model.model.", "base_model.", ".default", ".modules_to_save", ".token_adapter", ".base_layer"})
    if (const auto at = name.find(part); at != std::string::npos) name.erase(at, std::string(part).size());
  // AdapterHub has one prefix, under the names of all layers.
  if (const auto at = name.find(".prefix_tuning.pool."); at != std::string::npos) {
    const bool two_stacks = name.starts_with("encoder.block.") || name.starts_with("decoder.block.");
    name = (two_stacks ? "" : name.substr(0, name.find('.') + 1)) + "prefix_tuning." + name.substr(at + 20);
  }
  if (name.ends_with("lora_magnitude_vector.weight")) name.erase(name.rfind('.'));
  return name;
}

/// The rows of a prompt without an encoder are the encoder's table to PyTorch.
inline std::string plain_prompt(const std::string& name) {
  return our_name(name) == "prompt_encoder.embedding.weight" ? "prompt_embeddings" : "";
}

/// A tensor of PyTorch's as graft has it: GPT-2's linear layers are stored by columns there.
template <class Model>
std::vector<float> as_ours(const StoredTensor& tensor, const std::string& name) {
  auto values = to_floats(tensor, name);
  return model_family(Model::family::template model_type<typename Model::config>, name).stores_by_columns(name) &&
                 tensor.shape.size() == 2
             ? transposed(values, tensor.shape[0], tensor.shape[1])
             : values;
}

/// A method's parameters as the folder has them at the first step, where the adapter's file does not hold them.
template <class Model>
void read_parameters(Model& model, const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return;
  const SafetensorsFile file(path);
  Model::visit(model, [&file](const Path& at, auto& p) {
    for (const auto& [name, tensor] : file.tensors)
      if (our_name(name) == at.str() || plain_prompt(name) == at.str()) p.assign(as_ours<Model>(tensor, name));
  });
}

template <class Model>
double largest_logit_difference(const Model& model, const Rows& rows, const StoredTensor& expected) {
  using B = typename Model::backend;
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto batch = Model::prepared(rows.batch);
  const auto placed = place(tape, batch);
  const auto wanted = to_floats(expected, "logits");
  double worst = 0;
  const auto compare = [&worst](float have, float want) {
    const double apart = std::abs(static_cast<double>(have) - static_cast<double>(want));
    if (!(apart <= worst)) worst = apart;
  };
  if constexpr (requires { model.logits(tape, placed); }) {  // of texts
    const auto logits = model.logits(tape, placed);
    const auto found = download<B>(logits.data, logits.size());
    BOOST_REQUIRE(found.size() == wanted.size());
    for (Index i = 0; i < found.size(); ++i) compare(found[i], wanted[i]);
  } else {
    const auto logits = model.logits(tape, model.hidden(tape, placed));
    const auto found = download<B>(logits.data, logits.size());
    const Index prompt = Model::ahead.text.count;
    for (Index t = 0; t < rows.positions.size(); ++t) {
      // PyTorch repeats a soft prompt in every row
      const Index at = rows.positions[t] + prompt * (rows.positions[t] / rows.columns + 1);
      for (Index v = 0; v < logits.columns; ++v)
        compare(found[(prompt + t) * logits.columns + v], wanted[at * logits.columns + v]);
    }
  }
  return worst;
}

/// Whether files hold what an encoder yields in place of its parameters.
template <class Model>
constexpr bool has_encoder() {
  return any_layer<Model>([]<class L>(auto, const L&) { return offers_of<L>.encoded; });
}

/// Whether a name is of a weight of the base, or of what all layers share: PEFT repeats these, graft does not.
inline bool is_repeated(const std::string& name, const SafetensorsFile& file) {
  if (name.starts_with("base_model.model.lm_head."))  // of a tied head, what the embedding has
    for (const auto& [other, tensor] : file.tensors)
      if (other != name && other.substr(other.rfind('.')) == name.substr(name.rfind('.')) &&
          to_floats(tensor, other) == to_floats(file.tensors.at(name), name))
        return true;
  return name.ends_with(".base_layer.weight") || name.find(".modules_to_save.") != name.npos ||
         name.find(".original_module.") != name.npos ||
         file.tensors.contains("base_model." + name.substr(name.rfind('.') + 1));
}

/// The method without a prefix of AdapterHub's.
template <class M>
struct WithoutPrefix {
  using type = M;
};
template <Index N, Index Hidden, class Name, class... Rest>
struct WithoutPrefix<Methods<HubPrefixTuning<N, Hidden, Name>, Rest...>> {
  using type = Methods<Rest...>;
};
template <class First, class... Rest>
struct WithoutPrefix<Methods<First, Rest...>> {
  using type = Methods<typename WithoutPrefix<First>::type, Rest...>;
};
/// adapters 1.3.0 hides the prefix where Transformers' attention mask is boolean (it inverts the prefix's part, and
/// True means visible there): such a case says what the model does without one, and every gradient of the prefix in it
/// is exactly zero.
inline bool prefix_was_hidden(const SafetensorsFile& gradients) {
  bool any = false, all_zero = true;
  for (const auto& [name, tensor] : gradients.tensors) {
    if (name.find("prefix_tuning") == std::string::npos) continue;
    any = true;
    for (const float g : to_floats(tensor, name)) all_zero = all_zero && g == 0.0F;
  }
  return any && all_zero;
}

/// torch.nn.utils.parametrizations.orthogonal multiplies by its parameter's diagonal truncated to integers: after one
/// step of weight decay ±1 is 0, the projection of LoReFT is zero, and from then on a case's losses are the base's.
inline bool projection_vanishes(const SafetensorsFile& gradients) {
  return std::any_of(gradients.tensors.begin(), gradients.tensors.end(), [](const auto& t) {
    return t.first.find("parametrizations.weight.original") != std::string::npos;
  });
}

/// Makes it vanish here too.
template <class Model>
void vanish(Model& model) {
  Model::each_site(model, [](auto, const Path&, auto& layer) {
    if constexpr (requires { layer.first.rotation; })
      for (auto* unit : {&layer.first, &layer.last})
        unit->rotation.assign(std::vector<float>(unit->rotation.size, 0.0F));
  });
}

/// HF PEFT puts a LoRA on T5's `shared` where neither stack looks: they hold the embedding itself, and only merging
/// changes it. Such a case has no gradient of it.
inline bool embedding_is_bypassed(const std::filesystem::path& adapter, const SafetensorsFile& gradients) {
  const auto mentions = [](const auto& t) { return t.first.find("lora_embedding") != std::string::npos; };
  return std::filesystem::exists(adapter) && std::ranges::any_of(SafetensorsFile(adapter).tensors, mentions) &&
         std::ranges::none_of(gradients.tensors, mentions);
}
/// Switches it off here too: merged, over the base as it was.
template <class Model>
void bypass(Model& model) {
  if constexpr (requires { model.token_embedding.merge(); }) {
    const auto rows = model.token_embedding.weight.read();
    model.token_embedding.merge();
    model.token_embedding.weight.assign(rows);
  }
}

/// The loss, the gradients, and the losses before and after three steps of AdamW.
struct Trained {
  double loss = 0;
  std::vector<std::string> paths{};
  std::vector<std::vector<float>> gradients{};
  std::vector<double> losses{};
};
template <class Model>
Trained train(Model& model, const Batch& given, bool vanishes) {
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F, .weight_decay = 0.01F}, {.clip_norm = 0});
  const Batch batch = Model::prepared(given);
  const float share = 1.0F / static_cast<float>(batch.targets.size());
  const auto gradient = [&] {
    return trainer.gradient(batch, share) * static_cast<double>(share) + trainer.regularize();
  };
  Trained found{.loss = gradient()};
  for (const auto& slot : trainer.slots()) {
    found.paths.push_back(slot.path);
    found.gradients.push_back(download<typename Model::backend>(slot.gradient, slot.size));
  }
  trainer.clear_gradients();
  for (Index step = 0; step < 3; ++step) {
    found.losses.push_back(trainer.step(given).loss);
    if (vanishes) vanish(model);
  }
  found.losses.push_back(gradient());
  return found;
}
/// Moves every trained parameter by about what rounding it does: by how much results move then, no two libraries need
/// agree.
template <class Model>
void move_by_rounding(Model& model) {
  std::uint64_t stream = 0;
  Model::visit(model, [&stream](const Path&, auto& p) {
    if constexpr (std::remove_cvref_t<decltype(p)>::trainable) {
      auto values = p.read();
      ++stream;
      for (Index i = 0; i < values.size(); ++i) values[i] *= 1.0F + 1.2e-7F * standard_normal({3, stream}, i);
      p.assign(values);
    }
  });
}
inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (Index i = 0; i < a.size(); ++i) {
    const double apart = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(apart <= worst)) worst = apart;
  }
  return worst;
}

template <class Model>
void run(const std::filesystem::path& base, const std::filesystem::path& folder) {
  const SafetensorsFile inputs(folder / "inputs.safetensors"), expected(folder / "expected.safetensors"),
      gradients(folder / "gradients.safetensors");
  using Shown = typename WithoutPrefix<typename Model::method>::type;
  if constexpr (!std::is_same_v<Shown, typename Model::method>)
    if (prefix_was_hidden(gradients)) return run<typename Model::template of<Shown>>(base, folder);

  const bool bypassed = embedding_is_bypassed(folder / "adapter_model.safetensors", gradients);
  const auto opened = [&](const std::filesystem::path& adapter) {
    auto model = load<Model>(base, 0, {.resized_vocabulary = true});
    load_adapter(model, adapter);
    if (bypassed) bypass(model);
    return model;
  };
  const bool has_adapter = std::filesystem::exists(folder / "adapter_model.safetensors");
  auto model = has_adapter ? opened(folder) : load<Model>(base);
  if (!has_adapter) read_parameters(model, folder / "parameters.safetensors");
  const Rows rows = read_rows(inputs, example_kind<Model>());
  BOOST_TEST(largest_logit_difference(model, rows, expected.tensors.at("logits")) < 1e-4);

  if (expected.tensors.contains("merged_logits") && !merges<Model>()) {
    BOOST_CHECK_THROW(merge(model), Error);
  } else if (expected.tensors.contains("merged_logits")) {
    auto merged = load<Model>(base, 0, {.resized_vocabulary = true});
    load_adapter(merged, folder);
    merge(merged);
    // Where PEFT merges a LoRA of a tied head it changes the embedding, too, and then its own logits: those of before
    // are right. An embedding that it passes by works only once it is merged.
    const double changed = largest_difference(to_floats(expected.tensors.at("merged_logits"), "merged_logits"),
                                              to_floats(expected.tensors.at("logits"), "logits"));
    BOOST_TEST(largest_logit_difference(
                   merged, rows, expected.tensors.at(changed > 1e-2 && !bypassed ? "logits" : "merged_logits")) < 1e-4);
  }
  if (has_adapter) {
    const auto out = std::filesystem::temp_directory_path() / ("graft-parity-" + std::to_string(::getpid()));
    save_adapter(model, out);
    const SafetensorsFile ours(out / "adapter_model.safetensors"), theirs(folder / "adapter_model.safetensors");
    for (const auto& [name, tensor] : theirs.tensors) {
      if (!ours.tensors.contains(name) && is_repeated(name, theirs)) continue;
      BOOST_REQUIRE(ours.tensors.contains(name));
      BOOST_TEST(to_floats(ours.tensors.at(name), name) == to_floats(tensor, name), boost::test_tools::per_element());
    }
    const auto again = opened(out);
    BOOST_TEST(largest_logit_difference(again, rows, expected.tensors.at("logits")) < 1e-4);
    std::filesystem::remove_all(out);
  }

  const bool vanishes = projection_vanishes(gradients);
  const auto trained = [&](bool moved) {
    // what came from the file of an encoder's rows cannot be trained on
    auto first = has_adapter && !has_encoder<Model>() ? opened(folder) : load<Model>(base);
    read_parameters(first, folder / "parameters.safetensors");
    if (moved) move_by_rounding(first);
    return train(first, rows.batch, vanishes);
  };
  const Trained found = trained(false), moved = trained(true);
  BOOST_TEST(std::abs(found.loss - static_cast<double>(to_floats(expected.tensors.at("loss"), "loss")[0])) < 1e-5);
  Index compared = 0;
  for (const auto& [name, tensor] : gradients.tensors) {
    if (Model::ahead.keys == 0 && name.find("prefix_tuning") != std::string::npos) continue;
    const auto slot = static_cast<Index>(
        std::ranges::find_if(found.paths,
                             [&](const auto& path) { return path == our_name(name) || path == plain_prompt(name); }) -
        found.paths.begin());
    BOOST_REQUIRE_MESSAGE(slot < found.paths.size(), "no trained parameter " << our_name(name));
    const auto wanted = as_ours<Model>(tensor, name);
    BOOST_REQUIRE(wanted.size() == found.gradients[slot].size());
    double largest = 0;
    for (const float w : wanted) largest = std::max(largest, std::abs(static_cast<double>(w)));
    const double worst = largest_difference(wanted, found.gradients[slot]),
                 rounding = 10 * largest_difference(moved.gradients[slot], found.gradients[slot]);
    BOOST_TEST(worst < std::max({1e-6, 1e-4 * largest, rounding}), name << ": off by " << worst
                                                                        << " where the largest entry is " << largest
                                                                        << " and rounding allows " << rounding);
    ++compared;
  }
  BOOST_TEST(compared == found.paths.size() - (bypassed ? 2 : 0));

  const auto losses = to_floats(expected.tensors.at("loss_after_adamw_steps"), "losses");
  BOOST_REQUIRE(losses.size() == found.losses.size());
  for (Index i = 0; i < losses.size(); ++i) {
    const double rounding = 10 * std::abs(moved.losses[i] - found.losses[i]);
    BOOST_TEST(
        std::abs(found.losses[i] - static_cast<double>(losses[i])) < std::max(1e-4, rounding),
        "loss " << i << ": " << found.losses[i] << ", PyTorch " << losses[i] << ", rounding allows " << rounding);
  }
}

}  // namespace parity
