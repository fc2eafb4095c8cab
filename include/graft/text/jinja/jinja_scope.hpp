/// \file
/// What a template sees and writes while it runs. Templates come from files that nobody vouches for, so work and depth
/// are limited.
#pragma once

#include <graft/text/jinja/jinja_value.hpp>

namespace graft::jinja {

/// What a template makes of values.
struct Rendered {
  std::string text;
  std::vector<std::pair<Index, Index>> generated;  ///< where {% generation %} blocks begin and end in it
};

class Scope {
 public:
  explicit Scope(Dict globals) { layers_.push_back(std::move(globals)); }

  [[nodiscard]] Value get(const std::string& name) const {
    for (Index i = layers_.size(); i-- > 0;)
      if (const Value* const value = layers_[i].find(name); value != nullptr) return *value;
    return {};
  }
  /// Sets a name in the innermost layer.
  void set(const std::string& name, Value value) { layers_.back().set(name, std::move(value)); }
  void push(Dict layer = {}) {
    if (layers_.size() > 100) fail("the chat template nests too deeply");
    layers_.push_back(std::move(layer));
  }
  void pop() { layers_.pop_back(); }
  /// Counts a step of work.
  void work() {
    if (++steps_ > 20'000'000) fail("the chat template does not come to an end");
  }

  /// Notes a {% generation %} block that was written to `out` from `begin` on.
  void note_generated(const std::string& out, Index begin) {
    if (&out == &rendered.text) rendered.generated.emplace_back(begin, out.size());
    else captured_ = true;
  }
  /// Gives away what was rendered. Blocks of which one was written to a variable, and not to the text, say nothing
  /// about places in the text.
  Rendered finished() {
    if (captured_) rendered.generated.clear();
    return std::move(rendered);
  }

  Rendered rendered;

 private:
  std::vector<Dict> layers_;
  Index steps_ = 0;
  bool captured_ = false;
};

using Expression = std::function<Value(Scope&)>;
/// What is left of the enclosing loop's body after a statement.
enum class Flow { goes_on, breaks, continues };
using Statement = std::function<Flow(Scope&, std::string&)>;
using Body = std::vector<Statement>;

inline Flow run(const Body& body, Scope& scope, std::string& out) {
  for (const auto& statement : body) {
    scope.work();
    if (out.size() > 50'000'000) fail("the chat template writes without end");
    if (const Flow flow = statement(scope, out); flow != Flow::goes_on) return flow;
  }
  return Flow::goes_on;
}

}  // namespace graft::jinja
