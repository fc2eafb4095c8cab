/// \file
/// The tag under which kernels stand that only call others: what every backend has that has these.
#pragma once

namespace graft::backend {

/// The root of all backends. A composed kernel takes `std::derived_from<composed> On`, and reads and writes no memory
/// itself; a backend that has a better one takes its own tag.
struct composed {};

}  // namespace graft::backend
