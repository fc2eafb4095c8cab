// expect: graft: unknown option of AdaLoRA; it takes
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = AdaLoRA<8, Dropout<1, 10>>;
#else
using Chosen = AdaLoRA<8, Penalty<1, 4>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
