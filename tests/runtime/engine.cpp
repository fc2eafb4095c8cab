#include <graft/runtime/engine.hpp>

#include "runtime/pretended.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_engine)

/// Writes each prompt's length.
struct Counts : made::Pretended {
  bool listened = true;
  std::vector<Ids> write(const std::vector<Ids>& prompts, const GenerateOptions& options, const Each& each) override {
    listened = each != nullptr;
    std::vector<Ids> all;
    for (const auto& prompt : prompts) all.emplace_back(options.max_new_tokens, static_cast<Id>(prompt.size()));
    return all;
  }
  using Engine::write;
};

BOOST_AUTO_TEST_CASE(without_a_listener) {
  Counts engine;
  const auto answers = engine.write({{7, 7, 7}, {}}, {.max_new_tokens = 2});
  BOOST_TEST((answers == std::vector<Engine::Ids>{{3, 3}, {0, 0}}));
  BOOST_TEST(!engine.listened);
}

BOOST_AUTO_TEST_SUITE_END()
