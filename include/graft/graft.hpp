/// \file
/// Everything, with the fastest CPU backend. Doors of single floors: core, backend, autodiff, layers, peft, models,
/// checkpoints, train, plan, serve, eval, runtime, report, and the towers io and text.
#pragma once

#include <graft/backend.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/checkpoints.hpp>
#include <graft/checkpoints/base/tokenizer_files.hpp>
#include <graft/eval.hpp>
#include <graft/io.hpp>
#include <graft/models.hpp>
#include <graft/peft.hpp>
#include <graft/plan.hpp>
#include <graft/report.hpp>
#include <graft/serve.hpp>
#include <graft/text.hpp>
#include <graft/train.hpp>
