/// \file
/// A family of models as its files have it: one value says how config.json and GGUF metadata are read, what config
/// structs and config files are written, what names layers have, in which order rows lie, and what the family lacks.
/// Each family has one, in the header of its name beside this one; all of them: checkpoints/families/families.hpp. Its
/// types are in models/families/.
#pragma once

#include <graft/checkpoints/base/stated_config.hpp>
#include <graft/io/gguf.hpp>
#include <graft/io/json.hpp>
#include <graft/text/tokenizers/vocabulary_habits.hpp>

#include <span>

namespace graft {

class ConfigJson;
class ConfigStruct;
class ModuleList;

/// Which stacks of blocks a family's models have.
enum class FamilyKind {
  decoder,  ///< tokens see what stands before them: it predicts the next one, unless a head says otherwise
  encoder,  ///< tokens see all of their text; positions have an embedding
  pair      ///< an encoder for a source and a decoder for its target
};

struct FamilyDescription {
  std::string_view name{};       ///< model_type in config.json, general.architecture in GGUF
  std::string_view type{};       ///< of graft's own templates, and of the defaults of its config structs
  std::string_view header{};     ///< of these: models/families/<header>/<header>.hpp
  std::string_view in_python{};  ///< what Transformers' classes begin with
  FamilyKind kind = FamilyKind::decoder;

  /// Reads config.json. \throws Error that names an option which the family's type does not have
  void (*read)(ConfigJson&) = nullptr;
  /// The members of its config struct beyond those of all; null: none.
  void (*write)(ConfigStruct&, const StatedConfig&) = nullptr;
  /// Its modules, as Hugging Face names them.
  void (*list_modules)(ModuleList&) = nullptr;
  /// Reads GGUF metadata, and writes what it says as config.json; null: it is not read from GGUF.
  StatedConfig (*read_gguf)(const Gguf&) = nullptr;
  Json (*config_of_gguf)(const StatedConfig&, const Gguf&) = nullptr;

  using Names = std::span<const std::string_view>;
  std::string_view root = "model";  ///< what the names of its modules begin with; that of models of answers:
  std::string_view answering_root = "model";
  std::string_view embedding = "model.embed_tokens";
  Names block_beginnings{};  ///< of names of tensors; a block's number stands behind each
  Names part_beginnings{};   ///< of names outside of blocks
  Names head_beginnings{};   ///< of those that several families' models have
  Names told_by{};           ///< parts of names, one of which tells it from the first family with the same beginnings,
  std::string_view told_with{};  ///< where this part is in names, too
  /// Parts of names in Hugging Face's files, and in GGUF's.
  std::span<const std::pair<std::string_view, std::string_view>> gguf_names{};

  Names columns_first{};             ///< endings of the names of weights that are stored (In,Out)
  bool gguf_reorders_heads = false;  ///< GGUF has the rows of queries and keys in another order, head by head
  bool ties_head = false;            ///< its heads are the embedding, unless a config says otherwise
  std::string_view
      head_scale_key{};  ///< says whether a tied head reads h/√C; beside it "tie_word_embeddings" is true of any
  bool queries_of_own_width = true;  ///< and not of the model's
  bool pools_in_head = false;        ///< a classifier's pooler belongs to its head, which is new to a base
  bool lacks_answers = false;        ///< Transformers has no class of it that finds answers
  std::pair<Task, std::string_view> class_apart{};  ///< a class of Transformers that is named otherwise than others
  VocabularyHabits vocabulary{};

  /// Its header as programs include it.
  [[nodiscard]] std::string path() const {
    return "graft/models/families/" + std::string(header) + "/" + std::string(header) + ".hpp";
  }
  /// Whether a weight of this name is stored (In,Out).
  [[nodiscard]] bool stores_by_columns(std::string_view weight) const {
    return std::any_of(columns_first.begin(), columns_first.end(),
                       [&](std::string_view ending) { return weight.ends_with(ending); });
  }
  /// "model.layers.3.self_attn.q_proj.weight" → "blk.3.attn_q.weight"
  [[nodiscard, gnu::cold]] std::string gguf_name(std::string name_here) const {
    for (const auto& [from, to] : gguf_names)
      if (const auto at = name_here.find(from); at != std::string::npos && (at == 0 || name_here[at - 1] == '.'))
        name_here.replace(at, from.size(), to);
    return name_here;
  }
};

/// All families, in the order in which people read of them (checkpoints/families/families.hpp).
[[nodiscard]] std::span<const FamilyDescription> model_families();
/// The family of a name. \throws Error that says whose it is, and which families there are
[[nodiscard]] const FamilyDescription& model_family(std::string_view name, const std::string& source);
[[nodiscard]] inline const FamilyDescription& family_of(const StatedConfig& c) {
  return model_family(c.family, "config");
}
/// What a model is for, as its class in config.json says, or its family.
[[nodiscard]] Task task_of(const StatedConfig& c);
/// The class that Transformers has for such a model.
[[nodiscard]] std::string class_in_python(const StatedConfig& c);

/// The first family of a kind, which stands for it where nothing tells more.
[[nodiscard, gnu::cold]] inline const FamilyDescription& first_family(FamilyKind kind) {
  const auto all = model_families();
  return *std::find_if(all.begin(), all.end(), [kind](const auto& family) { return family.kind == kind; });
}
/// "gpt2, roberta and qwen2": those that p holds for.
template <class P>
[[nodiscard, gnu::cold]] std::string families_where(const P& p) {
  std::vector<std::string_view> names;
  for (const auto& family : model_families())
    if (p(family)) names.push_back(family.name);
  std::string all;
  for (Index i = 0; i < names.size(); ++i)
    all += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + std::string(names[i]);
  return all;
}

}  // namespace graft
