/// \file
/// Door of the floor `core`.
#pragma once

#include <graft/core/arena.hpp>
#include <graft/core/buffer.hpp>
#include <graft/core/config.hpp>
#include <graft/core/error.hpp>
#include <graft/core/fingerprint.hpp>
#include <graft/core/function_ref.hpp>
#include <graft/core/parallel.hpp>
#include <graft/core/path.hpp>
#include <graft/core/pool.hpp>
#include <graft/core/quantized.hpp>
#include <graft/core/random.hpp>
#include <graft/core/storage.hpp>
#include <graft/core/type_name.hpp>
#include <graft/core/types.hpp>
#include <graft/data/batch.hpp>
