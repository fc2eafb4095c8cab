// expect: graft: On<...> takes sites
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
struct Quary {};
#if defined(MISTAKE)
using Method1 = LoRA<8, On<Quary>>;
#else
using Method1 = LoRA<8, On<Query>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Method1, reference>::trainable_parameters;
