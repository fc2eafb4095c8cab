/// \file
/// Door of the floor `layers`.
#pragma once

#include <graft/autodiff.hpp>
#include <graft/layers/apply.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/layers/check_layer.hpp>
#include <graft/layers/embedding.hpp>
#include <graft/layers/layer.hpp>
#include <graft/layers/layer_norm.hpp>
#include <graft/layers/linear.hpp>
#include <graft/layers/repeat.hpp>
#include <graft/layers/rms_norm.hpp>
