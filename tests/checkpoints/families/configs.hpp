// Configs of small models, what of them is refused, and the modules that their families list.
#pragma once

#include "error.hpp"

#include <graft/checkpoints/base/config_json.hpp>
#include <graft/checkpoints/base/module_list.hpp>

#include <boost/test/unit_test.hpp>

namespace made {

using graft::Index, graft::Json;

inline Json sizes(const char* family) {
  return {{"model_type", family},     {"vocab_size", 64},         {"hidden_size", 32},      {"num_hidden_layers", 4},
          {"num_attention_heads", 4}, {"num_key_value_heads", 2}, {"intermediate_size", 48}};
}
inline Json with(Json json, const Json& more) {
  json.update(more);
  return json;
}

inline graft::StatedConfig read(const Json& json) { return graft::ConfigJson(json, "config.json").read(); }
inline void refuses(const Json& json, const char* named) {
  const auto error = error_of([&json] { read(json); });
  BOOST_TEST(error.find(named) != std::string::npos, named << ": " << error);
}

/// "path site out×in +bias" of the modules of a model, without a bias where there is none.
inline std::vector<std::string> modules(const graft::StatedConfig& config) {
  graft::ModuleList list(config);
  graft::family_of(config).list_modules(list);
  std::vector<std::string> all;
  for (const auto& m : std::move(list).list())
    all.push_back(m.path + " " + std::string(m.site) + " " + std::to_string(m.out) + "×" + std::to_string(m.in) +
                  (m.bias ? " +bias" : ""));
  return all;
}
/// Whether modules are listed one behind the other.
inline void lists(const graft::StatedConfig& config, const std::vector<std::string>& wanted) {
  const auto all = modules(config);
  const auto first = std::find(all.begin(), all.end(), wanted[0]);
  BOOST_REQUIRE_MESSAGE(all.end() - first >= static_cast<std::ptrdiff_t>(wanted.size()), wanted[0]);
  for (Index i = 0; i < wanted.size(); ++i) BOOST_TEST(first[static_cast<std::ptrdiff_t>(i)] == wanted[i]);
}

}  // namespace made
