// expect: graft: unknown option of RandLoRA; it takes
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = RandLoRA<4, RankStabilized>;
#else
using Chosen = RandLoRA<4, Alpha<8>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
