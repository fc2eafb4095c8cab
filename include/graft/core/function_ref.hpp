/// \file
/// A view of something callable: lets one compiled function serve every caller.
#pragma once

#include <memory>
#include <type_traits>

namespace graft {

template <class Signature>
class FunctionRef;

/// Refers to `f`, which must outlive it.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(const F& f)
      : object_(std::addressof(f)),
        call_([](const void* object, Args... args) -> R { return (*static_cast<const F*>(object))(args...); }) {}

  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  const void* object_;
  R (*call_)(const void*, Args...);
};

}  // namespace graft
