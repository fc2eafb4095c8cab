/// \file
/// The template language of chat templates: Jinja as Hugging Face runs it (blocks take their line's indentation and
/// line feed with them), read into a tree of functions. Templates come from files that nobody vouches for, so work and
/// depth are limited.
#pragma once

#include <graft/text/jinja/jinja_filters.hpp>
#include <graft/text/jinja/jinja_scope.hpp>

namespace graft::jinja {

/// One expression, from text to a function.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) { next(); }

  Expression whole() {
    Expression e = expression();
    if (!token_.empty()) unexpected();
    return e;
  }
  /// A conditional expression, as far as it goes.
  Expression expression() {
    const Deeper deeper(*this);
    Expression value = either();
    if (!takes("if")) return value;
    Expression condition = either(), otherwise = takes("else") ? expression() : [](Scope&) { return Value(); };
    return [value, condition, otherwise](Scope& s) { return condition(s).truth() ? value(s) : otherwise(s); };
  }
  /// `a`, or `a, b`: a list then
  Expression tuple() {
    Expression first = expression();
    if (token_ != ",") return first;
    std::vector<Expression> all{first};
    while (takes(",") && !token_.empty() && token_ != ")") all.push_back(expression());
    return [list = list_of(all)](Scope& s) { return Value::tuple(*list(s).list()); };
  }
  std::vector<std::string> names() {
    const bool enclosed = takes("(");
    std::vector<std::string> all{name()};
    while (takes(",")) all.push_back(name());
    if (enclosed) expect(")");
    return all;
  }
  std::string name() {
    if (kind_ != Kind::name) unexpected();
    return take();
  }
  bool takes(std::string_view token) {
    if (kind_ == Kind::text || token_ != token) return false;
    next();
    return true;
  }
  void expect(std::string_view token) {
    if (!takes(token)) unexpected();
  }
  /// Without conditions: what `for … in` has before an `if`.
  Expression either() {
    Expression left = both();
    while (takes("or")) {
      grow();
      Expression right = both();
      left = [left, right](Scope& s) {
        Value v = left(s);
        return v.truth() ? v : right(s);
      };
    }
    return left;
  }
  [[nodiscard]] bool at_end() const { return token_.empty() && kind_ == Kind::end; }
  /// name(a, b=1) of a macro
  std::vector<std::pair<std::string, Expression>> parameters() {
    std::vector<std::pair<std::string, Expression>> all;
    expect("(");
    while (!takes(")")) {
      std::string called = name();
      all.emplace_back(std::move(called), takes("=") ? expression() : Expression());
      if (token_ != ")") expect(",");
    }
    return all;
  }

 private:
  enum class Kind { name, number, text, symbol, end };
  struct Deeper {
    explicit Deeper(ExpressionParser& parser) : depth(parser.depth_) {
      if (++depth > 200) fail("the chat template's expressions nest too deeply");
    }
    ~Deeper() { --depth; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Index& depth;
  };

  [[noreturn]] void unexpected() const {
    fail("the chat template cannot be read at \"", std::string(text_.substr(begin_, 40)), "\" in \"",
         std::string(text_.substr(0, 80)), "\"");
  }
  std::string take() {
    std::string taken = std::move(token_);
    next();
    return taken;
  }
  /// Counts an operator: each one is a call more, when the expression is computed.
  void grow() {
    if (++operators_ > 2000) fail("the chat template has an expression that is too long");
  }
  void next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    begin_ = at_;
    token_.clear();
    if (at_ == text_.size()) {
      kind_ = Kind::end;
      return;
    }
    const char c = text_[at_];
    const auto is_word = [](char x) {
      return x == '_' || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');
    };
    if (c == '"' || c == '\'') return read_text(c);
    if (c >= '0' && c <= '9') {
      kind_ = Kind::number;
      while (at_ < text_.size() && (is_word(text_[at_]) || (text_[at_] == '.' && at_ + 1 < text_.size() &&
                                                            text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9')))
        token_ += text_[at_++];
    } else if (is_word(c)) {
      kind_ = Kind::name;
      while (at_ < text_.size() && is_word(text_[at_])) token_ += text_[at_++];
    } else {
      kind_ = Kind::symbol;
      for (const std::string_view two : {"==", "!=", "<=", ">=", "//", "**"})
        if (text_.substr(at_).starts_with(two)) token_ = two;
      if (token_.empty()) token_ = c;
      at_ += token_.size();
    }
  }
  void read_text(char quote) {
    kind_ = Kind::text;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] != '\\' || at_ + 1 == text_.size()) {
        token_ += text_[at_];
        continue;
      }
      switch (const char c = text_[++at_]; c) {
        case 'n':
          token_ += '\n';
          break;
        case 't':
          token_ += '\t';
          break;
        case 'r':
          token_ += '\r';
          break;
        case 'u':
        case 'x': {
          const Index digits = c == 'u' ? 4 : 2;
          int point = 0;
          const auto code = text_.substr(at_ + 1, digits);
          if (code.size() != digits ||
              std::from_chars(code.data(), code.data() + digits, point, 16).ptr != code.data() + digits)
            fail("the chat template has a text with a broken \\", std::string(1, c));
          token_ += utf8(point);
          at_ += digits;
          break;
        }
        case '\\':
        case '\'':
        case '"':
          token_ += c;
          break;
        default:
          token_ += '\\', token_ += c;
      }
    }
    if (at_ == text_.size())
      fail("the chat template has a text without an end: ", std::string(text_.substr(begin_, 40)));
    ++at_;
  }

