/// \file
/// config.json as it is read: a family (checkpoints/families/) takes values from it by their keys, and refuses what it
/// does not have.
#pragma once

#include <graft/checkpoints/families/family.hpp>

namespace graft {

/// Reads config.json. `json` must outlive it.
class ConfigJson {
 public:
  [[gnu::cold]] ConfigJson(const Json& json, std::string source) : json_(json), source_(std::move(source)) {}

  /// \throws Error of an unknown family, of a value of another kind, and of an option that graft's type does not have.
  [[nodiscard]] StatedConfig read();

  [[nodiscard]] const Json& json() const { return json_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  /// What was read by now.
  [[nodiscard]] StatedConfig& stated() { return stated_; }

  [[nodiscard]] Index size(const char* key) const { return required<Index>(json_, key, source_); }
  template <class V>
  [[nodiscard]] V option(const char* key, V otherwise) const {
    return optional<V>(json_, key, std::move(otherwise), source_);
  }
  /// Throws where a key says something that this family's type does not do.
  template <class V>
  void expect(const char* key, const V& wanted) const {
    if (json_.contains(key) && !json_.at(key).is_null() && json_.at(key) != Json(wanted))
      fail(source_, ": ", key, " is ", json_.at(key).dump(), "; graft's ", stated_.family, " has ",
           Json(wanted).dump());
  }

 private:
  /// What stands behind the blocks.
  void read_task(const FamilyDescription& family);
  /// Classes and their names.
  void read_labels();

  const Json& json_;
  std::string source_;
  StatedConfig stated_;
};

}  // namespace graft
