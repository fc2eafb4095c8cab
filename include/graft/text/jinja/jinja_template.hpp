/// \file
/// A template as a whole: text with {{ values }} and {% statements %} in it. Expressions: text/jinja/jinja.hpp.
#pragma once

#include <graft/text/jinja/jinja.hpp>

#include <ctime>

namespace graft {

class JinjaTemplate {
 public:
  explicit JinjaTemplate(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    cut(text);
    body_ = body({"elif", "else", "endif", "endfor", "endset", "endmacro", "endfilter", "endgeneration"});
    if (at_ < parts_.size()) fail("the chat template has {% ", parts_[at_].text, " %} where nothing was opened");
    parts_.clear();
  }

  /// The text that the template makes of values.
  [[nodiscard]] jinja::Rendered operator()(const jinja::Dict& values) const {
    jinja::Scope scope(globals());
    scope.push(values);
    scope.push();  // for what the template sets
    jinja::run(body_, scope, scope.rendered.text);
    return scope.finished();
  }

 private:
  enum class Kind { text, value, statement };
  struct Part {
    Kind kind;
    std::string text;
  };
  using Statement = jinja::Statement;
  using Scope = jinja::Scope;
  using Value = jinja::Value;
  using Flow = jinja::Flow;

  /// Cuts text at {{, {% and {#. A statement or comment takes the blanks before it on its line and the line feed behind
  /// it; a minus sign at either end takes all white space there.
  void cut(std::string_view text) {
    while (!text.empty()) {
      auto open = text.find('{');
      while (open != text.npos &&
             (open + 1 == text.size() || std::string_view("{%#").find(text[open + 1]) == std::string_view::npos))
        open = text.find('{', open + 1);
      std::string plain(text.substr(0, open));
      if (open == text.npos) return add_text(plain);
      const char kind = text[open + 1];
      std::string_view rest = text.substr(open + 2);
      const bool takes_before = rest.starts_with('-'), keeps_before = rest.starts_with('+');
      if (takes_before || keeps_before) rest.remove_prefix(1);
      if (takes_before) plain = jinja::stripped(plain, {}, false, true);
      else if (kind != '{' && !keeps_before) {
        const auto blank = plain.find_last_not_of(" \t");
        if ((blank == plain.npos && (parts_.empty() || line_begins_)) || (blank != plain.npos && plain[blank] == '\n'))
          plain.erase(blank == plain.npos ? 0 : blank + 1);
      }
      add_text(plain);
      const auto close = closing(rest, kind);
      std::string inside(rest.substr(0, close));
      rest.remove_prefix(close + 2);
      const bool takes_after = inside.ends_with('-');
      const bool keeps_after = inside.ends_with('+');
      if (takes_after || keeps_after) inside.pop_back();
      if (kind == '%') parts_.push_back({Kind::statement, jinja::stripped(inside, {}, true, true)});
      if (kind == '{') parts_.push_back({Kind::value, inside});
      line_begins_ = false;
      if (takes_after) {
        rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n\f\v"), rest.size()));
      } else if (kind != '{' && !keeps_after && rest.starts_with('\n')) {
        rest.remove_prefix(1);
        line_begins_ = true;
      }
      text = rest;
    }
  }
  void add_text(const std::string& plain) {
    if (!plain.empty()) parts_.push_back({Kind::text, plain});
  }
  /// Where the part ends, outside of texts within it.
  static Index closing(std::string_view rest, char kind) {
    const std::string end = kind == '{' ? "}}" : kind == '%' ? "%}" : "#}";
    char quote = 0;
    Index nested = 0;
    for (Index i = 0; i + 1 < rest.size(); ++i) {
      const char c = rest[i];
      if (kind != '#' && quote != 0) {
        if (c == '\\') ++i;
        else if (c == quote) quote = 0;
      } else if (kind != '#' && (c == '"' || c == '\'')) {
        quote = c;
      } else if (kind == '{' && c == '{') {
        ++nested;
      } else if (kind == '{' && c == '}' && nested > 0) {
        --nested;
      } else if (rest.substr(i).starts_with(end)) {
        return i;
      }
    }
    fail("the chat template opens {", std::string(1, kind),
         " and does not close it: ", std::string(rest.substr(0, 40)));
  }

