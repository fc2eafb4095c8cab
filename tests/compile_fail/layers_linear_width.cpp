// expect: graft: a Linear layer was given a value of another width
#include <graft/backend/reference.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
constexpr Index width = 64;
#else
constexpr Index width = 32;
#endif
void forward(const Frozen<Linear<reference, 32, 16>>& layer, Tape<reference>& tape, Var<reference, width> x) {
  layer(tape, x);
}
