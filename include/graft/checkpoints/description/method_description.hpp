/// \file
/// A method as data: what its type says, without the type. It is read from a type's text
/// (checkpoints/description/method_text.hpp), from graft.json (checkpoints/description/method_json.hpp) and from
/// adapters' configs (checkpoints/peft/peft_config.hpp, checkpoints/adapter_hub/hub_config.hpp), and programs are
/// compiled from nothing else: every name in one is a name of the lists below.
#pragma once

#include <graft/core/error.hpp>
#include <graft/core/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft {

/// An option of a method: `Alpha<16>`, `On<Query, Value>`, `Named<"law">`, `RankStabilized`.
struct MethodOption {
  std::string name;
  std::vector<std::int64_t> numbers{};
  std::vector<std::string> sites{};
  std::string text{};
  bool operator==(const MethodOption&) const = default;
};

/// A method: its kind, its numbers in the order of the type's, its options, and the methods that it is made of.
struct MethodDescription {
  std::string kind;
  std::vector<std::int64_t> numbers{};
  std::vector<MethodOption> options{};
  std::vector<MethodDescription> parts{};
  bool operator==(const MethodDescription&) const = default;

  [[nodiscard]] const MethodOption* option(std::string_view name) const {
    const auto found = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.name == name; });
    return found == options.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool has(std::string_view name) const { return option(name) != nullptr; }
  /// Whether f(part) holds for it, or for a part of it.
  template <class F>
  [[nodiscard]] bool any(const F& f) const {
    return f(*this) || std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part.any(f); });
  }
};

/// What stands in an option's angle brackets.
enum class OptionArguments { none, numbers, sites, text };

struct OptionForm {
  std::string_view name;
  OptionArguments arguments = OptionArguments::none;
  Index least = 0, most = 0;  ///< numbers
};

/// Every option there is.
inline constexpr OptionForm option_forms[] = {{"On", OptionArguments::sites},
                                              {"Reads", OptionArguments::sites},
                                              {"Blocks", OptionArguments::numbers, 2, 4096},
                                              // LoRA's family
                                              {"Alpha", OptionArguments::numbers, 1, 2},
                                              {"Dropout", OptionArguments::numbers, 2, 2},
                                              {"RankStabilized"},
                                              {"GaussianInit"},
                                              {"PissaInit"},
                                              {"OloraInit"},
                                              {"LoraBias"},
                                              {"WithHead"},
                                              {"Invocation", OptionArguments::numbers, 1, 4096},
                                              {"FinalRank", OptionArguments::numbers, 1, 1},
                                              {"Penalty", OptionArguments::numbers, 1, 2},
                                              // other changes of a weight
                                              {"DecomposeBoth"},
                                              {"Factor", OptionArguments::numbers, 1, 1},
                                              {"Seed", OptionArguments::numbers, 1, 1},
                                              {"Initial", OptionArguments::numbers, 1, 2},
                                              {"CountsBlocks"},
                                              {"SharedBlock"},
                                              {"Terms", OptionArguments::numbers, 1, 1},
                                              // prompts and prefixes
                                              {"FromVocabulary"},
                                              {"OnEncoder"},
                                              {"OnDecoder"},
                                              {"OnBoth"},
                                              {"Mlp"},
                                              {"Lstm"},
                                              // adapters
                                              {"OfSum"},
                                              {"OfSublayer"},
                                              {"InParallel"},
                                              {"ReLU"},
                                              {"Swish"},
                                              {"GELU"},
                                              {"Scaling", OptionArguments::numbers, 1, 2},
                                              {"Named", OptionArguments::text}};

struct MethodKind {
  std::string_view name;
  /// their names; the ones behind a "?" may be left out, one with a "*" is any number of numbers
  std::string_view numbers;
  std::string_view options;  ///< in the order in which a type's text has them; one with a "!" must be there
  std::string_view parts{};  ///< "": none; "methods", "one" or "adapters"
  bool bare_sites = false;   ///< sites stand without On<…>
};

/// Every method there is.
inline constexpr std::string_view adapter_options =
    "On OfSum OfSublayer InParallel ReLU Swish GELU Scaling Named Blocks";
