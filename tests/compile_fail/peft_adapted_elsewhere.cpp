// expect: graft: the method does nothing at this layer
#include <graft/backend/reference.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using L = Adapted<LoRA<8, On<Down>>, Linear<reference, 4, 4>>;
#else
using L = Adapted<LoRA<8, On<Down>>, Linear<reference, 4, 4>, F32, Down>;
#endif
constexpr Index rank = L::rank;
