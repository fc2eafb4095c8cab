// expect: graft: unknown option of an adapter
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Adapter<4, Alpha<8>>;
#else
using Mine = Adapter<4, Scaling<8>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
