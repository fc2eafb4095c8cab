// expect: graft: unknown option of HRA
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Reflections = HRA<8, Dropout<1, 20>>;
#else
using Reflections = HRA<8, Blocks<20, 30>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Reflections, reference>::trainable_parameters;
