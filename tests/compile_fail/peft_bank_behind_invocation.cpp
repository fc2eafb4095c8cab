// expect: graft: a Bank beside an ActivatedLoRA
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = Methods<Bank<2, LoRA<4, On<Query>>>, ActivatedLoRA<8, Invocation<7>, On<Key>>>;
#else
using Chosen = Methods<Bank<2, LoRA<4, On<Query>>>, Bank<2, LoRA<8, On<Key>>>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
