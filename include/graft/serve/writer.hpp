/// \file
/// How a generator is asked: for one text or for many, all at once or token by token.
#pragma once

#include <graft/core/function_ref.hpp>
#include <graft/serve/generate_options.hpp>

#include <initializer_list>

namespace graft {

/// The calls of a generator `Self`, which has run(prompts, options, each): it goes on with every prompt, or answers it,
/// and calls each(prompt's number, token) for every new token as it comes.
template <class Self>
class Writer {
 public:
  /// Goes on with one prompt. `each(id)` is called for every new token as it comes.
  /// \throws Error where the prompt or the options are none for this model, or do not fit the generator's memory.
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options,
                             FunctionRef<void(Id)> each) {
    return self().run({&prompt, 1}, options, [&each](Index, Id id) { each(id); })[0];
  }
  std::vector<Id> operator()(const std::vector<Id>& prompt, const GenerateOptions& options = {}) {
    return self().run({&prompt, 1}, options, [](Index, Id) {})[0];
  }
  /// Goes on with many prompts, as many at a time as the generator has sequences.
  std::vector<std::vector<Id>> operator()(std::span<const std::vector<Id>> prompts,
                                          const GenerateOptions& options = {}) {
    return self().run(prompts, options, [](Index, Id) {});
  }
  std::vector<std::vector<Id>> operator()(std::initializer_list<std::vector<Id>> prompts,
                                          const GenerateOptions& options = {}) {
    return (*this)(std::span(prompts.begin(), prompts.size()), options);
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
};

}  // namespace graft
