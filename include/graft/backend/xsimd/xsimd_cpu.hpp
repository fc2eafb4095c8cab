/// \file
/// The CPU at its best: SIMD kernels for what Eigen does not have, Eigen for dense products.
#pragma once

#include <graft/backend/xsimd/activation.hpp>
#include <graft/backend/xsimd/bf16.hpp>
#include <graft/backend/xsimd/cross_entropy.hpp>
#include <graft/backend/xsimd/norm.hpp>
#include <graft/backend/xsimd/tag.hpp>
