// One of two translation units that include everything: what is not inline shows when they are linked.
#include <graft/graft.hpp>

#include "learns.hpp"

double other();

int main() {
  const bool learned = learns<graft::Cpu>();
  std::printf("another translation unit %.3f\n", other());
  return learned ? 0 : 1;
}