  /// Statements up to one of `ends`, which is left to read.
  jinja::Body body(std::initializer_list<std::string_view> ends) {
    jinja::Body made;
    if (++depth_ > 100) fail("the chat template nests too deeply");
    for (; at_ < parts_.size(); ++at_) {
      const auto& [kind, text] = parts_[at_];
      if (kind == Kind::text) {
        made.push_back([text = text](Scope&, std::string& out) { return out += text, Flow::goes_on; });
      } else if (kind == Kind::value) {
        made.push_back([value = jinja::ExpressionParser(text).whole()](Scope& s, std::string& out) {
          return out += value(s).str(), Flow::goes_on;
        });
      } else {
        const std::string word = first_word(text);
        if (std::find(ends.begin(), ends.end(), word) != ends.end()) break;
        made.push_back(statement(word));
        if (at_ == parts_.size()) fail("the chat template does not end its {% ", word, " %}");
      }
    }
    --depth_;
    return made;
  }
  static std::string first_word(const std::string& text) { return text.substr(0, text.find_first_of(" \t\n(")); }
  /// The text of the statement at hand behind its first word.
  [[nodiscard]] std::string rest_of(const std::string& word) const { return parts_[at_].text.substr(word.size()); }
  /// The body up to {% end %}, at which it stops.
  jinja::Body until(std::string_view end) {
    ++at_;
    jinja::Body made = body({end});
    if (at_ == parts_.size()) fail("the chat template lacks {% ", std::string(end), " %}");
    return made;
  }

  Statement statement(const std::string& word) {
    if (word == "if") return conditional();
    if (word == "for") return loop();
    if (word == "set") return assignment();
    if (word == "macro") return macro();
    if (word == "break") return [](Scope&, std::string&) { return Flow::breaks; };
    if (word == "continue") return [](Scope&, std::string&) { return Flow::continues; };
    if (word == "generation") {
      return [inside = until("endgeneration")](Scope& s, std::string& out) {
        const Index begin = out.size();
        const Flow flow = jinja::run(inside, s, out);
        s.note_generated(out, begin);
        return flow;
      };
    }
    if (word == "filter") {
      const std::string call = rest_of(word);
      auto inside = until("endfilter");
      return [inside = std::move(inside), value = jinja::ExpressionParser("filtered|" + call).whole()](
                 Scope& s, std::string& out) {
        std::string text;
        jinja::run(inside, s, text);
        s.push();
        s.set("filtered", text);
        out += value(s).str();
        s.pop();
        return Flow::goes_on;
      };
    }
    fail("the chat template has {% ", word, " %}, which graft does not know");
  }

  Statement conditional() {
    std::vector<std::pair<jinja::Expression, jinja::Body>> branches;
    for (bool more = true; more;) {
      const std::string word = first_word(parts_[at_].text);
      const std::string condition = rest_of(word);
      jinja::Expression holds =
          word == "else" ? [](Scope&) { return Value(true); } : jinja::ExpressionParser(condition).whole();
      ++at_;
      auto inside = body({"elif", "else", "endif"});
      if (at_ == parts_.size()) fail("the chat template lacks {% endif %}");
      branches.emplace_back(std::move(holds), std::move(inside));
      more = parts_[at_].text != "endif";
    }
    return [branches](Scope& s, std::string& out) {
      for (const auto& [condition, inside] : branches)
        if (condition(s).truth()) return jinja::run(inside, s, out);
      return Flow::goes_on;
    };
  }

  Statement loop() {
    const std::string head = rest_of("for");
    jinja::ExpressionParser parser(head);
    const auto names = parser.names();
    parser.expect("in");
    const auto sequence = parser.either();
    const auto condition = parser.takes("if") ? parser.expression() : jinja::Expression();
    parser.takes("recursive");
    if (!parser.at_end()) fail("the chat template cannot be read at {% for", head, " %}");
    ++at_;
    auto inside = body({"else", "endfor"});
    if (at_ == parts_.size()) fail("the chat template lacks {% endfor %}");
    auto otherwise = parts_[at_].text == "else" ? until("endfor") : jinja::Body();
    const auto assign = [names](Scope& s, const Value& element) {
      if (names.size() == 1) return s.set(names[0], element);
      const auto each = element.elements();
      if (each.size() != names.size())
        fail("the chat template gives ", each.size(), " values to ", names.size(), " names");
      for (Index i = 0; i < names.size(); ++i) s.set(names[i], each[i]);
    };
    return [assign, sequence, condition, inside = std::move(inside), otherwise = std::move(otherwise)](
               Scope& s, std::string& out) {
      auto all = sequence(s).elements();
      s.push();
      if (condition) {
        std::erase_if(all, [&](const Value& element) {
          s.work();
          assign(s, element);
          return !condition(s).truth();
        });
      }
      Flow flow = Flow::goes_on;
      const Index n = all.size();
      for (Index i = 0; i < n && flow != Flow::breaks; ++i) {
        s.work();
        s.pop();  // what a turn sets is gone with it
        s.push();
        assign(s, all[i]);
        s.set("loop", jinja::Dict{{"index", i + 1},
                                  {"index0", i},
                                  {"revindex", n - i},
                                  {"revindex0", n - i - 1},
                                  {"first", i == 0},
                                  {"last", i + 1 == n},
                                  {"length", n},
                                  {"previtem", i == 0 ? Value() : all[i - 1]},
                                  {"nextitem", i + 1 == n ? Value() : all[i + 1]}});
        flow = jinja::run(inside, s, out);
      }
      s.pop();
      return n == 0 ? jinja::run(otherwise, s, out) : Flow::goes_on;
    };
  }

