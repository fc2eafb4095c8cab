// expect: graft: LoRA over a weight that is trained as well
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = Methods<LastBlocks<1>, LoRA<8, On<Query>>>;
#else
using Method1 = Methods<LastBlocks<1>, LoRA<8, On<Query>, Blocks<0, 29>>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
