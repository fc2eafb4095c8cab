/// \file
/// Door of the floor `checkpoints`. checkpoints/arithmetic.hpp, checkpoints/base_directions.hpp and checkpoints/initialization.hpp are not behind it: they include
/// Eigen's decompositions, which take seconds to compile.
#pragma once

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/checkpoints/files.hpp>
#include <graft/checkpoints/gguf_adapter.hpp>
#include <graft/checkpoints/load.hpp>
#include <graft/checkpoints/merge.hpp>
#include <graft/io.hpp>
#include <graft/models.hpp>
