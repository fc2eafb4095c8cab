// What an error says.
#pragma once

#include <graft/core/error.hpp>

namespace made {

template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const graft::Error& error) { return error.what(); }
  return "";
}

}  // namespace made
