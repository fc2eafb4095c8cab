// expect: graft: Bank<N, M> trains N adapters of a LoRA
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Four = Bank<4, LastBlocks<2>>;
#else
using Four = Bank<4, LoRA<8>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Four, reference>::trainable_parameters;
