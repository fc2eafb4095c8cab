/// \file
/// Door of the tower `io`: files of weights.
#pragma once

#include <graft/io/bitsandbytes.hpp>
#include <graft/io/files.hpp>
#include <graft/io/gguf.hpp>
#include <graft/io/gguf_writer.hpp>
#include <graft/io/json.hpp>
#include <graft/io/mapped_file.hpp>
#include <graft/io/safetensors.hpp>
#include <graft/io/tensor.hpp>
