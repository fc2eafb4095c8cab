#include <graft/graft.hpp>

double other() { return graft::rouge("a b c", "a b d").one.f; }
