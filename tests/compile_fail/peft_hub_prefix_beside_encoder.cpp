// expect: graft: HubPrefixTuning is of models of one stack of blocks
#include <graft/backend/reference.hpp>
#include <graft/models/t5.hpp>
#include <graft/peft.hpp>
using namespace graft;
#if defined(MISTAKE)
using Mine = HubPrefixTuning<4, 8>;
#else
using Mine = PrefixTuning<4>;
#endif
constexpr Index trained = T5<FlanT5Small, Mine, reference>::trainable_parameters;
