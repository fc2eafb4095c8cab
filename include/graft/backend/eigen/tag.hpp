/// \file
/// The tag of the Eigen backend. Include `eigen_cpu.hpp` for its kernels.
#pragma once

#include <graft/backend/reference.hpp>

namespace graft::backend {

struct eigen_cpu : reference {
  static constexpr const char* name = "eigen_cpu";
};

}  // namespace graft::backend

namespace graft {
using backend::eigen_cpu;
}
