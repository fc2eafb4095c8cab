// expect: graft: two methods of a Methods<...> work behind different invocations
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = Methods<ActivatedLoRA<4, Invocation<7, 11>, On<Query>>, ActivatedLoRA<8, Invocation<7, 12>, On<Key>>>;
#else
using Chosen = Methods<ActivatedLoRA<4, Invocation<7, 11>, On<Query>>, ActivatedLoRA<8, Invocation<7, 11>, On<Key>>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
