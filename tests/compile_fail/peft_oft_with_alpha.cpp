// expect: graft: unknown option of OFT; it takes
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Chosen = OFT<32, Alpha<8>>;
#else
using Chosen = OFT<32, SharedBlock>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Chosen, reference>::trainable_parameters;
