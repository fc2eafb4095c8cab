#include <graft/peft/prompts/llama_adapter.hpp>

#include "peft/prompts/generates.hpp"

using namespace graft;
using holding::holds, holding::generates;

BOOST_AUTO_TEST_SUITE(peft_prompts_llama_adapter)

BOOST_AUTO_TEST_CASE(llama_adapter) { holds<LlamaAdapter<3, 2>, false>(); }
BOOST_AUTO_TEST_CASE(llama_adapters_in_the_cache) { generates<LlamaAdapter<3, 2>, Cpu>(); }

BOOST_AUTO_TEST_SUITE_END()
