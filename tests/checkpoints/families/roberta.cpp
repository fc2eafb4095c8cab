#include <graft/checkpoints/families/roberta.hpp>

#include "checkpoints/families/configs.hpp"

using namespace graft;

BOOST_AUTO_TEST_SUITE(checkpoints_families_roberta)

BOOST_AUTO_TEST_CASE(what_is_refused) {
  made::refuses(made::with(made::sizes("roberta"), {{"pad_token_id", 0}}), "pad_token_id");
}

BOOST_AUTO_TEST_SUITE_END()
