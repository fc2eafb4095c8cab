// expect: graft: IA3 scales frozen linear layers
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Vectors = IA3<On<InputNorm>>;
#else
using Vectors = IA3<On<Query>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Vectors, reference>::trainable_parameters;
