/// \file
/// The name of a parameter inside a model, built only when somebody reads it.
#pragma once

#include <graft/core/types.hpp>

#include <string>
#include <string_view>

namespace graft {

/// A chain of names on the stack: `Path{&layers, "", 3}` is "model.layers.3". Costs nothing in constant expressions.
struct Path {
  const Path* parent = nullptr;  ///< what it stands in
  std::string_view name;
  std::ptrdiff_t index = -1;  ///< the number in a list, or −1

  /// The whole name, its parts with dots between them.
  [[nodiscard]] std::string str() const {
    std::string text = parent != nullptr ? parent->str() : std::string();
    const auto append = [&text](std::string_view part) {
      if (part.empty()) return;
      if (!text.empty()) text += '.';
      text += part;
    };
    append(name);
    if (index >= 0) append(std::to_string(index));
    return text;
  }

  /// The block's number, or −1 outside blocks.
  [[nodiscard]] constexpr std::ptrdiff_t block() const {
    return index >= 0 ? index : parent != nullptr ? parent->block() : -1;
  }
};

}  // namespace graft
