// expect: graft: LoRA<0> trains nothing
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
constexpr Index rank = 0;
#else
constexpr Index rank = 1;
#endif
constexpr Index trained = Llama<SmolLM2_135M, LoRA<rank>, reference>::trainable_parameters;