inline constexpr MethodKind method_kinds[] = {
    {"FrozenBase", "", ""},
    {"FullFineTuning", "", ""},
    {"BitFit", "", ""},
    {"LastBlocks", "blocks", ""},
    {"Unfreeze", "", "On! Blocks", "", true},
    {"Biases", "", "On Blocks"},
    {"UntiedHead", "", ""},
    {"LoRA", "rank", "On Alpha Dropout RankStabilized GaussianInit PissaInit OloraInit LoraBias WithHead Blocks"},
    {"DoRA", "rank", "On Alpha Dropout RankStabilized GaussianInit Blocks"},
    {"ActivatedLoRA", "rank", "Invocation! On Alpha RankStabilized GaussianInit Blocks"},
    {"AdaLoRA", "rank", "On Alpha FinalRank Penalty Blocks"},
    {"LoHa", "rank", "On Alpha Blocks"},
    {"LoKr", "rank", "On Alpha DecomposeBoth Factor Blocks"},
    {"HRA", "rank", "On Blocks"},
    {"MiSS", "rank", "On Blocks"},
    {"VeRA", "rank", "On Seed Initial Blocks"},
    {"RandLoRA", "rank", "On Alpha Blocks"},
    {"SHiRA", "rank", "On Blocks"},
    {"FourierFT", "frequencies", "On Alpha Blocks"},
    {"SeededFourierFT", "frequencies seed", "On Alpha Blocks"},
    {"OFT", "block_size", "On CountsBlocks SharedBlock Terms Blocks"},
    {"CayleyOFT", "block_size", "On CountsBlocks SharedBlock Blocks"},
    {"BOFT", "block_size ? factors", "On CountsBlocks Blocks"},
    {"IA3", "", "On Reads Blocks"},
    {"LNTuning", "", "On Blocks"},
    {"TrainableTokens", "tokens*", ""},
    {"SoftPrompt", "rows", "FromVocabulary OnEncoder OnDecoder OnBoth"},
    {"PTuning", "rows hidden", "Mlp Lstm OnEncoder OnDecoder OnBoth"},
    {"MultitaskPrompt", "rows tasks ? rank", ""},
    {"PrefixTuning", "rows", ""},
    {"ProjectedPrefixTuning", "rows hidden", ""},
    {"HubPrefixTuning", "rows hidden", "Named"},
    {"LlamaAdapter", "rows top", ""},
    {"Adapter", "width", adapter_options},
    {"PfeifferAdapter", "width", adapter_options},
    {"HoulsbyAdapter", "width", adapter_options},
    {"ParallelAdapter", "width", adapter_options},
    {"Compacter", "width ? terms", adapter_options},
    {"LoReFT", "rank ? first last", "Named Blocks"},
    {"Fuse", "", "", "adapters"},
    {"Average", "", "", "adapters"},
    {"Bank", "members", "", "one"},
    {"Methods", "", "", "methods"}};

/// Sites and groups of them (peft/contract/site.hpp), in the order in which a type's text has them.
inline constexpr std::string_view site_names[] = {"Query",
                                                  "Key",
                                                  "Value",
                                                  "QueryKeyValue",
                                                  "Output",
                                                  "CrossQuery",
                                                  "CrossKey",
                                                  "CrossValue",
                                                  "CrossOutput",
                                                  "Gate",
                                                  "Up",
                                                  "GateUp",
                                                  "Down",
                                                  "InputNorm",
                                                  "QueryNorm",
                                                  "KeyNorm",
                                                  "AttentionOutputNorm",
                                                  "CrossNorm",
                                                  "MlpNorm",
                                                  "MlpOutputNorm",
                                                  "OutputNorm",
                                                  "FinalNorm",
                                                  "EmbeddingNorm",
                                                  "RelativeBias",
                                                  "TokenEmbedding",
                                                  "PositionEmbedding",
                                                  "TokenTypeEmbedding",
                                                  "Pooler",
                                                  "HeadTransform",
                                                  "HeadBias",
                                                  "Head",
                                                  "AfterAttention",
                                                  "AfterMlp",
                                                  "Linears",
                                                  "AttentionLinears",
                                                  "CrossLinears",
                                                  "MlpLinears",
                                                  "Norms"};

