/// \file
/// JSON lines: the rows of data sets.
#pragma once

#include <graft/io/json.hpp>

#include <algorithm>
#include <vector>

namespace graft {

/// JSON whose keys stay in the order in which they stand in a text: a chat template may write them out.
using OrderedJson = nlohmann::ordered_json;

/// A row of a data set: one object, and where it stands ("data.jsonl, line 7").
struct Row {
  OrderedJson json;
  std::string where;  ///< file and line, for errors

  /// Whether there is a value; null is none.
  [[nodiscard]] bool has(const std::string& key) const { return json.contains(key) && !json.at(key).is_null(); }
  /// The value under this key.
  /// \throws Error that names the row where it is missing or of another kind
  template <class T = std::string>
  [[nodiscard]] T get(const std::string& key) const {
    return required<T>(json, key, where);
  }
};

/// Every line of a JSON-lines file; a broken one is named by its number.
/// \param path a file of one JSON object a line
/// \return rows in order
/// \throws Error where the file cannot be read, or a line is no object
std::vector<Row> read_jsonl(const std::filesystem::path& path);

#if defined(GRAFT_TEXT_INLINE)
GRAFT_TEXT_INLINE std::vector<Row> read_jsonl(const std::filesystem::path& path) {
  std::vector<Row> rows;
  const std::string text = read_file(path);
  Index number = 0;
  for (Index at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < text.size();) {  // behind a byte-order mark
    const Index end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = path.string() + ", line " + std::to_string(number);
    rows.push_back({parse_json<OrderedJson>(line, where), where});
    if (!rows.back().json.is_object())
      fail(where,
           ": not a JSON object; a row is one, in a line of its own, like {\"prompt\": \"…\", \"completion\": \"…\"}");
  }
  if (rows.empty()) fail(path.string(), ": there is no example in it");
  return rows;
}
#endif

}  // namespace graft
