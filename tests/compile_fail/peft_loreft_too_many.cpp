// expect: graft: LoReFT's directions are orthogonal
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = LoReFT<577>;
#else
using Mine = LoReFT<576>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
