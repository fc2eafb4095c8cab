// Counts what the program allocates with `new`.
#pragma once

long allocations();
