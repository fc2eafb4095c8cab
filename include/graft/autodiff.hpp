/// \file
/// Door of the floor `autodiff`: values, the tape, every op, checkpointing and the gradient check.
#pragma once

#include <graft/autodiff/check_gradients.hpp>
#include <graft/autodiff/checkpoint.hpp>
#include <graft/autodiff/ops.hpp>
#include <graft/autodiff/parameter.hpp>
#include <graft/autodiff/profile.hpp>
#include <graft/autodiff/tape.hpp>
#include <graft/autodiff/var.hpp>
#include <graft/core.hpp>
