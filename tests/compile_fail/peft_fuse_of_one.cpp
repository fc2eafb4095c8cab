// expect: graft: Fuse<...> and Average<...> mix two or more
#include <graft/backend/reference.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = Fuse<Adapter<4>>;
#else
using Mine = Fuse<Adapter<4, Named<"a">>, Adapter<4, Named<"b">>>;
#endif
constexpr Index trained = Llama<SmolLM2_135M, Mine, reference>::trainable_parameters;