  static Expression list_of(std::vector<Expression> all) {
    return [all = std::move(all)](Scope& s) {
      List list;
      for (const auto& one : all) list.push_back(one(s).within());
      return Value(std::move(list));
    };
  }
  Expression both() {
    Expression left = negation();
    while (takes("and")) {
      grow();
      Expression right = negation();
      left = [left, right](Scope& s) {
        Value v = left(s);
        return v.truth() ? right(s) : v;
      };
    }
    return left;
  }
  Expression negation() {
    const Deeper deeper(*this);
    if (!takes("not")) return comparison();
    return [value = negation()](Scope& s) { return Value(!value(s).truth()); };
  }
  /// One of them, or several: `a < b < c` is `a < b and b < c`.
  Expression comparison() {
    Expression first = sum();
    std::vector<std::pair<std::string, Expression>> more;
    while (kind_ != Kind::text) {
      std::string op = token_;
      if (op == "not") {
        take();
        if (token_ != "in") unexpected();
        op = "not in";
      }
      if (op != "==" && op != "!=" && op != "<" && op != "<=" && op != ">" && op != ">=" && op != "in" &&
          op != "not in")
        break;
      take();
      grow();
      more.emplace_back(std::move(op), sum());
    }
    if (more.empty()) return first;
    return [first, more = std::move(more)](Scope& s) {
      Value a = first(s);
      for (const auto& [op, right] : more) {
        Value b = right(s);
        if (!compared(op, a, b)) return Value(false);
        a = std::move(b);
      }
      return Value(true);
    };
  }
  static bool compared(const std::string& op, const Value& a, const Value& b) {
    if (op == "==") return a == b;
    if (op == "!=") return !(a == b);
    if (op == "<" || op == ">=") return (a < b) == (op == "<");
    if (op == ">" || op == "<=") return (b < a) == (op == ">");
    bool found = false;
    if (b.text() != nullptr) found = b.text()->find(a.string()) != std::string::npos;
    else if (b.dict() != nullptr) found = a.text() != nullptr && b.dict()->find(*a.text()) != nullptr;
    else {
      const auto all = b.elements();
      found = std::find(all.begin(), all.end(), a) != all.end();
    }
    return found == (op == "in");
  }
  Expression sum() {
    Expression left = product();
    while (kind_ == Kind::symbol && (token_ == "+" || token_ == "-" || token_ == "~")) {
      const std::string op = take();
      grow();
      left = [op, left, right = product()](Scope& s) {
        const Value a = left(s), b = right(s);
        if (op == "~") return Value(a.str() + b.str());
        if (op == "+" && a.text() != nullptr) return Value(*a.text() + b.string());
        if (op == "+" && a.list() != nullptr && b.list() != nullptr) {
          List list = *a.list();
          list.insert(list.end(), b.list()->begin(), b.list()->end());
          return Value(std::move(list));
        }
        if (a.is_integer() && b.is_integer()) {
          std::int64_t result = 0;
          if (op == "+" ? __builtin_add_overflow(a.integer(), b.integer(), &result)
                        : __builtin_sub_overflow(a.integer(), b.integer(), &result))
            fail("the chat template computes a number that is too large");
          return Value(result);
        }
        return op == "+" ? Value(a.number() + b.number()) : Value(a.number() - b.number());
      };
    }
    return left;
  }
  Expression product() {
    Expression left = power();
    while (kind_ == Kind::symbol && (token_ == "*" || token_ == "/" || token_ == "//" || token_ == "%")) {
      const std::string op = take();
      grow();
      left = [op, left, right = power()](Scope& s) { return multiplied(op, left(s), right(s)); };
    }
    return left;
  }
  Expression power() {
    Expression left = signed_value();
    while (kind_ == Kind::symbol && token_ == "**") {
      const std::string op = take();
      grow();
      left = [op, left, right = signed_value()](Scope& s) { return multiplied(op, left(s), right(s)); };
    }
    return left;
  }
  static Value multiplied(const std::string& op, const Value& a, const Value& b) {
    if (op == "*" && a.text() != nullptr) {
      std::string all;
      if (a.text()->empty()) return all;
      for (std::int64_t i = 0; i < b.integer(); ++i) {
        all += *a.text();
        if (all.size() > 10'000'000) fail("the chat template repeats a text too often");
      }
      return all;
    }
    const double x = a.number(), y = b.number();
    if (op != "*" && op != "**" && y == 0) fail("the chat template divides by 0");
    const bool whole = a.is_integer() && b.is_integer() && (op != "**" || y >= 0);
    const double result = op == "*"    ? x * y
                          : op == "/"  ? x / y
                          : op == "//" ? std::floor(x / y)
                          : op == "%"  ? x - std::floor(x / y) * y
                                       : std::pow(x, y);
    return whole && op != "/" && std::abs(result) < 9e15 ? Value(static_cast<std::int64_t>(result)) : Value(result);
  }
  /// A sign binds closer than a filter: `-3 | abs` is 3.
  Expression signed_value(bool with_filters = true) {
    const Deeper deeper(*this);
    Expression value;
    if (takes("-")) {
      value = [inner = signed_value(false)](Scope& s) {
        const Value v = inner(s);
        return v.is_integer() ? Value(negated(v.integer())) : Value(-v.number());
      };
    } else {
      value = takes("+") ? signed_value(false) : followed(atom(), false);
    }
    return with_filters ? followed(value, true) : value;
  }
  /// Everything that may follow a value: .name, [index], (call), and with filters | filter, is test.
  Expression followed(Expression value, bool with_filters) {
    for (;;) {
      if (kind_ == Kind::text) return value;
      grow();
      if (takes(".")) {
        value = [value, key = take()](Scope& s) { return attribute(value(s), key); };
      } else if (takes("[")) {
        value = indexed(value);
      } else if (takes("(")) {
        value = [value, given = arguments()](Scope& s) {
          const Value f = value(s);
          if (f.function() == nullptr) fail("the chat template calls what is no function");
          s.work();
          return (*f.function())(given(s));
        };
      } else if (with_filters && takes("|")) {
        std::string called = name();
        auto given = takes("(") ? arguments() : [](Scope&) { return Arguments(); };
        value = [value, called = std::move(called), given](Scope& s) {
          s.work();
          return filter(called, value(s), given(s));
        };
      } else if (with_filters && takes("is")) {
        const bool negated = takes("not");
        std::string called = name();
        std::function<Arguments(Scope&)> given = [](Scope&) { return Arguments(); };
        if (takes("(")) given = arguments();
        else if (kind_ == Kind::text || kind_ == Kind::number || token_ == "[" ||
                 (kind_ == Kind::name && token_ != "and" && token_ != "or" && token_ != "else" && token_ != "if" &&
                  token_ != "is" && token_ != "in" && token_ != "not"))
          given = [only = atom()](Scope& s) { return Arguments{{only(s)}, {}}; };
        value = [value, negated, called = std::move(called), given](Scope& s) {
          return Value(test(called, value(s), given(s)) != negated);
        };
      } else {
        return value;
      }
    }
  }
  std::function<Arguments(Scope&)> arguments() {
    const Deeper deeper(*this);
    std::vector<std::pair<std::string, Expression>> given;
    while (!takes(")")) {
      const auto at = at_, begin = begin_;
      const auto kind = kind_;
      const std::string token = token_;
      if (kind_ == Kind::name) {
        std::string called = take();
        if (kind_ == Kind::symbol && token_ == "=") {
          take();
          given.emplace_back(std::move(called), expression());
          if (token_ != ")") expect(",");
          continue;
        }
        at_ = at, begin_ = begin, kind_ = kind, token_ = token;  // a value after all
      }
      given.emplace_back("", expression());
      if (token_ != ")") expect(",");
    }
    return [given](Scope& s) {
      Arguments made;
      for (const auto& [called, value] : given) {
        if (called.empty()) made.positional.push_back(value(s));
        else made.named.emplace_back(called, value(s));
      }
      return made;
    };
  }
  Expression indexed(const Expression& value) {
    Expression from = token_ == ":" ? Expression() : expression();
    if (!takes(":")) {
      expect("]");
      return [value, from](Scope& s) {
        const Value all = value(s), key = from(s);
        if (all.dict() != nullptr) return key.text() != nullptr ? all.get(*key.text()) : Value();
        if (!key.is_integer()) return attribute(all, key.string());
        const auto elements = all.elements();
        const auto i = key.integer() < 0 ? key.integer() + static_cast<std::int64_t>(elements.size()) : key.integer();
        return i >= 0 && i < static_cast<std::int64_t>(elements.size()) ? elements[static_cast<Index>(i)] : Value();
      };
    }
    Expression to = token_ == ":" || token_ == "]" ? Expression() : expression();
    Expression by = takes(":") && token_ != "]" ? expression() : Expression();
    expect("]");
    return [value, from, to, by](Scope& s) {
      const Value all = value(s);
      const auto elements = all.elements();
      const auto n = static_cast<std::int64_t>(elements.size()), stride = by ? by(s).integer() : 1;
      if (stride == 0) fail("the chat template slices by steps of 0");
      const auto bound = [&](const Expression& e, std::int64_t otherwise) {
        if (!e || e(s).is_none()) return otherwise;
        const auto i = e(s).integer();
        return std::clamp<std::int64_t>(i < 0 ? i + n : i, stride > 0 ? 0 : -1, stride > 0 ? n : n - 1);
      };
      List part;
      const auto begin = bound(from, stride > 0 ? 0 : n - 1), end = bound(to, stride > 0 ? n : -1);
      const auto by_at_most = std::clamp<std::int64_t>(stride, -n - 1, n + 1);  // farther is out of it as well
      for (auto i = begin; stride > 0 ? i < end : i > end; i += by_at_most)
        part.push_back(elements[static_cast<Index>(i)]);
      if (all.text() == nullptr) return Value(std::move(part));
      std::string text;
      for (const auto& c : part) text += *c.text();
      return Value(std::move(text));
    };
  }
  Expression atom() {
    const Deeper deeper(*this);
    if (kind_ == Kind::text) {
      std::string text = take();
      while (kind_ == Kind::text) text += take();
      return [text = std::move(text)](Scope&) { return Value(text); };
    }
    if (kind_ == Kind::number) {
      const std::string digits = take();
      double x = 0;
      std::int64_t n = 0;
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), n);
      if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) return [n](Scope&) { return Value(n); };
      if (read.ec != std::errc() ||
          std::from_chars(digits.data(), digits.data() + digits.size(), x).ptr != digits.data() + digits.size())
        fail("the chat template has the number ", digits);
      return [x](Scope&) { return Value(x); };
    }
    if (takes("(")) {
      if (takes(")")) return [](Scope&) { return Value::tuple({}); };
      Expression inner = tuple();
      expect(")");
      return inner;
    }
    if (takes("[")) {
      std::vector<Expression> all;
      while (!takes("]")) {
        all.push_back(expression());
        if (token_ != "]") expect(",");
      }
      return list_of(all);
    }
    if (takes("{")) {
      std::vector<std::pair<Expression, Expression>> entries;
      while (!takes("}")) {
        Expression key = expression();
        expect(":");
        entries.emplace_back(std::move(key), expression());
        if (token_ != "}") expect(",");
      }
      return [entries](Scope& s) {
        const Value made{Dict()};
        for (const auto& [key, value] : entries) made.set(key(s).str(), value(s).within());
        return made;
      };
    }
    const std::string called = name();
    if (called == "true" || called == "True") return [](Scope&) { return Value(true); };
    if (called == "false" || called == "False") return [](Scope&) { return Value(false); };
    if (called == "none" || called == "None") return [](Scope&) { return Value(nullptr); };
    return [called](Scope& s) { return s.get(called); };
  }

  std::string_view text_;
  std::string_view::size_type at_ = 0, begin_ = 0;
  Kind kind_ = Kind::end;
  std::string token_;
  Index depth_ = 0, operators_ = 0;
};

}  // namespace graft::jinja
