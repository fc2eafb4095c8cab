// expect: graft: this backend lacks a kernel of graft/backend/kernels/pointwise.hpp, named below
// lines: 16, because the compiler itself names the kernel, with the call that it looked for
#if defined(MISTAKE)
#define WITHOUT_SWIGLU
#else
#endif
#include "backend/guarded.hpp"

#include <graft/autodiff/tape.hpp>

using Step = graft::Workspace<guarded>;
constexpr auto size = sizeof(Step);
