/// \file
/// Every op.
#pragma once

#include <graft/autodiff/ops/add.hpp>
#include <graft/autodiff/ops/attention.hpp>
#include <graft/autodiff/ops/bias.hpp>
#include <graft/autodiff/ops/cross_entropy.hpp>
#include <graft/autodiff/ops/dropout.hpp>
#include <graft/autodiff/ops/embedding.hpp>
#include <graft/autodiff/ops/gather.hpp>
#include <graft/autodiff/ops/gelu.hpp>
#include <graft/autodiff/ops/layer_norm.hpp>
#include <graft/autodiff/ops/matmul.hpp>
#include <graft/autodiff/ops/multiply.hpp>
#include <graft/autodiff/ops/project.hpp>
#include <graft/autodiff/ops/rms_norm.hpp>
#include <graft/autodiff/ops/rotary.hpp>
#include <graft/autodiff/ops/scale.hpp>
#include <graft/autodiff/ops/silu.hpp>
#include <graft/autodiff/ops/slice.hpp>
#include <graft/autodiff/ops/source.hpp>
#include <graft/autodiff/ops/swiglu.hpp>
#include <graft/autodiff/ops/vocabulary_loss.hpp>
