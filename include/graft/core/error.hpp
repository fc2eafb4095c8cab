/// \file
/// The one exception type of graft: a sentence that says what is wrong, where, and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace graft {

/// Thrown for anything a user or a file can get wrong. `what()` is meant to be read by a person.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Joins its arguments to one message: `fail("model.gguf: ", count, " tensors are missing")`.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::string message;
  const auto append = [&message](const auto& part) {
    if constexpr (requires { std::to_string(part); }) message += std::to_string(part);
    else message += part;
  };
  (append(parts), ...);
  throw Error(message);
}

}  // namespace graft
