/// \file
/// JSON through nlohmann-json, with errors that name the file and a limit on nesting.
#pragma once

#include <graft/core/types.hpp>
#include <graft/io/files.hpp>

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

namespace graft {

using Json = nlohmann::json;

/// Parses text; `source` is named in errors. More than 64 levels of nesting are taken for an attack.
[[gnu::cold]] inline Json parse_json(std::string_view text, const std::string& source) {
  const int deepest = 64;
  try {
    return Json::parse(text, [&source, deepest](int depth, Json::parse_event_t, Json&) {
      if (depth > deepest) fail(source, ": JSON nested deeper than ", deepest, " levels");
      return true;
    });
  } catch (const Json::exception& error) {
    fail(source, ": not valid JSON: ", error.what());
  }
}

inline Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

/// Pretty, keys sorted, as HF writes its configs.
[[gnu::cold]] inline void write_json(const std::filesystem::path& path, const Json& json) { write_file(path, json.dump(2) + "\n"); }

/// json[key] as T; a missing or ill-typed key is an error that names it and the file.
template <class T>
[[gnu::cold]] T required(const Json& json, const std::string& key, const std::string& source) {
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    fail(source, ": the key \"", key, "\" is missing or has another type than expected");
  }
}

/// json[key] as T, or `otherwise` where the key is absent or null.
template <class T>
[[gnu::cold]] T optional(const Json& json, const std::string& key, T otherwise, const std::string& source) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return otherwise;
  return required<T>(json, key, source);
}

/// Every line of a JSON-lines file; a broken one is named by its number.
inline std::vector<Json> read_jsonl(const std::filesystem::path& path) {
  std::vector<Json> rows;
  const std::string text = read_file(path);
  Index number = 0;
  for (Index at = 0; at < text.size();) {
    const Index end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    rows.push_back(parse_json(line, path.string() + ", line " + std::to_string(number)));
    if (!rows.back().is_object()) fail(path.string(), ", line ", number, ": not a JSON object");
  }
  if (rows.empty()) fail(path.string(), ": there is no example in it");
  return rows;
}

}  // namespace graft
