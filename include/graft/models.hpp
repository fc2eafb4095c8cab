/// \file
/// Door of the floor `models`. models/arithmetic.hpp and models/initialization.hpp are not behind it: they include Eigen's decompositions,
/// which take seconds to compile.
#pragma once

#include <graft/io.hpp>
#include <graft/models/adapter.hpp>
#include <graft/models/bert.hpp>
#include <graft/models/files.hpp>
#include <graft/models/gemma.hpp>
#include <graft/models/gguf_adapter.hpp>
#include <graft/models/gpt2.hpp>
#include <graft/models/llama.hpp>
#include <graft/models/load.hpp>
#include <graft/models/merge.hpp>
#include <graft/models/phi3.hpp>
#include <graft/models/roberta.hpp>
#include <graft/models/t5.hpp>
#include <graft/peft.hpp>
