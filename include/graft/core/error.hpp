/// \file
/// The one exception type of graft: a sentence that says what is wrong, where, and what to do.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace graft {

/// Thrown for anything a user or a file can get wrong. `what()` is meant to be read by a person.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One argument of `fail`, as text.
class MessagePart {
 public:
  [[gnu::noinline]] MessagePart(std::string_view part) : text_(part) {}
  MessagePart(const char* part) : MessagePart(std::string_view(part)) {}
  MessagePart(const std::string& part) : MessagePart(std::string_view(part)) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  [[gnu::noinline]] MessagePart(Number number) : text_(std::to_string(number)) {}

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Names out of files are quoted in messages: what would steer a terminal is not.
[[noreturn, gnu::cold, gnu::noinline]] inline void raise(std::initializer_list<MessagePart> parts) {
  std::size_t longest = 8'000;
  std::string message;
  for (const auto& part : parts) message += part.text();
  for (char& c : message)
    if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 127) c = '?';
  while (longest < message.size() && (message[longest] & 0xC0) == 0x80) --longest;  // a whole character of UTF-8
  if (message.size() > longest) message = message.substr(0, longest) + " … (and " + std::to_string(message.size() - longest) + " characters more)";
  throw Error(message);
}

/// Joins its arguments to one message: `fail("model.gguf: ", count, " tensors are missing")`.
template <class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  raise({MessagePart(parts)...});
}

}  // namespace graft
