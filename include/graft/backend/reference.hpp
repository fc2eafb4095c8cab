/// \file
/// Every kernel of the reference backend.
#pragma once

#include <graft/backend/composed/composed.hpp>
#include <graft/backend/composed/project.hpp>
#include <graft/backend/composed/vocabulary.hpp>
#include <graft/backend/host/attention.hpp>
#include <graft/backend/host/blocks.hpp>
#include <graft/backend/host/columns.hpp>
#include <graft/backend/host/cross_entropy.hpp>
#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>
#include <graft/backend/host/lstm.hpp>
#include <graft/backend/host/matmul.hpp>
#include <graft/backend/host/member_product.hpp>
#include <graft/backend/host/norm.hpp>
#include <graft/backend/host/optimizer.hpp>
#include <graft/backend/host/orthogonality.hpp>
#include <graft/backend/host/reference.hpp>
#include <graft/backend/host/relative_attention.hpp>
#include <graft/backend/host/rotary.hpp>
#include <graft/backend/host/rows.hpp>
#include <graft/backend/host/span_loss.hpp>
#include <graft/backend/host/spectrum.hpp>
#include <graft/backend/host/squared_error.hpp>
