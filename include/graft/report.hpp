/// \file
/// Door of the floor `report`.
#pragma once

#include <graft/report/explain.hpp>
#include <graft/report/run_report.hpp>
#include <graft/report/site_map.hpp>
