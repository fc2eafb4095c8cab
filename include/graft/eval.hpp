/// \file
/// Door of the floor `eval`.
#pragma once

#include <graft/eval/perplexity.hpp>
#include <graft/eval/porter.hpp>
#include <graft/eval/rouge.hpp>
