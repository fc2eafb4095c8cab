/// \file
/// Values of a template language whose semantics are Python's: what text/jinja/jinja.hpp computes with.
#pragma once

#include <graft/io/json.hpp>
#include <graft/text/unicode.hpp>

#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

namespace graft::jinja {

class Value;
struct Arguments;
using List = std::vector<Value>;
using Function = std::function<Value(const Arguments&)>;

struct Undefined {};

/// Entries in the order of insertion, as Python has it.
class Dict : public std::vector<std::pair<std::string, Value>> {
 public:
  using vector::vector;
  /// Gets every key that is asked for, where someone wants to know.
  std::shared_ptr<std::vector<std::string>> asked;

  /// The value of a key, or null.
  [[nodiscard]] const Value* find(const std::string& key) const;
  void set(const std::string& key, Value value);
  /// Says that all keys were asked for.
  void ask_all() const;

 private:
  void ask(const std::string& key) const {
    if (asked && std::find(asked->begin(), asked->end(), key) == asked->end()) asked->push_back(key);
  }
};

/// −n. \throws Error where there is no such number
inline std::int64_t negated(std::int64_t n) {
  if (n == std::numeric_limits<std::int64_t>::min()) fail("the chat template computes a number that is too large");
  return -n;
}

/// Lists, dictionaries and functions are shared between the values that name them.
class Value {
 public:
  Value() = default;  // undefined
  Value(std::nullptr_t) : is_(nullptr) {}
  Value(bool b) : is_(b) {}
  Value(int n) : is_(std::int64_t{n}) {}
  Value(std::int64_t n) : is_(n) {}
  Value(Index n) : is_(static_cast<std::int64_t>(n)) {}
  Value(double x) : is_(x) {}
  Value(const char* text) : is_(std::string(text)) {}
  Value(std::string text) : is_(std::move(text)) {}
  Value(List list) : is_(std::make_shared<List>(std::move(list))) {}
  Value(Dict dict) : is_(std::make_shared<Dict>(std::move(dict))) {}
  Value(Function f) : is_(std::make_shared<Function>(std::move(f))) {}
  /// A list that prints as Python's tuples do.
  static Value tuple(List list) {
    Value made(std::move(list));
    made.is_tuple_ = true;
    return made;
  }
  /// JSON as a value.
  template <class J>
    requires requires(const J& json) {
      json.is_null();
      json.items();
    }
  explicit Value(const J& json) {
    if (json.is_null()) is_ = nullptr;
    else if (json.is_boolean()) is_ = json.template get<bool>();
    else if (json.is_number_integer() && !(json.is_number_unsigned() && json.template get<std::uint64_t>() >> 63U != 0))
      is_ = json.template get<std::int64_t>();
    else if (json.is_number()) is_ = json.template get<double>();
    else if (json.is_string()) is_ = json.template get<std::string>();
    else if (json.is_array()) {
      List list;
      for (const J& one : json) list.push_back(Value(one));
      *this = Value(std::move(list));
    } else {
      Dict dict;
      for (const auto& [key, one] : json.items()) dict.emplace_back(key, Value(one));
      *this = Value(std::move(dict));
    }
  }

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&is_);
  }
  [[nodiscard]] bool is_undefined() const { return as<Undefined>() != nullptr; }
  [[nodiscard]] bool is_none() const { return as<std::nullptr_t>() != nullptr; }
  [[nodiscard]] const std::string* text() const { return as<std::string>(); }
  [[nodiscard]] List* list() const { return pointee<List>(); }
  [[nodiscard]] Dict* dict() const { return pointee<Dict>(); }
  [[nodiscard]] const Function* function() const { return pointee<Function>(); }
  [[nodiscard]] bool is_number() const {
    return as<std::int64_t>() != nullptr || as<double>() != nullptr || as<bool>() != nullptr;
  }
  [[nodiscard]] bool is_integer() const { return as<std::int64_t>() != nullptr || as<bool>() != nullptr; }

  [[nodiscard]] bool truth() const {
    if (is_undefined() || is_none()) return false;
    if (const auto* b = as<bool>()) return *b;
    if (const auto* n = as<std::int64_t>()) return *n != 0;
    if (const auto* x = as<double>()) return *x != 0;
    if (text() != nullptr) return !text()->empty();
    if (list() != nullptr) return !list()->empty();
    if (dict() != nullptr) return !dict()->empty();
    return true;
  }
  [[nodiscard]] std::int64_t integer() const {
    if (const auto* n = as<std::int64_t>()) return *n;
    if (const auto* b = as<bool>()) return *b ? 1 : 0;
    fail("the chat template needs an integer and has ", repr());
  }
  [[nodiscard]] double number() const {
    if (const auto* x = as<double>()) return *x;
    return static_cast<double>(integer());
  }
  [[nodiscard]] const std::string& string() const {
    if (text() == nullptr) fail("the chat template needs a text and has ", repr());
    return *text();
  }

  /// An entry of a dictionary; undefined where there is none.
  [[nodiscard]] Value get(const std::string& key) const {
    const Value* const found = dict() != nullptr ? dict()->find(key) : nullptr;
    return found != nullptr ? *found : Value();
  }
  void set(const std::string& key, Value value) const { dict()->set(key, std::move(value)); }

  /// This value, to be put into `container`. Fails where values would nest too deeply, or contain themselves.
  [[nodiscard]] const Value& within(const Value& container) const {
    check_nesting(container.list() != nullptr ? static_cast<const void*>(container.list()) : container.dict(), 0);
    return *this;
  }
  [[nodiscard]] const Value& within() const {
    check_nesting(nullptr, 0);
    return *this;
  }

  /// Characters, entries or elements.
  [[nodiscard]] Index length() const {
    Index n = 0;
    if (text() != nullptr) each_character(*text(), [&n](std::int32_t, std::string_view) { ++n; });
    else if (list() != nullptr) n = list()->size();
    else if (dict() != nullptr) n = dict()->size();
    else if (!is_undefined()) fail("the chat template asks for the length of ", repr());
    return n;
  }
  /// What a loop visits: elements, keys, characters.
  [[nodiscard]] List elements() const {
    if (list() != nullptr) return *list();
    List all;
    if (dict() != nullptr)
      for (const auto& entry : *dict()) all.emplace_back(entry.first);
    else if (text() != nullptr)
      each_character(*text(), [&all](std::int32_t, std::string_view c) { all.emplace_back(std::string(c)); });
    else if (!is_undefined()) fail("the chat template loops over ", repr());
    return all;
  }

  /// As `{{ }}` prints it.
  [[nodiscard]] std::string str() const { return text() != nullptr ? *text() : is_undefined() ? "" : repr(); }
  [[nodiscard]] std::string repr(Index depth = 0) const {
    if (depth > 50) return "...";
    if (is_undefined()) return "Undefined";
    if (is_none()) return "None";
    if (const auto* b = as<bool>()) return *b ? "True" : "False";
    if (const auto* n = as<std::int64_t>()) return std::to_string(*n);
    if (const auto* x = as<double>()) return float_repr(*x);
    if (text() != nullptr) {
      const char quote = text()->find('\'') != std::string::npos && text()->find('"') == std::string::npos ? '"' : '\'';
      std::string quoted(1, quote);
      for (const char c : *text()) {
        if (c == quote || c == '\\') quoted += '\\';
        if (c == '\n') quoted += "\\n";
        else if (c == '\t') quoted += "\\t";
        else if (c == '\r') quoted += "\\r";
        else quoted += c;
      }
      return quoted + quote;
    }
    if (list() != nullptr) {
      std::string all = is_tuple_ ? "(" : "[";
      for (const auto& one : *list()) all += (all.size() > 1 ? ", " : "") + one.repr(depth + 1);
      return all + (!is_tuple_ ? "]" : list()->size() == 1 ? ",)" : ")");
    }
    if (dict() != nullptr) {
      std::string all = "{";
      for (const auto& [key, one] : *dict())
        all += (all.size() > 1 ? ", " : "") + Value(key).repr() + ": " + one.repr(depth + 1);
      return all + "}";
    }
    return "<function>";
  }

  /// As Python's json.dumps(ensure_ascii=False) has it. `indent` below 0: on one line.
  [[nodiscard]] std::string json(int indent = -1, int depth = 0) const {
    if (depth > 50) fail("the chat template writes JSON that is nested too deeply");
    if (text() != nullptr) return Json(repaired(*text())).dump();
    if (is_none()) return "null";
    if (const auto* b = as<bool>()) return *b ? "true" : "false";
    if (is_number()) return repr();
    if (list() == nullptr && dict() == nullptr) fail("the chat template writes ", repr(), " as JSON");
    const std::string line = indent < 0 ? "" : "\n" + std::string(static_cast<Index>(indent * (depth + 1)), ' ');
    if (dict() != nullptr) dict()->ask_all();
    std::string all;
    const auto add = [&](const std::string& one) { all += (all.empty() ? "" : indent < 0 ? ", " : ",") + line + one; };
    if (list() != nullptr)
      for (const auto& one : *list()) add(one.json(indent, depth + 1));
    else
      for (const auto& [key, one] : *dict()) add(Json(repaired(key)).dump() + ": " + one.json(indent, depth + 1));
    const std::string end =
        indent < 0 || all.empty() ? "" : "\n" + std::string(static_cast<Index>(indent * depth), ' ');
    return (list() != nullptr ? "[" : "{") + all + end + (list() != nullptr ? "]" : "}");
  }

  friend bool operator==(const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) return a.number() == b.number();
    if (a.text() != nullptr && b.text() != nullptr) return *a.text() == *b.text();
    if (a.list() != nullptr && b.list() != nullptr) return *a.list() == *b.list();
    if (a.dict() != nullptr && b.dict() != nullptr) {
      if (a.dict()->size() != b.dict()->size()) return false;
      return std::all_of(a.dict()->begin(), a.dict()->end(),
                         [&b](const auto& entry) { return entry.second == b.get(entry.first); });
    }
    return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
  }
  friend bool operator<(const Value& a, const Value& b) {
    if (a.is_number() && b.is_number()) return a.number() < b.number();
    return a.string() < b.string();
  }

 private:
  void check_nesting(const void* container, Index depth) const {
    const bool itself = container != nullptr && (list() == container || dict() == container);
    if (depth > 100 || itself) fail("the chat template nests its values too deeply");
    if (list() != nullptr)
      for (const auto& one : *list()) one.check_nesting(container, depth + 1);
    if (dict() != nullptr)
      for (const auto& entry : *dict()) entry.second.check_nesting(container, depth + 1);
  }
  template <class T>
  [[nodiscard]] T* pointee() const {
    const auto* pointer = std::get_if<std::shared_ptr<T>>(&is_);
    return pointer == nullptr ? nullptr : pointer->get();
  }
  static std::string float_repr(double x) {
    if (std::isnan(x)) return "nan";
    if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
    std::string shortest = Json(x).dump();
    if (std::abs(x) >= 1e15 && std::abs(x) < 1e16) {  // Python's exponents begin later
      char digits[32];
      shortest.assign(digits, std::to_chars(digits, digits + sizeof digits, x, std::chars_format::fixed).ptr);
    }
    if (shortest.find_first_of(".e") == std::string::npos) shortest += ".0";
    return shortest;
  }

  std::variant<Undefined, std::nullptr_t, bool, std::int64_t, double, std::string, std::shared_ptr<List>,
               std::shared_ptr<Dict>, std::shared_ptr<Function>>
      is_;
  bool is_tuple_ = false;
};

inline const Value* Dict::find(const std::string& key) const {
  ask(key);
  for (const auto& [name, value] : *this)
    if (name == key) return &value;
  return nullptr;
}
inline void Dict::set(const std::string& key, Value value) {
  for (auto& [name, old] : *this)
    if (name == key) {
      old = std::move(value);
      return;
    }
  emplace_back(key, std::move(value));
}
inline void Dict::ask_all() const {
  for (const auto& entry : *this) ask(entry.first);
}

/// What a call is given.
struct Arguments {
  List positional;
  Dict named;

  [[nodiscard]] bool has(Index i, const char* name) const {
    return i < positional.size() ||
           std::any_of(named.begin(), named.end(), [name](const auto& n) { return n.first == name; });
  }
  /// Argument number i, or the one of this name, or undefined.
  [[nodiscard]] Value get(Index i, const char* name) const {
    if (i < positional.size()) return positional[i];
    for (const auto& [key, value] : named)
      if (key == name) return value;
    return {};
  }
  [[nodiscard]] Value get(Index i, const char* name, Value otherwise) const {
    return has(i, name) ? get(i, name) : std::move(otherwise);
  }
};

}  // namespace graft::jinja
