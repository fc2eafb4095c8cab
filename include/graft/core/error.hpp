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

/// A text out of a file, as it may be shown: control characters, which would steer a terminal, are question marks, all
/// but these.
[[nodiscard]] inline std::string printable(std::string text, std::string_view kept = "\n\t") {
  for (char& c : text)
    if ((static_cast<unsigned char>(c) < ' ' || c == 127) && kept.find(c) == kept.npos) c = '?';
  return text;
}

/// Names out of files are quoted in messages.
[[noreturn, gnu::cold, gnu::noinline]] inline void raise(std::initializer_list<MessagePart> parts) {
  std::size_t longest = 8'000;
  std::string message;
  for (const auto& part : parts) message += part.text();
  message = printable(std::move(message));
  while (longest < message.size() && (message[longest] & 0xC0) == 0x80) --longest;  // a whole character of UTF-8
  if (message.size() > longest)
    message = message.substr(0, longest) + " … (and " + std::to_string(message.size() - longest) + " characters more)";
  throw Error(message);
}

/// Joins its arguments to one message: `fail("model.gguf: ", count, " tensors are missing")`.
template <class... Parts>
[[noreturn, gnu::cold]] void fail(const Parts&... parts) {
  raise({MessagePart(parts)...});
}

}  // namespace graft
