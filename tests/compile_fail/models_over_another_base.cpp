// expect: graft: a model is made over a base of its own family, config, backend and storage
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
using Base = Llama<SmolLM2_135M, FrozenBase, reference>;
#if defined(MISTAKE)
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, Bf16>;
#else
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, Activations<Bf16>>;
#endif
Model over(const Base& base) { return Model(base); }
