/// \file
/// Door of the floor `models`.
#pragma once

#include <graft/models/families/bert/bert.hpp>
#include <graft/models/families/gemma/gemma.hpp>
#include <graft/models/families/gpt2/gpt2.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/models/families/phi3/phi3.hpp>
#include <graft/models/families/roberta/roberta.hpp>
#include <graft/models/families/t5/t5.hpp>
#include <graft/peft.hpp>
