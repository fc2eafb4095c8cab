// expect: graft: adapters stand at AfterAttention and AfterMlp
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Adapter<4, On<Query>>;
#else
using Mine = Adapter<4, On<AfterAttention>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
