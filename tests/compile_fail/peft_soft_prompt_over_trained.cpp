// expect: graft: a soft prompt stands before a frozen token embedding
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Both = Methods<Unfreeze<TokenEmbedding>, SoftPrompt<20>>;
#else
using Both = Methods<Unfreeze<FinalNorm>, SoftPrompt<20>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Both, reference>::trainable_parameters;
