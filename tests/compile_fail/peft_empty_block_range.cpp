// expect: graft: Blocks<First, Last> is a half-open range
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Range = Blocks<4, 4>;
#else
using Range = Blocks<4, 5>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, LoRA<8, Range>, reference>::trainable_parameters;
