// expect: graft: a model with the policy SharedBase is made over a base that is loaded already
#include <graft/backend/reference.hpp>
#include <graft/checkpoints/base/load.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
using Model = Llama<SmolLM2_135M, LoRA<8>, reference, SharedBase>;
#if defined(MISTAKE)
Model opened() { return load<Model>("folder"); }
#else
Model opened() { return Model(load<Model::base>("folder")); }
#endif
