#include <graft/models/parts/model.hpp>

#include "error.hpp"
#include "models/by_hand.hpp"

#include <graft/layers/embedding.hpp>
#include <graft/layers/linear.hpp>

using namespace graft;
using B = reference;
using made::error_of;

BOOST_AUTO_TEST_SUITE(models_parts_model)

/// A parameter that layers share, and a layer with one.
template <Index Rows, Index Columns>
struct SharedMatrix : Parameter<B, Constant<F32>, Rows, Columns> {
  static constexpr bool shared = true;
};
template <Index In, Index Out>
struct Sharing : Linear<B, In, Out> {
  SharedMatrix<2, 2> matrix;
  template <class Self, class F>
  static void visit(Self& self, F&& f, const Path& path) {
    Linear<B, In, Out>::visit(self, f, path);
    f(Path{&path, "shared"}, self.matrix);
  }
};
/// Around a layer of the base, and a layer that is its base and more.
struct Around {
  using adapted = Linear<B, 2, 2>;
  Frozen<Linear<B, 2, 2>> base;
  Parameter<B, Trainable, 1, 3> more;
  template <class Self, class F>
  static void visit(Self& self, F&& f, const Path& path) {
    Frozen<Linear<B, 2, 2>>::visit(self.base, f, path);
    f(Path{&path, "more"}, self.more);
  }
};
struct Extended : Embedding<B, 5, 2> {
  using adapted = Embedding<B, 5, 2>;
  Parameter<B, Trainable, 1, 3> more;
  template <class Self, class F>
  static void visit(Self& self, F&& f, const Path& path) {
    adapted::visit(self, f, path);
    f(Path{&path, "more"}, self.more);
  }
};

BOOST_AUTO_TEST_CASE(what_the_base_brought) {
  const auto names = [](auto layer) {
    std::string found;
    visit_base(layer, [&found](const Path& path, const auto&) { found += path.str() + " "; }, Path{nullptr, "at"});
    return found;
  };
  BOOST_TEST(names(Linear<B, 2, 2, true>()) == "at.weight at.bias ");
  BOOST_TEST(names(Around()) == "at.weight ");
  BOOST_TEST(names(Extended()) == "at.weight ");
}

/// As much of a model as is asked here.
struct Layers {
  using backend = B;
  Sharing<3, 7> first;
  Sharing<5, 2> second;
  Linear<B, 40, 50> third;
  template <class Self, class F>
  static void each_site(Self& self, const F& f) {
    f(Query{}, Path{}, self.first), f(Key{}, Path{}, self.second), f(Value{}, Path{}, self.third);
  }
  template <class Self, class F>
  static void visit(Self& self, F&& f) {
    each_site(self, EachParameter{f});
  }
};
BOOST_AUTO_TEST_CASE(the_longest_sides_of_layers_that_share) {
  BOOST_TEST((longest_sides(Layers()) == std::array<Index, 2>{7, 5}));  // out of one, in of another
}
BOOST_AUTO_TEST_CASE(what_is_shared_is_no_parameter_of_a_layer) {
  BOOST_TEST(count_parameters<Layers>(false) == 21U + 10 + 2'000);
  BOOST_TEST(count_parameters<Layers>(true) == 21U + 10 + 2'000);
}

/// A model whose head was untied from its embedding.
struct Untied {
  using backend = B;
  static constexpr bool unties_head = true;
  bool initialized_ = false;
  [[nodiscard]] bool initialized() const { return initialized_; }
  Frozen<Embedding<B, 2, 2>> token_embedding;
  Around head;
};
BOOST_AUTO_TEST_CASE(an_untied_head_begins_as_the_embedding) {
  Untied model;
  model.token_embedding.weight.assign(std::vector<float>{1, 2, 3, 4});
  untie_head(model);
  BOOST_TEST(model.head.base.weight.read() == (std::vector<float>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_model_without_values_says_so) {
  Untied model;
  BOOST_TEST(error_of([&] { require_initialized(model); }).starts_with("this model has no values: `load`"));
  model.initialized_ = true;
  BOOST_TEST(error_of([&] { require_initialized(model); }).empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_at_the_door) {
  BOOST_TEST(error_of([] { require_keys(3, 3); }).empty());
  BOOST_TEST(
      error_of([] { require_keys(5, 3); }) ==
      "a batch has 5 keys ahead of its texts, and the model's prefix is of 3; read it as Model::prepared makes it");
  const auto labels = [](const std::vector<Id>& given, Index kinds) {
    Batch batch;
    batch.append({1, 2}, given);
    Workspace<B> workspace;
    Inference<B> tape(workspace);
    const auto placed = place(tape, batch);
    return error_of([&] { require_labels(placed, kinds); });
  };
  BOOST_TEST(labels({1, 4}, 5).empty());
  BOOST_TEST(labels({1, 5}, 5).find("the label 5, and there are 5 (0 to 4)") != std::string::npos);
  BOOST_TEST(labels({1, -1}, 5) == "a batch without labels has no loss");
}

struct Prefix {
  static constexpr LayerOffers offers{.keys_ahead = 4, .counted = false};
  int seen(Inference<B>&, PackedContext<B> context) const { return static_cast<int>(context.sequences.count) + 40; }
};
// Without a shared layer that is a prefix, what is seen is the batch's own.
BOOST_AUTO_TEST_CASE(what_a_prefix_shows) {
  static_assert(prefix_tokens_of<Prefix> == 4 && unnumbered_keys_of<Prefix> == 4);
  static_assert(prefix_tokens_of<Absent<B, void>> == 0 && unnumbered_keys_of<Absent<B, void>> == 0);
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const Sequences<B> two{.count = 2};
  BOOST_TEST(seen_by(tape, Prefix(), two) == 42);
  BOOST_TEST(seen_by(tape, Absent<B, void>{}, two).sequences.count == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
