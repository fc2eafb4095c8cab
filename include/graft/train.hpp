/// \file
/// Door of the floor `train`.
#pragma once

#include <graft/train/adamw.hpp>
#include <graft/train/budget.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/fit.hpp>
#include <graft/train/lora_fa.hpp>
#include <graft/train/optimizer.hpp>
#include <graft/train/plan.hpp>
#include <graft/train/progress.hpp>
#include <graft/train/rank_budget.hpp>
#include <graft/train/schedule.hpp>
#include <graft/train/trainer.hpp>
#include <graft/train/trunk_cache.hpp>
