// expect: graft: the query heads of a config must be a multiple of its key/value heads
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
struct Mine : SmolLM2_135M {
#if defined(MISTAKE)
  static constexpr Index groups = 4;
#else
  static constexpr Index groups = 9;
#endif
};
constexpr Index trained = Llama<Mine, LoRA<8>, reference>::trainable_parameters;
