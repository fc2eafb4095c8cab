/// \file
/// The CPU at its best: SIMD kernels and products of bfloat16 for what Eigen does not have, Eigen for dense products of
/// floats.
#pragma once

#include <graft/backend/xsimd/activation.hpp>
#include <graft/backend/xsimd/attention.hpp>
#include <graft/backend/xsimd/chosen.hpp>
#include <graft/backend/xsimd/compiled.hpp>
#include <graft/backend/xsimd/cross_entropy.hpp>
#include <graft/backend/xsimd/dense.hpp>
#include <graft/backend/xsimd/int8.hpp>
#include <graft/backend/xsimd/matmul.hpp>
#include <graft/backend/xsimd/norm.hpp>
#include <graft/backend/xsimd/panels.hpp>
#include <graft/backend/xsimd/project.hpp>
#include <graft/backend/xsimd/quantized.hpp>
#include <graft/backend/xsimd/tag.hpp>
#include <graft/backend/xsimd/vocabulary.hpp>
