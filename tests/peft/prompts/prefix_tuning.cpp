#include <graft/peft/prompts/prefix_tuning.hpp>

#include "peft/prompts/generates.hpp"

using namespace graft;
using holding::holds, holding::is_whole, holding::generates;

BOOST_AUTO_TEST_SUITE(peft_prompts_prefix_tuning)

BOOST_AUTO_TEST_CASE(prefix_tuning) { holds<PrefixTuning<3>, false>(); }
BOOST_AUTO_TEST_CASE(projected_prefix_tuning) { is_whole<ProjectedPrefixTuning<3, 8>>(); }

BOOST_AUTO_TEST_CASE(prefix_beside_a_parallel_adapter) {
  holds<Methods<HubPrefixTuning<3, 8>, ParallelAdapter<4>>, false>();
}

BOOST_AUTO_TEST_CASE(prefixes_in_the_cache) { generates<PrefixTuning<3>, Cpu>(); }
BOOST_AUTO_TEST_CASE(unnumbered_prefixes_in_the_cache) { generates<HubPrefixTuning<3, 8>, reference>(); }

BOOST_AUTO_TEST_SUITE_END()
