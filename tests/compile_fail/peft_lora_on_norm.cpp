// expect: graft: LoRA works on linear layers
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = LoRA<8, On<FinalNorm>>;
#else
using Method1 = Unfreeze<FinalNorm>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
