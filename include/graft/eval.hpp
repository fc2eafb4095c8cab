/// \file
/// Door of the floor `eval`.
#pragma once

#include <graft/eval/accuracy.hpp>
#include <graft/eval/answer_match.hpp>
#include <graft/eval/correlation.hpp>
#include <graft/eval/figure.hpp>
#include <graft/eval/perplexity.hpp>
#include <graft/eval/porter.hpp>
#include <graft/eval/rouge.hpp>
#include <graft/eval/test_set.hpp>
