// expect: graft: a Linear layer was given a value of another width
#include <graft/peft.hpp>
#include <graft/backend/reference.hpp>
using namespace graft;
#if defined(MISTAKE)
constexpr Index width = 64;
#else
constexpr Index width = 32;
#endif
void forward(const Frozen<Linear<reference, 32, 16>>& layer, Tape<reference>& tape, Var<reference, width> x) { layer(tape, x); }
