// expect: graft: unknown option of BOFT; it takes
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = BOFT<8, 1, SharedBlock>;
#else
using Chosen = BOFT<8, 1, CountsBlocks>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
