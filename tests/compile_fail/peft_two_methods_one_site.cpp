// expect: graft: two methods claim one site
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = Methods<LoRA<8, On<Query>>, Unfreeze<Query>>;
#else
using Method1 = Methods<LoRA<8, On<Query>>, Unfreeze<Value>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
