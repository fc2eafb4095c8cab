/// \file
/// The root of all backends.
#pragma once

namespace graft::backend {

/// What stands in the namespace `composition` only calls kernels of its backend, and reads and writes no memory itself.
/// Ops call `best_project` and the like: a backend's own kernel where it or one that it derives from has one, and the
/// composition where not. (Overloads for all backends would be nearer to a tag than those of the tag's base.)
struct composed {};

}  // namespace graft::backend
