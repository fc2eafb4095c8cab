/// \file
/// The filters, tests and methods of Jinja that chat templates use.
#pragma once

#include <graft/text/jinja/jinja_value.hpp>

namespace graft::jinja {

/// text.strip(what), from the left, the right or both; white space without `what`.
inline std::string stripped(const std::string& text, const Value& what, bool left, bool right) {
  const std::string set = what.text() != nullptr ? *what.text() : " \t\n\r\f\v";
  const auto begin = left ? text.find_first_not_of(set) : 0;
  if (begin == text.npos) return "";
  const auto end = right ? text.find_last_not_of(set) + 1 : text.size();
  return end <= begin ? "" : text.substr(begin, end - begin);
}
inline std::string replaced(std::string text, const std::string& from, const std::string& to, std::int64_t most = -1) {
  if (from.empty()) return text;
  for (std::string::size_type at = 0; most != 0 && (at = text.find(from, at)) != text.npos; at += to.size(), --most)
    text.replace(at, from.size(), to);
  return text;
}
inline std::string upper_case(const std::string& text) {
  std::string upper;
  each_character(text, [&upper](std::int32_t point, std::string_view) { upper += utf8(utf8proc_toupper(point)); });
  return upper;
}
/// The first letter of the text large, and those behind a character that `ends_word`; the others small.
template <class EndsWord>
std::string capitalized(const std::string& text, EndsWord ends_word) {
  std::string made;
  bool begins = true;
  each_character(text, [&](std::int32_t point, std::string_view) {
    made += utf8(begins ? utf8proc_toupper(point) : utf8proc_tolower(point));
    begins = ends_word(point);
  });
  return made;
}
inline bool within_sentence(std::int32_t) { return false; }

inline List split(const std::string& text, const Value& by, std::int64_t most) {
  List parts;
  if (by.text() == nullptr) {  // at white space, of which none is kept
    std::string::size_type at = 0;
    for (; (at = text.find_first_not_of(" \t\n\r\f\v", at)) != text.npos; --most) {
      if (most == 0) {
        parts.emplace_back(text.substr(at));
        break;
      }
      const auto end = std::min(text.find_first_of(" \t\n\r\f\v", at), text.size());
      parts.emplace_back(text.substr(at, end - at));
      at = end;
    }
    return parts;
  }
  if (by.text()->empty()) fail("the chat template splits at an empty text");
  std::string::size_type at = 0;
  for (; most != 0; --most) {
    const auto end = text.find(*by.text(), at);
    if (end == text.npos) break;
    parts.emplace_back(text.substr(at, end - at));
    at = end + by.text()->size();
  }
  parts.emplace_back(text.substr(at));
  return parts;
}

/// A text's lines, without what ends them.
inline List lines_of(const std::string& text) {
  List lines;
  for (std::string::size_type at = 0; at < text.size();) {
    const auto end = std::min(text.find_first_of("\r\n", at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + (text.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  return lines;
}

/// subject.name(…), or undefined where there is no such method.
inline Value method(const Value& subject, const std::string& name) {
  const auto on_text = [&](auto f) {
    return Value(Function([text = *subject.text(), f](const Arguments& given) { return Value(f(text, given)); }));
  };
  const auto flag = [](bool b) { return b; };
  if (subject.text() != nullptr) {
    if (name == "strip")
      return on_text(
          [](const std::string& t, const Arguments& a) { return stripped(t, a.get(0, "chars"), true, true); });
    if (name == "lstrip")
      return on_text(
          [](const std::string& t, const Arguments& a) { return stripped(t, a.get(0, "chars"), true, false); });
    if (name == "rstrip")
      return on_text(
          [](const std::string& t, const Arguments& a) { return stripped(t, a.get(0, "chars"), false, true); });
    if (name == "split")
      return on_text([](const std::string& t, const Arguments& a) {
        return split(t, a.get(0, "sep", nullptr), a.get(1, "maxsplit", -1).integer());
      });
    if (name == "splitlines") return on_text([](const std::string& t, const Arguments&) { return lines_of(t); });
    if (name == "startswith")
      return on_text([flag](const std::string& t, const Arguments& a) {
        return flag(t.starts_with(a.get(0, "prefix").string()));
      });
    if (name == "endswith")
      return on_text(
          [flag](const std::string& t, const Arguments& a) { return flag(t.ends_with(a.get(0, "suffix").string())); });
    if (name == "replace")
      return on_text([](const std::string& t, const Arguments& a) {
        return replaced(t, a.get(0, "old").string(), a.get(1, "new").string(), a.get(2, "count", -1).integer());
      });
    if (name == "upper") return on_text([](const std::string& t, const Arguments&) { return upper_case(t); });
    if (name == "lower") return on_text([](const std::string& t, const Arguments&) { return lower_case(t); });
    if (name == "title")
      return on_text([](const std::string& t, const Arguments&) {
        return capitalized(t, [](std::int32_t point) {
          const auto kind = utf8proc_category(point);
          return kind < UTF8PROC_CATEGORY_LU || kind > UTF8PROC_CATEGORY_LT;
        });
      });
    if (name == "capitalize")
      return on_text([](const std::string& t, const Arguments&) { return capitalized(t, within_sentence); });
    if (name == "find")
      return on_text([](const std::string& t, const Arguments& a) {
        const auto at = t.find(a.get(0, "sub").string());
        return at == t.npos ? std::int64_t{-1} : static_cast<std::int64_t>(Value(t.substr(0, at)).length());
      });
    if (name == "join")
      return on_text([](const std::string& t, const Arguments& a) {
        std::string all;
        const auto parts = a.get(0, "iterable").elements();
        for (Index i = 0; i < parts.size(); ++i) all += (i > 0 ? t : "") + parts[i].string();
        return all;
      });
  }
  if (subject.dict() != nullptr) {
    const auto all = [&](auto f) {
      return Value(Function([subject, f](const Arguments&) {
        List list;
        for (const auto& [key, value] : *subject.dict()) list.push_back(f(key, value));
        subject.dict()->ask_all();
        return Value(std::move(list));
      }));
    };
    if (name == "items") return all([](const std::string& k, const Value& v) { return Value::tuple({Value(k), v}); });
    if (name == "keys") return all([](const std::string& k, const Value&) { return Value(k); });
    if (name == "values") return all([](const std::string&, const Value& v) { return v; });
    if (name == "get")
      return Function([subject](const Arguments& a) {
        const Value found = subject.get(a.get(0, "key").string());
        return found.is_undefined() ? a.get(1, "default", nullptr) : found;
      });
    if (name == "update")
      return Function([subject](const Arguments& a) {
        if (const Value more = a.get(0, "other"); more.dict() != nullptr) {
          more.dict()->ask_all();
          for (const auto& [key, value] : Dict(*more.dict())) subject.set(key, value.within(subject));
        }
        for (const auto& [key, value] : a.named) subject.set(key, value.within(subject));
        return Value(nullptr);
      });
  }
  if (subject.list() != nullptr) {
    if (name == "append")
      return Function([subject](const Arguments& a) {
        subject.list()->push_back(a.get(0, "object").within(subject));
        return Value(nullptr);
      });
    if (name == "pop")
      return Function([subject](const Arguments& a) {
        List& list = *subject.list();
        const auto at = a.get(0, "index", -1).integer();
        const auto i = at < 0 ? at + static_cast<std::int64_t>(list.size()) : at;
        if (i < 0 || i >= static_cast<std::int64_t>(list.size()))
          fail("the chat template pops element ", at, " of a list of ", list.size());
        const Value taken = list[static_cast<Index>(i)];
        list.erase(list.begin() + i);
        return taken;
      });
  }
  return {};
}

/// `subject is name(…)`
inline bool test(const std::string& name, const Value& subject, const Arguments& given) {
  if (name == "defined") return !subject.is_undefined();
  if (name == "undefined") return subject.is_undefined();
  if (name == "none") return subject.is_none();
  if (name == "string") return subject.text() != nullptr;
  if (name == "mapping") return subject.dict() != nullptr;
  if (name == "iterable" || name == "sequence")
    return subject.text() != nullptr || subject.list() != nullptr || subject.dict() != nullptr;
  if (name == "number") return subject.is_number();
  if (name == "integer") return subject.as<std::int64_t>() != nullptr;
  if (name == "float") return subject.as<double>() != nullptr;
  if (name == "boolean") return subject.as<bool>() != nullptr;
  if (name == "true") return subject.as<bool>() != nullptr && subject.truth();
  if (name == "false") return subject.as<bool>() != nullptr && !subject.truth();
  if (name == "callable") return subject.function() != nullptr;
  if (name == "odd") return subject.integer() % 2 != 0;
  if (name == "even") return subject.integer() % 2 == 0;
  if (name == "divisibleby") {
    const auto by = given.get(0, "num").integer();
    if (by == 0) fail("the chat template divides by 0");
    return by == -1 || subject.integer() % by == 0;  // the smallest number by −1 has no quotient
  }
  if (name == "equalto" || name == "eq" || name == "==") return subject == given.get(0, "other");
  if (name == "ne" || name == "!=") return !(subject == given.get(0, "other"));
  if (name == "in") {
    const auto all = given.get(0, "seq").elements();
    return std::find(all.begin(), all.end(), subject) != all.end();
  }
  if (name == "lower" || name == "upper") {
    const std::string text = subject.str(), lower = lower_case(text), upper = upper_case(text);
    return lower != upper && text == (name == "lower" ? lower : upper);
  }
  fail("the chat template tests with \"is ", name, "\", which graft does not know");
}

/// A key of a dictionary or a method: `subject.name`.
inline Value attribute(const Value& subject, const std::string& name) {
  const Value entry = subject.get(name);
  return entry.is_undefined() ? method(subject, name) : entry;
}

/// What filters take for an element: itself, or what `path` names within it ("a.b", "0"); texts without their case,
/// unless that counts.
inline Value sorted_by(const Value& element, const Value& path, bool case_counts) {
  Value found = element;
  for (std::string rest = path.is_undefined() || path.is_none() ? "" : path.str(); !rest.empty();) {
    const auto dot = std::min(rest.find('.'), rest.size());
    const std::string key = rest.substr(0, dot);
    rest.erase(0, dot + 1);
    Index number = 0;
    const auto read = std::from_chars(key.data(), key.data() + key.size(), number);
    if (found.dict() == nullptr && read.ec == std::errc() && read.ptr == key.data() + key.size()) {
      const auto all = found.elements();
      found = number < all.size() ? all[number] : Value();
    } else {
      found = attribute(found, key);
    }
  }
  return case_counts || found.text() == nullptr ? found : Value(lower_case(*found.text()));
}
/// The whole number that a text says, as Python's int(…) or int(float(…)) reads it; else `otherwise`.
inline Value whole_number(const std::string& said, const Value& otherwise) {
  const std::string text = stripped(said, {}, true, true);
  const char* const end = text.data() + text.size();
  std::int64_t n = 0;
  if (const auto read = std::from_chars(text.data(), end, n); read.ec == std::errc() && read.ptr == end) return n;
  double x = 0;
  const auto read = std::from_chars(text.data(), end, x);
  return read.ec == std::errc() && read.ptr == end && std::abs(x) < 9e18 ? Value(static_cast<std::int64_t>(x))
                                                                         : otherwise;
}
/// `subject | name(…)`
inline Value filter(const std::string& name, const Value& subject, const Arguments& given) {
  const auto all = [&] { return subject.elements(); };
  const auto rest = [&given](Index from) {
    return Arguments{{given.positional.begin() + static_cast<std::ptrdiff_t>(std::min(from, given.positional.size())),
                      given.positional.end()},
                     {}};
  };
  if (name == "trim") return stripped(subject.str(), given.get(0, "chars"), true, true);
  if (name == "length" || name == "count") return subject.length();
  if (name == "tojson") {
    for (const auto& [option, value] : given.named)
      if (option != "indent" && value.truth())
        fail("the chat template writes JSON with ", option, ", which graft does not know");
    const Value indent = given.get(0, "indent", nullptr);
    return subject.json(indent.is_none() ? -1 : static_cast<int>(std::clamp<std::int64_t>(indent.integer(), 0, 16)));
  }
  if (name == "upper") return upper_case(subject.str());
  if (name == "lower") return lower_case(subject.str());
  if (name == "title")
    return capitalized(subject.str(), [](std::int32_t point) {
      return is_white_space(point) || point == '-' || point == '(' || point == '{' || point == '[' || point == '<';
    });
  if (name == "capitalize") return capitalized(subject.str(), within_sentence);
  if (name == "string" || name == "safe") return subject.str();
  if (name == "default" || name == "d")
    return subject.is_undefined() || (given.get(1, "boolean", false).truth() && !subject.truth())
               ? given.get(0, "default_value", "")
               : subject;
  if (name == "int") {
    if (subject.is_integer()) return subject.integer();
    if (!subject.is_number()) return whole_number(subject.string(), given.get(0, "default", 0));
    if (!(std::abs(subject.number()) < 9e18)) fail("the chat template makes a whole number of ", subject.repr());
    return static_cast<std::int64_t>(subject.number());
  }
  if (name == "float") return subject.number();
  if (name == "abs")
    return subject.is_integer() ? Value(subject.integer() < 0 ? negated(subject.integer()) : subject.integer())
                                : Value(std::abs(subject.number()));
  if (name == "round") {
    const double scale = std::pow(10.0, given.get(0, "precision", 0).number());
    return std::nearbyint(subject.number() * scale) / scale;
  }
  if (name == "first" || name == "last") {
    const auto list = all();
    return list.empty() ? Value() : name == "first" ? list.front() : list.back();
  }
  if (name == "list") return all();
  if (name == "items") return (*method(subject, "items").function())({});
  if (name == "replace")
    return replaced(subject.str(), given.get(0, "old").string(), given.get(1, "new").string(),
                    given.get(2, "count", -1).integer());
  if (name == "join") {
    std::string text;
    const std::string between = given.get(0, "d", "").str();
    const Value by = given.get(1, "attribute");
    bool more = false;
    for (const auto& one : all()) text += (std::exchange(more, true) ? between : "") + sorted_by(one, by, true).str();
    return text;
  }
  if (name == "reverse") {
    auto list = all();
    std::reverse(list.begin(), list.end());
    if (subject.text() == nullptr) return list;
    std::string text;
    for (const auto& one : list) text += one.string();
    return text;
  }
  if (name == "unique") {
    List list, keys;
    const bool case_counts = given.get(0, "case_sensitive", false).truth();
    for (const auto& one : all()) {
      const Value key = sorted_by(one, given.get(1, "attribute"), case_counts);
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
      keys.push_back(key);
      list.push_back(one);
    }
    return list;
  }
  if (name == "sort" || name == "dictsort") {
    const bool of_list = name == "sort";
    auto list = of_list ? all() : filter("items", subject, {}).elements();
    const Value by = of_list ? given.get(2, "attribute") : given.get(1, "by", "key").str() == "value" ? "1" : "0";
    const bool case_counts = given.get(of_list ? 1 : 0, "case_sensitive", false).truth();
    std::stable_sort(list.begin(), list.end(), [&](const Value& a, const Value& b) {
      return sorted_by(a, by, case_counts) < sorted_by(b, by, case_counts);
    });
    if (given.get(of_list ? 0 : 2, "reverse", false).truth()) std::reverse(list.begin(), list.end());
    return list;
  }
  if (name == "sum" || name == "min" || name == "max") {
    const auto list = all();
    if (name == "sum") {
      double total = 0;
      bool whole = true;
      for (const auto& one : list) total += one.number(), whole = whole && one.is_integer();
      return whole ? Value(static_cast<std::int64_t>(total)) : Value(total);
    }
    if (list.empty()) return {};
    const bool case_counts = given.get(0, "case_sensitive", false).truth();
    const auto less = [&](const Value& a, const Value& b) {
      return sorted_by(a, given.get(1, "attribute"), case_counts) <
             sorted_by(b, given.get(1, "attribute"), case_counts);
    };
    return name == "min" ? *std::min_element(list.begin(), list.end(), less)
                         : *std::max_element(list.begin(), list.end(), less);
  }
  if (name == "map") {
    List list;
    const Value by = given.get(99, "attribute");
    for (const auto& one : all()) {
      const Value found =
          by.is_undefined() ? filter(given.get(0, "filter").string(), one, rest(1)) : sorted_by(one, by, true);
      list.push_back(found.is_undefined() && !by.is_undefined() ? given.get(99, "default") : found);
    }
    return list;
  }
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr") {
    List list;
    const bool of_attribute = name.ends_with("attr"), wanted = name.starts_with("select");
    const Index at = of_attribute ? 1 : 0;
    for (const auto& one : all()) {
      const Value what = of_attribute ? sorted_by(one, given.get(0, "attribute"), true) : one;
      const bool holds =
          given.positional.size() > at ? test(given.positional[at].string(), what, rest(at + 1)) : what.truth();
      if (holds == wanted) list.push_back(one);
    }
    return list;
  }
  if (name == "indent") {
    const Value width = given.get(0, "width", 4);
    const std::string space =
        width.text() != nullptr
            ? *width.text()
            : std::string(static_cast<Index>(std::clamp<std::int64_t>(width.integer(), 0, 64)), ' ');
    std::string text = given.get(1, "first", false).truth() ? space : "";
    const std::string given_text = subject.str();
    for (Index i = 0; i < given_text.size(); ++i) {
      text += given_text[i];
      if (given_text[i] == '\n' && i + 1 < given_text.size() &&
          (given_text[i + 1] != '\n' || given.get(2, "blank", false).truth()))
        text += space;
    }
    return text;
  }
  if (name == "escape" || name == "e")
    return replaced(
        replaced(replaced(replaced(replaced(subject.str(), "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "'", "&#39;"),
        "\"", "&#34;");
  fail("the chat template uses the filter \"", name, "\", which graft does not know");
}

}  // namespace graft::jinja
