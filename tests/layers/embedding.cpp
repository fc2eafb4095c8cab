#include <graft/layers/embedding.hpp>

#include "error.hpp"

#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;
using made::error_of;

BOOST_AUTO_TEST_SUITE(layers_embedding)

static_assert(Layer<Embedding<B, 9, 6>>);

// A table by itself takes ids of the host, and no other rows than it has.
BOOST_AUTO_TEST_CASE(an_embedding_alone) {
  Embedding<B, 4, 2> table;
  table.weight.assign(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<Id> ids{3, 0}, beyond{4}, below{-1};
  const auto rows = table(tape, ids);
  BOOST_TEST(download<B>(rows.data, 4) == (std::vector<float>{6, 7, 0, 1}), boost::test_tools::per_element());
  const auto says = [&](const std::vector<Id>& named, const char* words) {
    const auto error = error_of([&] { table(tape, named); });
    BOOST_TEST(error.find(words) != std::string::npos, error);
  };
  says(beyond, "4 rows has none of number 4");
  says(below, "4 rows has none of number -1");
}

BOOST_AUTO_TEST_CASE(a_row_gathers_the_gradients_of_all_its_places) {
  Embedding<B, 4, 2> table;
  table.weight.assign(std::vector<float>(8, 1.0F));
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const std::vector<Id> ids{3, 0, 3};
  tape.backward(table(tape, ids), std::vector<float>{1, 2, 3, 4, 5, 6});
  BOOST_TEST(download<B>(table.weight.gradient(), 8) == (std::vector<float>{3, 4, 0, 0, 0, 0, 6, 8}),
             boost::test_tools::per_element());
  Frozen<Embedding<B, 4, 2>, Bf16> frozen;
  frozen.weight.assign(std::vector<float>(8, 1.0F));
  static_assert(!decltype(frozen(tape, ids))::tracked);
}

BOOST_AUTO_TEST_CASE(first_values_are_the_bases) {
  Embedding<B, 9, 6> table, again;
  Initializer one{.key = {3, 0}, .deviation = 0.5F}, other{.key = {3, 0}, .deviation = 0.5F},
      beside{.key = {1, 0}, .base = false};
  table.initialize(one);
  again.weight.assign(std::vector<float>(54, 2.0F));
  again.initialize(beside);
  BOOST_TEST(again.weight.read() == std::vector<float>(54, 2.0F), boost::test_tools::per_element());
  BOOST_TEST(table.weight.read() == other.base_weights(54), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
