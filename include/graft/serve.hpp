/// \file
/// Door of the floor `serve`.
#pragma once

#include <graft/serve/cache.hpp>
#include <graft/serve/generate.hpp>
