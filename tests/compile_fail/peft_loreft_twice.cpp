// expect: graft: LoReFT takes the site BlockOutput
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Methods<LoReFT<2>, LoReFT<4>>;
#else
using Mine = Methods<LoReFT<2>, LoRA<4>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
