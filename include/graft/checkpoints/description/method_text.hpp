/// \file
/// A method's C++ type, as text, to its description: `LoRA<8, On<Query, Value>, Alpha<16>>`. A mistake is an error that
/// shows the text and points at it.
#pragma once

#include <graft/checkpoints/description/method_description.hpp>

#include <charconv>

namespace graft {

/// Whether names that are none of graft's may stand in a method: those of a header of the user's own.
enum class OwnMethods { refused, allowed };

class MethodText {
 public:
  [[gnu::cold]] MethodText(std::string_view text, OwnMethods own) : text_(text), own_(own) { skip(); }

  [[nodiscard, gnu::cold]] MethodDescription read() {
    auto m = method();
    if (at_ < text_.size()) wrong(at_, "the method ends here, and more follows");
    return m;
  }

 private:
  [[noreturn, gnu::cold]] void wrong(Index at, const std::string& what) const {
    constexpr Index around = 200;  // of a long text
    const Index from = at > around ? at - around : 0;
    std::string shown(text_.substr(from, 2 * around));
    for (char& c : shown)
      if (c == '\n' || c == '\t') c = ' ';
    fail("the method cannot be read: ", what, "\n    ", shown, "\n    ", std::string(at - from, ' '), "^");
  }

  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (here() == ' ' || here() == '\t' || here() == '\n' || here() == '\r') ++at_;
  }
  bool takes(char c) {
    if (here() != c) return false;
    ++at_;
    skip();
    return true;
  }
  static bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::string name() {
    const Index begin = at_;
    const bool scoped = own_ == OwnMethods::allowed;
    while (starts_name(here()) || (at_ > begin && is_digit(here())) ||
           (scoped && at_ > begin && text_.substr(at_).starts_with("::")))
      at_ += here() == ':' ? 2 : 1;
    if (at_ - begin > 80) wrong(begin, "this name is too long");
    if (at_ == begin) wrong(at_, begin == text_.size() ? "it ends too early" : "a name was expected here");
    std::string found(text_.substr(begin, at_ - begin));
    if (found == "graft" && text_.substr(at_).starts_with("::")) {  // graft::LoRA is LoRA
      at_ += 2;
      return name();
    }
    if (found.starts_with("graft::")) found.erase(0, 7);
    skip();
    return found;
  }
  std::int64_t number() {
    const Index begin = at_;
    while (is_digit(here()) || here() == '\'') ++at_;
    std::string digits(text_.substr(begin, at_ - begin));
    std::erase(digits, '\'');
    std::int64_t value = 0;
    if (const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        read.ec != std::errc() || read.ptr != digits.data() + digits.size())
      wrong(begin, "this is no number that fits");
    skip();
    return value;
  }
  std::string quoted() {
    const Index begin = ++at_;
    while (at_ < text_.size() && here() != '"') ++at_;
    if (at_ == text_.size()) wrong(begin - 1, "this quotation mark is not closed");
    std::string found(text_.substr(begin, at_++ - begin));
    if (!is_plain_name(found)) wrong(begin, names_are_plain);
    skip();
    return found;
  }
  /// Calls argument() for each of <…>, if it is there.
  template <class F>
  void bracketed(const F& argument) {
    const Index open = at_;
    if (!takes('<') || takes('>')) return;
    do { argument(); } while (takes(','));
    if (!takes('>'))
      wrong(at_, at_ == text_.size() ? "the bracket opened at " + std::to_string(open + 1) + " is not closed"
                                     : "a comma or a closing bracket was expected here");
  }

  MethodDescription method() {
    if (++depth_ > 8) wrong(at_, "it nests too deeply");
    const Index begin = at_;
    MethodDescription m{.kind = name()};
    const MethodKind* const kind = named(method_kinds, m.kind);
    if (kind == nullptr && own_ == OwnMethods::refused)
      wrong(begin, "\"" + m.kind + "\" is no method of graft's" + did_you_mean(m.kind, names_of(method_kinds)) +
                       " There are " + joined_names(names_of(method_kinds)) +
                       ". One of your own comes from a header named with --include");
    bool any_option = false;
    bracketed([&] {
      const Index at = at_;
      if (is_digit(here())) {
        if (any_option || !m.parts.empty()) wrong(at, "the numbers of " + m.kind + " stand first");
        m.numbers.push_back(number());
        if (m.numbers.back() > largest_number) wrong(at, "this number is too large");
        return;
      }
      if (here() == '"') wrong(at, "a text stands within an option, like Named<\"law\">");
      const Index before = at_;
      const std::string word = name();
      at_ = before;
      if (kind == nullptr ? named(method_kinds, word) != nullptr : !kind->parts.empty()) {
        m.parts.push_back(method());
        return;
      }
      any_option = true;
      add_option(m, kind, word);
    });
    if (kind != nullptr) {
      if (const auto mistake = mistake_in(m, *kind); !mistake.empty()) wrong(begin, mistake);
      sort_options(m, *kind);
    }
    --depth_;
    return m;
  }

  void add_option(MethodDescription& m, const MethodKind* kind, const std::string& word) {
    const Index begin = at_;
    if (kind != nullptr && kind->bare_sites && is_site_name(word)) {
      name();
      if (!m.has("On")) m.options.push_back({.name = "On"});
      for (auto& o : m.options)
        if (o.name == "On") o.sites.push_back(word);
      return;
    }
    const OptionForm* const form = named(option_forms, word);
    const bool known =
        form != nullptr && kind != nullptr && option_place(*kind, word).first < words_of(kind->options).size();
    if (kind != nullptr && !known) {
      const auto options = options_of(*kind);
      if (kind->bare_sites) unknown_site(begin, word);
      wrong(begin, m.kind + " has no option \"" + word + "\"" + did_you_mean(word, options) +
                       (options.empty() ? "" : " It takes " + joined_names(options)));
    }
    MethodOption o{.name = name()};
    bracketed([&] {
      const Index at = at_;
      if (here() == '"') o.text = quoted();
      else if (is_digit(here())) o.numbers.push_back(number());
      else if (const auto site = name(); is_site_name(site) || kind == nullptr) o.sites.push_back(site);
      else unknown_site(at, site);
    });
    if (form != nullptr)
      if (const auto mistake = mistake_in(o, *form); !mistake.empty()) wrong(begin, mistake);
    m.options.push_back(std::move(o));
  }
  [[noreturn, gnu::cold]] void unknown_site(Index at, const std::string& word) const {
    wrong(at, "\"" + word + "\" is no site" + did_you_mean(word, names_of(site_names)) + " There are " +
                  joined_names(names_of(site_names)));
  }

  std::string_view text_;
  OwnMethods own_;
  Index at_ = 0, depth_ = 0;
};

/// Throws where the text is no method of graft's, or of the user's own where those are allowed.
[[nodiscard, gnu::cold]] inline MethodDescription read_method(std::string_view text,
                                                              OwnMethods own = OwnMethods::refused) {
  return MethodText(text, own).read();
}

}  // namespace graft
