// What graft::kernels has compiled: the bodies under GRAFT_KERNEL_INLINE (core/config.hpp), and the templates that
// backend/xsimd/compiled.hpp lists.
#include <graft/backend/xsimd/xsimd_cpu.hpp>
