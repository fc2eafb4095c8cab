// expect: graft: this method works on frozen linear layers
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = LoHa<8, On<MlpNorm>>;
#else
using Method1 = LoHa<8, On<Up>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
