// expect: graft: BOFT<BlockSize, Factors>: BlockSize must be even
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = BOFT<6, 7, On<Query>>;
#else
using Mine = BOFT<6, 6, On<Query>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
