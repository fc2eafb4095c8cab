// expect: graft: unknown policy of a model
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, Tape<reference>>;
#else
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, CheckpointBlocks>;
#endif
constexpr Index trained = Model::trainable_parameters;
