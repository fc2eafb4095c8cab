/// \file
/// Door of the floor `train`.
#pragma once

#include <graft/train/check_communicator.hpp>
#include <graft/train/check_optimizer.hpp>
#include <graft/train/checkpoint_file.hpp>
#include <graft/train/communicator.hpp>
#include <graft/train/communicators/thread_ranks.hpp>
#include <graft/train/fit.hpp>
#include <graft/train/kept_losses.hpp>
#include <graft/train/optimizer.hpp>
#include <graft/train/optimizers/adamw.hpp>
#include <graft/train/optimizers/lora_fa.hpp>
#include <graft/train/progress.hpp>
#include <graft/train/rank_budget.hpp>
#include <graft/train/schedule.hpp>
#include <graft/train/trainee.hpp>
#include <graft/train/trainer.hpp>
#include <graft/train/trunk_cache.hpp>
