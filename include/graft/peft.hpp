/// \file
/// Door of the floor `peft`: every method, and what they are made of.
#pragma once

#include <graft/layers.hpp>
#include <graft/peft/bank.hpp>
#include <graft/peft/lora.hpp>
#include <graft/peft/method.hpp>
#include <graft/peft/selective.hpp>
#include <graft/peft/site.hpp>
