// expect: graft: Compacter takes the model's Shared site
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Methods<PrefixTuning<4>, Compacter<4, 2>>;
#else
using Mine = Methods<PrefixTuning<4>, Adapter<4>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
