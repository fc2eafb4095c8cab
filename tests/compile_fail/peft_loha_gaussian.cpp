// expect: graft: unknown option of LoHa; it takes
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = LoHa<4, GaussianInit>;
#else
using Chosen = LoHa<4, Alpha<8>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