/// The entry of one of these lists, or null.
template <class List>
constexpr auto* named(List& list, std::string_view name) {
  for (auto& entry : list)
    if (entry.name == name) return &entry;
  return static_cast<decltype(&list[0])>(nullptr);
}
constexpr Index site_number(std::string_view name) {
  return static_cast<Index>(std::find(std::begin(site_names), std::end(site_names), name) - std::begin(site_names));
}
constexpr bool is_site_name(std::string_view name) { return site_number(name) < std::size(site_names); }

/// The words of a text.
[[gnu::cold]] inline std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (Index at = 0; at < text.size();) {
    const Index end = std::min(text.find(' ', at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// What a kind says of its numbers.
struct NumberNames {
  std::vector<std::string> names{};
  Index least = 0;
  bool any = false;  ///< as many as one likes

  [[gnu::cold]] explicit NumberNames(std::string_view text) {
    bool optional = false;
    for (auto& word : words_of(text)) {
      if (word == "?") {
        optional = true;
        continue;
      }
      any = any || word.ends_with('*');
      if (any) word.pop_back();
      least += optional ? 0 : 1;
      names.push_back(word);
    }
  }
  [[nodiscard]] bool takes(Index count) const { return count >= least && (any || count <= names.size()); }
};

/// Where a kind's options have this one, and whether it must be there; the number of options if nowhere.
[[gnu::cold]] inline std::pair<Index, bool> option_place(const MethodKind& kind, std::string_view name) {
  const auto options = words_of(kind.options);
  for (Index i = 0; i < options.size(); ++i)
    if (options[i] == name || options[i] == std::string(name) + "!") return {i, options[i].ends_with('!')};
  return {options.size(), false};
}

/// Names of a kind's options.
[[gnu::cold]] inline std::vector<std::string> options_of(const MethodKind& kind) {
  auto options = words_of(kind.options);
  for (auto& o : options)
    if (o.ends_with('!')) o.pop_back();
  return options;
}

/// What ends a sentence about an unknown name: a question with the one of these that was probably meant, or a full
/// stop.
[[gnu::cold]] inline std::string did_you_mean(std::string_view name, const std::vector<std::string>& names) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::string best;
  Index least = std::max<Index>(2, name.size() / 3) + 1;
  for (const auto& candidate : names) {  // Levenshtein's distance
    std::vector<Index> row(candidate.size() + 1);
    for (Index j = 0; j < row.size(); ++j) row[j] = j;
    for (Index i = 0; i < name.size(); ++i) {
      Index diagonal = row[0];
      row[0] = i + 1;
      for (Index j = 0; j < candidate.size(); ++j) {
        const Index changed = diagonal + (lower(name[i]) == lower(candidate[j]) ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < least) least = row.back(), best = candidate;
  }
  return best.empty() ? "." : "; did you mean " + best + "?";
}
template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& entry : list) {
    if constexpr (std::is_convertible_v<decltype(entry), std::string_view>) names.emplace_back(entry);
    else names.emplace_back(entry.name);
  }
  return names;
}
inline std::string joined_names(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// Texts stand between quotation marks in a program.
inline constexpr const char* names_are_plain = "a name is of letters, digits, _ and -, at most 60 of them";
[[nodiscard, gnu::cold]] inline bool is_plain_name(std::string_view text) {
  return text.size() <= 60 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

/// Says what is wrong with an option's arguments, or nothing.
[[nodiscard, gnu::cold]] inline std::string mistake_in(const MethodOption& o, const OptionForm& form) {
  const auto count = o.numbers.size();
  if (std::any_of(o.numbers.begin(), o.numbers.end(), [](auto n) { return n < 0; }))
    return o.name + " takes no negative numbers";
  if (form.arguments != OptionArguments::sites && !o.sites.empty()) return o.name + " takes no sites";
  if (form.arguments != OptionArguments::text && !o.text.empty()) return o.name + " takes no text";
  if (form.arguments == OptionArguments::text && (o.text.empty() || count > 0))
    return o.name + " takes a text in quotes";
  if (form.arguments != OptionArguments::text && (count < form.least || count > form.most))
    return o.name + (form.most == 0 ? " takes no numbers"
                                    : " takes " + std::to_string(form.least) +
                                          (form.most == form.least ? ""
                                           : form.most > 99        ? " or more"
                                                                   : " or " + std::to_string(form.most)) +
                                          " numbers");
  if (o.name == "On" && o.sites.empty()) return "On<…> names the sites that the method works on";
  if (o.name == "Blocks") {
    if (count % 2 != 0) return "Blocks<First, Last, …> takes pairs of numbers";
    for (Index i = 0; i < count; i += 2)
      if (o.numbers[i] >= o.numbers[i + 1] || (i > 0 && o.numbers[i - 1] > o.numbers[i]))
        return "Blocks<First, Last, …> are half-open ranges, one behind the other: First must be less than Last";
  }
  if (o.name == "Terms" && o.numbers[0] > 1000) return "Terms<…> are 1000 at most";
  if (o.name == "Dropout" && o.numbers[0] >= o.numbers[1])
    return "Dropout<Numerator, Denominator> is a probability below one";
  if (count == 2 && form.least == 1 && o.numbers[1] == 0) return o.name + "'s denominator is 0";
  return is_plain_name(o.text) ? "" : names_are_plain;
}

/// Of a method's numbers: seeds have 32 bits, all others are smaller.
inline constexpr std::int64_t largest_number = 4'294'967'295;

/// Says what is wrong with a method of graft's, or nothing. Kinds and options have been looked up already.
[[nodiscard, gnu::cold]] inline std::string mistake_in(const MethodDescription& m, const MethodKind& kind) {
  const NumberNames numbers(kind.numbers);
  if (!numbers.takes(m.numbers.size()))
    return m.kind + (numbers.names.empty()
                         ? " takes no numbers"
                         : " takes " + joined_names(numbers.names) + (numbers.any ? ", one or more" : "") +
                               ", and not " + std::to_string(m.numbers.size()) + " numbers");
  for (Index i = 0; i < m.numbers.size(); ++i)
    if (m.numbers[i] == 0 && !numbers.any && numbers.names[i] != "seed" && numbers.names[i] != "first" &&
        numbers.names[i] != "last")
      return m.kind + "<0> trains nothing: the " + numbers.names[i] + " must be at least 1" +
             (numbers.names[i] == "rank" ? " (4 to 32 are usual)" : "");
  for (Index i = 0; i < m.numbers.size(); ++i)
    if (m.numbers[i] < 0 || m.numbers[i] > largest_number)
      return "a number of " + m.kind + " is " + std::to_string(m.numbers[i]) + ", which is none of 0 to " +
             std::to_string(largest_number);
  if (numbers.any && m.numbers.size() > 4096)
    return m.kind + " of " + std::to_string(m.numbers.size()) + " " + numbers.names[0] +
           " is no type that can be compiled; 4096 can";
  for (Index i = 0; i < m.options.size(); ++i)
    for (Index j = i + 1; j < m.options.size(); ++j)
      if (m.options[i].name == m.options[j].name) return m.kind + " has " + m.options[i].name + " twice";
  for (const auto& word : words_of(kind.options))
    if (word.ends_with('!') && !m.has(word.substr(0, word.size() - 1)))
      return m.kind + (kind.bare_sites ? " takes the sites to train, like " + m.kind + "<Norms>"
                                       : " needs " + word.substr(0, word.size() - 1) + "<…>");
  const Index parts = m.parts.size();
  if (kind.parts.empty() && parts > 0) return m.kind + " is made of no other methods; Methods<…> unites several";
  if (kind.parts == "one" && parts != 1) return m.kind + " takes a number of members and one method";
  if (kind.parts == "adapters" && parts < 2) return m.kind + " takes two or more adapters";
  return "";
}

/// Throws where a method that was made of a file's words is none that a type's text could say.
[[gnu::cold]] inline void check_method(const MethodDescription& m, const std::string& source) {
  for (const auto& part : m.parts) check_method(part, source);
  std::string mistake;
  for (const auto& o : m.options)
    if (mistake.empty()) mistake = mistake_in(o, *named(option_forms, o.name));
  if (mistake.empty()) mistake = mistake_in(m, *named(method_kinds, m.kind));
  if (!mistake.empty()) fail(source, ": by its words the method is ", m.kind, ", and ", mistake);
}

/// Options in the order of the type's text.
[[gnu::cold]] inline void sort_options(MethodDescription& m, const MethodKind& kind) {
  std::stable_sort(m.options.begin(), m.options.end(), [&](const auto& a, const auto& b) {
    return option_place(kind, a.name).first < option_place(kind, b.name).first;
  });
  for (auto& o : m.options) {
    std::stable_sort(o.sites.begin(), o.sites.end(),
                     [](const auto& a, const auto& b) { return site_number(a) < site_number(b); });
    o.sites.erase(std::unique(o.sites.begin(), o.sites.end()), o.sites.end());
    // Alpha<16, 1> is Alpha<16>
    if (o.numbers.size() == 2 && o.numbers[1] == 1 && named(option_forms, o.name) != nullptr &&
        named(option_forms, o.name)->least == 1)
      o.numbers.pop_back();
  }
}

/// The method as C++ spells it; `space` stands before graft's names.
[[nodiscard, gnu::cold]] inline std::string type_text(const MethodDescription& m, const std::string& space = "") {
  const MethodKind* const kind = named(method_kinds, m.kind);
  std::vector<std::string> arguments;
  const auto add = [&arguments](const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  const auto texts = [](const std::vector<std::int64_t>& numbers) {
    std::vector<std::string> all;
    for (const auto n : numbers) all.push_back(std::to_string(n));
    return all;
  };
  const auto sites = [&space](const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& name : names) all.push_back((is_site_name(name) ? space : "") + name);
    return all;
  };
  const auto bracketed = [](const std::string& name, const std::vector<std::string>& inside) {
    return name + "<" + joined_names(inside) + ">";
  };
  add(texts(m.numbers));
  for (const auto& part : m.parts) arguments.push_back(type_text(part, space));
  for (const auto& o : m.options) {
    const OptionForm* const form = named(option_forms, o.name);
    const std::string name = (form != nullptr ? space : "") + o.name;
    if (kind != nullptr && kind->bare_sites && o.name == "On") add(sites(o.sites));
    else if (!o.text.empty()) arguments.push_back(name + "<\"" + o.text + "\">");
    else if (form != nullptr && form->arguments == OptionArguments::sites)
      arguments.push_back(bracketed(name, sites(o.sites)));
    else if (o.numbers.empty() && o.sites.empty()) arguments.push_back(name);
    else {
      auto inside = texts(o.numbers);
      for (auto& site : sites(o.sites)) inside.push_back(std::move(site));
      arguments.push_back(bracketed(name, inside));
    }
  }
  const std::string name = (kind != nullptr ? space : "") + m.kind;
  // no template
  const bool plain = kind != nullptr && kind->numbers.empty() && kind->options.empty() && kind->parts.empty();
  return plain || (kind == nullptr && arguments.empty()) ? name : bracketed(name, arguments);
}

/// Headers that a program with the method needs beside <graft/peft.hpp>.
[[nodiscard, gnu::cold]] inline std::vector<std::string> headers_of(const MethodDescription& m) {
  const bool from_base = m.any([](const auto& part) { return part.has("PissaInit") || part.has("OloraInit"); });
  return from_base ? std::vector<std::string>{"graft/adapters/base_directions.hpp"} : std::vector<std::string>{};
}

/// Several methods as one.
[[nodiscard, gnu::cold]] inline MethodDescription united(std::vector<MethodDescription> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  if (parts.empty()) return {.kind = "FrozenBase"};
  return {.kind = "Methods", .parts = std::move(parts)};
}

}  // namespace graft
