// The kernels that `Cpu` has where this file is compiled for instructions of its own.
#include "backend/agrees.hpp"

#include <graft/backend/xsimd/xsimd_cpu.hpp>

BOOST_AUTO_TEST_CASE(kernels_agree) {
  agrees(graft::check_backend<graft::backend::eigen_cpu>(), "eigen");
  agrees(graft::check_backend<graft::backend::xsimd_cpu>(), "xsimd");
}
