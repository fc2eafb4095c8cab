// expect: graft: LlamaAdapter takes the site Attended
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Methods<LlamaAdapter<10, 20>, LlamaAdapter<5, 20>>;
#else
using Mine = Methods<LlamaAdapter<10, 20>, SoftPrompt<5>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
