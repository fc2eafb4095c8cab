// What is included while things are tried out: narrow headers, and a small model on `reference`.
#include "learns.hpp"

#include <graft/backend/reference.hpp>

int main() { return learns<graft::reference>() ? 0 : 1; }
