// expect: graft: this method works on frozen linear layers
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = AdaLoRA<4, On<InputNorm>>;
#else
using Mine = AdaLoRA<4, On<Query>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
