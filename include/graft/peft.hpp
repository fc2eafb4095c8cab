/// \file
/// Door of the floor `peft`: every method, and what they are made of.
#pragma once

#include <graft/layers.hpp>
#include <graft/peft/adalora.hpp>
#include <graft/peft/bank.hpp>
#include <graft/peft/delta.hpp>
#include <graft/peft/dora.hpp>
#include <graft/peft/fourier_ft.hpp>
#include <graft/peft/hra.hpp>
#include <graft/peft/ia3.hpp>
#include <graft/peft/loha.hpp>
#include <graft/peft/lokr.hpp>
#include <graft/peft/ln_tuning.hpp>
#include <graft/peft/lora.hpp>
#include <graft/peft/method.hpp>
#include <graft/peft/miss.hpp>
#include <graft/peft/oft.hpp>
#include <graft/peft/prefix_tuning.hpp>
#include <graft/peft/rand_lora.hpp>
#include <graft/peft/selective.hpp>
#include <graft/peft/site.hpp>
#include <graft/peft/soft_prompt.hpp>
#include <graft/peft/trainable_tokens.hpp>
#include <graft/peft/vera.hpp>
