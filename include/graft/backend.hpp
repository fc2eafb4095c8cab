/// \file
/// Door of the floor `backend`: the concept, the judge, `reference` and `meta`. The CPU's kernels have a door of their
/// own, graft/backend/xsimd/xsimd_cpu.hpp, because they bring Eigen and xsimd.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/check_backend.hpp>
#include <graft/backend/meta.hpp>
#include <graft/backend/reference.hpp>
#include <graft/core.hpp>
