/// \file
/// Door of the floor `report`.
#pragma once

#include <graft/report/run_report.hpp>
