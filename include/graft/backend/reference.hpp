/// \file
/// Every kernel of the reference backend.
#pragma once

#include <graft/backend/reference/attention.hpp>
#include <graft/backend/reference/cross_entropy.hpp>
#include <graft/backend/reference/elementwise.hpp>
#include <graft/backend/reference/frozen.hpp>
#include <graft/backend/reference/matmul.hpp>
#include <graft/backend/reference/blocks.hpp>
#include <graft/backend/reference/columns.hpp>
#include <graft/backend/reference/norm.hpp>
#include <graft/backend/reference/optimizer.hpp>
#include <graft/backend/reference/project.hpp>
#include <graft/backend/reference/rotary.hpp>
#include <graft/backend/reference/rows.hpp>
#include <graft/backend/reference/vocabulary.hpp>
