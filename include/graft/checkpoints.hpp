/// \file
/// Door of the floor `checkpoints`. adapters/arithmetic.hpp, adapters/base_directions.hpp and
/// adapters/initialization.hpp are not behind it: they include Eigen's decompositions, which take seconds to compile.
#pragma once

#include <graft/checkpoints/adapter_files.hpp>
#include <graft/checkpoints/base/files.hpp>
#include <graft/checkpoints/base/load.hpp>
#include <graft/checkpoints/base/merge.hpp>
#include <graft/checkpoints/gguf_adapter.hpp>
#include <graft/io.hpp>
#include <graft/models.hpp>
