/// \file
/// The tag of the oneDNN backend. Include `onednn_cpu.hpp` for its kernels.
#pragma once

#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend {

struct onednn_cpu : xsimd_cpu {
  static constexpr const char* name = "onednn_cpu";
};

}  // namespace graft::backend

namespace graft {
using backend::onednn_cpu;
}
