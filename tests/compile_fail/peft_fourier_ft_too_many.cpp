// expect: graft: FourierFT<N>: a weight of a touched site has fewer
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = FourierFT<110'593, On<Key>>;
#else
using Mine = FourierFT<110, On<Key>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
