/// \file
/// Door of the floor `plan`.
#pragma once

#include <graft/plan/budget.hpp>
#include <graft/plan/check_method.hpp>
#include <graft/plan/explain.hpp>
#include <graft/plan/plan.hpp>
#include <graft/plan/site_map.hpp>
