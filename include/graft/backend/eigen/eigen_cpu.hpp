/// \file
/// The CPU with Eigen: products and attention in cache-sized pieces, vectorised by Eigen; the rest is `reference`.
#pragma once

#include <graft/backend/eigen/attention.hpp>
#include <graft/backend/eigen/matmul.hpp>
