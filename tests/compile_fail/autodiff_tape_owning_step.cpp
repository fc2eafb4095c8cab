// expect: graft: a backward step may capture only views
#include <graft/autodiff.hpp>
#include <graft/backend/reference.hpp>
using namespace graft;
void op(Tape<reference>& tape, Var<reference, 4, Gradient::tracked> y) {
#if defined(MISTAKE)
  const std::vector<float> saved(100);
#else
  const auto saved = tape.scratch<float>(100);
#endif
  tape.record(y, [saved](auto&, auto) {});
}
