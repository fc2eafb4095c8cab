// expect: graft: TrainableTokens trains rows of a frozen token embedding
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = TrainableTokens<3, 49'152>;
#else
using Mine = TrainableTokens<3, 49'151>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
