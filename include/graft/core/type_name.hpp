/// \file
/// Types as text.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace graft {

/// The name of a type as a user writes it.
template <class T>
std::string type_name() {
  std::string name = __PRETTY_FUNCTION__;
  const auto begin = name.find("T = ") + 4;
  name = name.substr(begin, std::min(name.find(';', begin), name.rfind(']')) - begin);
  for (const std::string_view part : {"graft::", "backend::"})
    for (auto at = name.find(part); at != std::string::npos; at = name.find(part, at)) name.erase(at, part.size());
  return name;
}

}  // namespace graft
