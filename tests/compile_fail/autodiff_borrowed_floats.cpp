// expect: graft: floats can be borrowed where weights are kept as F32
#include <graft/backend/reference.hpp>
#include <graft/layers/linear.hpp>
using namespace graft;
#if defined(MISTAKE)
using L = Frozen<Linear<reference, 4, 4>, Bf16>;
#else
using L = Frozen<Linear<reference, 4, 4>>;
#endif
void over(L& layer, std::span<const float> w) { layer.weight.borrow(w); }
