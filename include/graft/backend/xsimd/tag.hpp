/// \file
/// The tag of the fastest CPU backend, and its name in user code: `Cpu`.
#pragma once

#include <graft/backend/eigen/eigen_cpu.hpp>

namespace graft::backend {

struct xsimd_cpu : eigen_cpu {
  static constexpr const char* name = "xsimd_cpu";
};

}  // namespace graft::backend

namespace graft {
using backend::xsimd_cpu;
using Cpu = xsimd_cpu;
}  // namespace graft
