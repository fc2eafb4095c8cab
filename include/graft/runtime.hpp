/// \file
/// Door of the floor `runtime`: models without templates. What compiles one (runtime/engine_of.hpp) is included by
/// itself.
#pragma once

#include <graft/runtime/compiled.hpp>
#include <graft/runtime/engine.hpp>
#include <graft/runtime/model_choice.hpp>
#include <graft/runtime/open_text_model.hpp>
#include <graft/runtime/program.hpp>
#include <graft/runtime/rate_search.hpp>
#include <graft/runtime/run_options.hpp>
#include <graft/runtime/run_record.hpp>
#include <graft/runtime/text_model.hpp>
#include <graft/runtime/toolchain.hpp>
#include <graft/runtime/train_run.hpp>