  Statement assignment() {
    const std::string text = rest_of("set");
    jinja::ExpressionParser parser(text);
    const auto names = parser.names();
    const std::string field = names.size() == 1 && parser.takes(".") ? parser.name() : "";
    const auto assign = [names, field](Scope& s, const Value& value) {
      if (!field.empty()) {
        const Value space = s.get(names[0]);
        if (space.dict() == nullptr)
          fail("the chat template sets ", names[0], ".", field, ", and ", names[0], " is no namespace");
        space.set(field, value.within(space));
      } else if (names.size() == 1) {
        s.set(names[0], value);
      } else {
        const auto each = value.elements();
        if (each.size() != names.size())
          fail("the chat template gives ", each.size(), " values to ", names.size(), " names");
        for (Index i = 0; i < names.size(); ++i) s.set(names[i], each[i]);
      }
      return Flow::goes_on;
    };
    if (parser.takes("=")) {
      const auto value = parser.tuple();
      if (!parser.at_end()) fail("the chat template cannot be read at {% set", text, " %}");
      return [assign, value](Scope& s, std::string&) { return assign(s, value(s)); };
    }
    return [assign, inside = until("endset")](Scope& s, std::string&) {
      std::string made;
      jinja::run(inside, s, made);
      return assign(s, made);
    };
  }

  Statement macro() {
    const std::string head = rest_of("macro");
    jinja::ExpressionParser parser(head);
    const std::string name = parser.name();
    const auto parameters = parser.parameters();
    auto inside = std::make_shared<const jinja::Body>(until("endmacro"));
    return [name, parameters, inside](Scope& scope, std::string&) {
      Scope* const s = &scope;  // a macro lives no longer than the run that defines it
      scope.set(name, jinja::Function([s, parameters, inside](const jinja::Arguments& given) {
                  s->push();
                  for (Index i = 0; i < parameters.size(); ++i) {
                    const auto& [called, otherwise] = parameters[i];
                    s->set(called, given.has(i, called.c_str()) ? given.get(i, called.c_str())
                                   : otherwise                  ? otherwise(*s)
                                                                : Value());
                  }
                  std::string out;
                  jinja::run(*inside, *s, out);
                  s->pop();
                  return Value(std::move(out));
                }));
      return Flow::goes_on;
    };
  }

  static jinja::Dict globals() {
    return {{"raise_exception", jinja::Function([](const jinja::Arguments& given) -> Value {
               fail("the chat template refuses this conversation: ", given.get(0, "message").str());
             })},
            {"namespace", jinja::Function([](const jinja::Arguments& given) { return Value(given.named); })},
            {"dict", jinja::Function([](const jinja::Arguments& given) { return Value(given.named); })},
            {"range", jinja::Function([](const jinja::Arguments& given) {
               const bool one = given.positional.size() == 1;
               const auto begin = one ? 0 : given.get(0, "start").integer(),
                          end = given.get(one ? 0 : 1, "stop").integer(), step = given.get(2, "step", 1).integer();
               jinja::List list;
               if (step == 0) fail("the chat template asks for a range of steps of 0");
               for (auto i = begin; step > 0 ? i < end : i > end; i += step) {
                 list.emplace_back(i);
                 if (list.size() > 100'000) fail("the chat template asks for a range of more than 100,000 numbers");
                 std::int64_t next = 0;
                 if (__builtin_add_overflow(i, step, &next)) break;
               }
               return Value(std::move(list));
             })},
            {"strftime_now", jinja::Function([](const jinja::Arguments& given) {
               const std::time_t now = std::time(nullptr);
               std::tm local{};
               ::localtime_r(&now, &local);
               char text[128] = "";
               return Value(std::string(
                   text, std::strftime(text, sizeof text, given.get(0, "format").string().c_str(), &local)));
             })}};
  }

  std::vector<Part> parts_;
  bool line_begins_ = true;
  Index at_ = 0, depth_ = 0;
  jinja::Body body_;
};

}  // namespace graft
