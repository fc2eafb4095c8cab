// expect: graft: OnEncoder, OnDecoder and OnBoth say where a prompt stands
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = SoftPrompt<20, OnDecoder>;
#else
using Chosen = SoftPrompt<20, FromVocabulary>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
