// expect: graft: SHiRA<Rank>: Rank (In + Out) entries are more
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = SHiRA<145, On<Key>>;
#else
using Mine = SHiRA<144, On<Key>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
