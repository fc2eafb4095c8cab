// expect: graft: this model's method trains nothing
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>
using namespace graft;
#if defined(MISTAKE)
using Model = Llama<SmolLM2_135M, LoRA<8, Blocks<30, 31>>, reference>;
#else
using Model = Llama<SmolLM2_135M, LoRA<8, Blocks<29, 30>>, reference>;
#endif
using T = Trainer<Model>;
constexpr auto size = sizeof(T);
