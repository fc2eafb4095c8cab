// expect: graft: LNTuning trains the norms of the base
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Method1 = LNTuning<On<Query>>;
#else
using Method1 = LNTuning<On<InputNorm>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
