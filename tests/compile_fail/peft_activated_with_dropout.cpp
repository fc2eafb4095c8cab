// expect: graft: ActivatedLoRA<R, Invocation<...>> is a LoRA without Dropout
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = ActivatedLoRA<8, Invocation<3, 4>, Dropout<1, 10>>;
#else
using Mine = ActivatedLoRA<8, Invocation<3, 4>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
