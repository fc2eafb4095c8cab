/// \file
/// What the config structs of all families say. A family's own concept adds the rest.
#pragma once

#include <graft/core/types.hpp>

#include <concepts>

namespace graft {

template <class C>
concept StackConfig = requires {
  { C::vocabulary } -> std::convertible_to<Index>;
  { C::width } -> std::convertible_to<Index>;
  { C::blocks } -> std::convertible_to<Index>;
  { C::heads } -> std::convertible_to<Index>;
  { C::groups } -> std::convertible_to<Index>;
  { C::head_width } -> std::convertible_to<Index>;
  { C::feed_forward } -> std::convertible_to<Index>;
  { C::norm_epsilon } -> std::convertible_to<float>;
};

}  // namespace graft
