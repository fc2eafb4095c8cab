// expect: graft: DoRA takes the options of LoRA without LoraBias
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = DoRA<8, LoraBias>;
#else
using Method1 = DoRA<8, Dropout<1, 20>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
