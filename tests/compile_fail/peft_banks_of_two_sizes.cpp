// expect: graft: two Bank<N, ...> of a Methods<...> have different N
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = Methods<Bank<2, LoRA<4, On<Query>>>, Bank<3, LoRA<8, On<Key>>>>;
#else
using Chosen = Methods<Bank<2, LoRA<4, On<Query>>>, Bank<2, LoRA<8, On<Key>>>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
