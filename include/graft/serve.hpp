/// \file
/// Door of the floor `serve`.
#pragma once

#include <graft/serve/cache.hpp>
#include <graft/serve/embed.hpp>
#include <graft/serve/encoder_decoder.hpp>
#include <graft/serve/generate.hpp>
#include <graft/serve/generate_options.hpp>
#include <graft/serve/writer.hpp>
