// expect: graft: Budget: even with CheckpointBlocks
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/plan/budget.hpp>
using namespace graft;
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, Bf16>;
#if defined(MISTAKE)
using Fitting = Budget<300'000'000, Model>;
#else
using Fitting = Budget<450'000'000, Model>;
#endif
constexpr bool checkpointed = Fitting::checkpointed;
