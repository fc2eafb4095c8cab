// expect: graft: DoRA takes the options of LoRA without
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = DoRA<8, WithHead>;
#else
using Chosen = DoRA<8, Alpha<8>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
