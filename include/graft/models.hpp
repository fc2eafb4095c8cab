/// \file
/// Door of the floor `models`.
#pragma once

#include <graft/io.hpp>
#include <graft/models/adapter.hpp>
#include <graft/models/files.hpp>
#include <graft/models/gguf_adapter.hpp>
#include <graft/models/llama.hpp>
#include <graft/models/load.hpp>
#include <graft/models/merge.hpp>
#include <graft/peft.hpp>
