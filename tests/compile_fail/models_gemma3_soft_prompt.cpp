// expect: graft: Gemma 3 scales the rows of its embedding and not a prompt beside them
#include <graft/backend/reference.hpp>
#include <graft/models/gemma.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = SoftPrompt<4>;
#else
using Mine = PrefixTuning<4>;
#endif
constexpr Index trained = Gemma<Gemma3_270M, Mine, reference>::trainable_parameters;
