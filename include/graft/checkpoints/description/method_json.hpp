/// \file
/// A method's description as JSON, as graft.json keeps it beside an adapter:
///   {"kind": "LoRA", "rank": 8, "On": ["Query", "Value"], "Alpha": 16, "RankStabilized": true}
///   {"kind": "Methods", "parts": [{"kind": "SoftPrompt", "rows": 20}, …]}
/// Numbers are under their names, options under theirs.
#pragma once

#include <graft/checkpoints/description/method_text.hpp>
#include <graft/io/json.hpp>

namespace graft {

[[nodiscard, gnu::cold]] inline Json method_json(const MethodDescription& m) {
  const auto number_or_list = [](const std::vector<std::int64_t>& numbers) {
    return numbers.size() == 1 ? Json(numbers[0]) : Json(numbers);
  };
  Json json{{"kind", m.kind}};
  const MethodKind* const kind = named(method_kinds, m.kind);
  const NumberNames numbers(kind == nullptr ? "numbers*" : kind->numbers);
  if (numbers.any && !m.numbers.empty()) json[numbers.names[0]] = m.numbers;
  else
    for (Index i = 0; i < m.numbers.size(); ++i) json[numbers.names[i]] = m.numbers[i];
  for (const auto& o : m.options)
    json[o.name] = !o.text.empty()                         ? Json(o.text)
                   : !o.sites.empty() || o.name == "Reads" ? Json(o.sites)
                   : o.numbers.empty()                     ? Json(true)
                                                           : number_or_list(o.numbers);
  for (const auto& part : m.parts) json["parts"].push_back(method_json(part));
  return json;
}

/// Throws where the JSON is no method of graft's, or of the user's own where those are allowed.
[[nodiscard, gnu::cold]] inline MethodDescription method_of_json(const Json& json, const std::string& source,
                                                                 OwnMethods own = OwnMethods::refused,
                                                                 Index depth = 0) {
  if (depth > 8) fail(source, ": the method nests too deeply");
  if (!json.is_object())
    fail(source, ": the method is ", json.dump().substr(0, 80), ", and not an object with its \"kind\"");
  MethodDescription m{.kind = required<std::string>(json, "kind", source)};
  const MethodKind* const kind = named(method_kinds, m.kind);
  // A name of the user's own reaches a program, so it may be nothing but a name.
  const auto is_name = [&](const std::string& name) {
    try {
      return read_method(name, OwnMethods::allowed).kind == name;
    } catch (const Error&) { return false; }
  };
  if (kind == nullptr) {
    if (own == OwnMethods::refused || !is_name(m.kind))
      fail(source, ": \"", m.kind.substr(0, 80),
           "\" is no method of graft's; one of your own comes from a header named with --include");
  }
  const auto numbers_of = [&](const Json& value, const std::string& key) {
    std::vector<std::int64_t> numbers;
    for (const Json& n : value.is_array() ? value : Json::array({value})) {
      if (!n.is_number_integer() || n.get<std::int64_t>() < 0)
        fail(source, ": ", m.kind.substr(0, 80), ": ", key.substr(0, 80), " is ", value.dump().substr(0, 80),
             ", and not a number from 0 on, or a list of them");
      numbers.push_back(n.get<std::int64_t>());
    }
    return numbers;
  };
  const NumberNames names(kind == nullptr ? "numbers*" : kind->numbers);
  for (const auto& name : names.names)
    if (json.contains(name)) {
      for (const auto n : numbers_of(json.at(name), name)) m.numbers.push_back(n);
    } else {
      break;
    }
  for (const auto& [key, value] : json.items()) {
    if (key == "kind" || std::find(names.names.begin(), names.names.end(), key) != names.names.end()) continue;
    if (key == "parts") {
      if (!value.is_array()) fail(source, ": ", m.kind, ": \"parts\" is no list");
      for (const Json& part : value) m.parts.push_back(method_of_json(part, source, own, depth + 1));
      continue;
    }
    const OptionForm* const form = named(option_forms, key);
    const bool of_own = form == nullptr && kind == nullptr && is_name(key);
    const bool known = of_own || (form != nullptr &&
                                  (kind == nullptr || option_place(*kind, key).first < words_of(kind->options).size()));
    if (!known)
      fail(source, ": ", m.kind, " has no \"", key.substr(0, 80), "\"",
           did_you_mean(key, kind == nullptr ? std::vector<std::string>() : options_of(*kind)));
    MethodOption o{.name = key};
    if (of_own) {  // numbers or names, as its text has them
      const Json list = value.is_array() ? value : Json::array({value});
      if (!list.empty() && list[0].is_string()) {
        for (const Json& word : list) {
          if (!word.is_string() || !is_name(word.get<std::string>()))
            fail(source, ": ", m.kind, ": ", key, " has ", word.dump().substr(0, 80), " in it, which is no name");
          o.sites.push_back(word.get<std::string>());
        }
      } else if (value != Json(true)) {
        o.numbers = numbers_of(value, key);
      }
      m.options.push_back(std::move(o));
      continue;
    }
    if (form->arguments == OptionArguments::text) o.text = value.is_string() ? value.get<std::string>() : "";
    else if (form->arguments == OptionArguments::numbers) o.numbers = numbers_of(value, key);
    else if (form->arguments == OptionArguments::sites) {
      for (const Json& site : value.is_array() ? value : Json::array({value})) {
        if (!site.is_string() || !is_site_name(site.get<std::string>()))
          fail(source, ": ", m.kind, ": ", site.dump().substr(0, 80), " is no site; there are ",
               joined_names(names_of(site_names)));
        o.sites.push_back(site.get<std::string>());
      }
    } else if (value != Json(true)) {
      fail(source, ": ", m.kind, ": ", key, " is ", value.dump().substr(0, 80), "; it is true or it is not there");
    }
    if (const auto mistake = mistake_in(o, *form); !mistake.empty()) fail(source, ": ", m.kind, ": ", mistake);
    m.options.push_back(std::move(o));
  }
  if (kind != nullptr) {
    if (const auto mistake = mistake_in(m, *kind); !mistake.empty()) fail(source, ": ", mistake);
    sort_options(m, *kind);
  }
  return m;
}

}  // namespace graft
