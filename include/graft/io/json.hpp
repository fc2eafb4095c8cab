/// \file
/// JSON through nlohmann-json, with errors that name the file and a limit on nesting.
#pragma once

#include <graft/core/config.hpp>
#include <graft/core/types.hpp>
#include <graft/io/files.hpp>

#include <nlohmann/json.hpp>

namespace graft {

/// A value of JSON.
using Json = nlohmann::json;

/// Puts options into an object, by name.
struct InJson {
  Json& object;  ///< where they are put

  template <class Value>
  void operator()(const char* key, const Value& value) const {
    object[key] = value;
  }
};

/// Parses text; `source` is named in errors. More than 64 levels of nesting are taken for an attack.
template <class J = Json>
[[gnu::cold]] J parse_json(std::string_view text, const std::string& source) {
  const int deepest = 64;
  try {
    return J::parse(text, [&source, deepest](int depth, typename J::parse_event_t, J&) {
      if (depth > deepest) fail(source, ": JSON nested deeper than ", deepest, " levels");
      return true;
    });
  } catch (const Json::exception& error) { fail(source, ": not valid JSON: ", error.what()); }
}

/// Reads a file of JSON.
/// \throws Error that names the file where it is none
Json read_json(const std::filesystem::path& path);

/// Pretty, keys sorted, as HF writes its configs.
void write_json(const std::filesystem::path& path, const Json& json);

/// json[key] as T; a missing or ill-typed key is an error that names it and the file.
template <class T, class J = Json>
[[gnu::cold]] T required(const J& json, const std::string& key, const std::string& source) {
  if (!json.is_object() || !json.contains(key)) fail(source, ": the key \"", key, "\" is missing");
  try {
    return json.at(key).template get<T>();
  } catch (const typename J::exception&) {
    fail(source, ": the key \"", key, "\" is ", json.at(key).dump().substr(0, 80),
         ", which is of another type than belongs there");
  }
}

/// json[key] as T, or `otherwise` where the key is absent or null.
template <class T>
[[gnu::cold]] T optional(const Json& json, const std::string& key, T otherwise, const std::string& source) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return otherwise;
  return required<T>(json, key, source);
}

/// json[key] where it is a text; empty otherwise.
[[nodiscard, gnu::cold]] inline std::string text_at(const Json& json, const std::string& key) {
  return json.is_object() && json.contains(key) && json.at(key).is_string() ? json.at(key).get<std::string>() : "";
}

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE Json read_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}
GRAFT_TEXT_INLINE void write_json(const std::filesystem::path& path, const Json& json) {
  write_file(path, json.dump(2) + "\n");
}
#endif

}  // namespace graft
