/// \file
/// Door of the floor `models`.
#pragma once

#include <graft/models/bert.hpp>
#include <graft/models/gemma.hpp>
#include <graft/models/gpt2.hpp>
#include <graft/models/llama.hpp>
#include <graft/models/phi3.hpp>
#include <graft/models/roberta.hpp>
#include <graft/models/t5.hpp>
#include <graft/peft.hpp>
