#include <graft/peft/contract/faults.hpp>

#include <graft/backend/reference.hpp>
#include <graft/peft/delta/loha.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(peft_contract_faults)

struct Config {
  static constexpr Index vocabulary = 9, width = 4, blocks = 2;
};
using Floats = std::vector<float>;
using Sentences = std::vector<std::string>;

template <class L>
Sentences of_layer() {
  Sentences all;
  each_fault_of_layer<L>([&all](const char* words) { all.emplace_back(words); });
  return all;
}
template <class M>
Sentences of_method() {
  Sentences all;
  each_fault<M, Config>([&all](const std::string& who, const char* words) { all.push_back(who + ": " + words); });
  return all;
}
/// There is one, and it begins so.
void is_one(const Sentences& found, const std::string& words) {
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].starts_with(words), found[0]);
}

BOOST_AUTO_TEST_CASE(whole_methods_have_none) {
  BOOST_TEST(of_method<FrozenBase>().empty());
  BOOST_TEST((of_method<LoRA<2>>().empty()));
  BOOST_TEST((of_method<Methods<LoRA<2, On<Query>>, LoHa<2, On<Value>>>>().empty()));
}

struct Bare {
  using backend = B;
};
struct Merging : Bare {
  static constexpr LayerOffers offers{.merges = true};
  [[nodiscard]] Floats merged_weight(Floats w) const { return w; }
  void merge() {}
  void unmerge() {}
};
struct Misspelt : Bare {
  static constexpr LayerOffers offers{.merges = true};
  [[nodiscard]] Floats merged_weights(Floats w) const { return w; }
  void merge() {}
  void unmerge() {}
};
struct Unsaid : Bare {
  void merge() {}
};
struct Gram : Bare {
  [[nodiscard]] Floats gram() const { return {}; }
};
struct Keys : Bare {
  static constexpr LayerOffers offers{.keys_ahead = 2};
};
struct Prompt : Bare {
  static constexpr LayerOffers offers{.prompt = true};
};
struct Speaks : Bare {
  static constexpr Index width = 4;
  static constexpr LayerOffers offers{.tied_logits = true};
};
struct Narrow : Bare {
  static constexpr LayerOffers offers{.low_rank = true};
  int a = 0, b = 0;
  static constexpr Index rank = 2;
};
BOOST_AUTO_TEST_CASE(layers) {
  BOOST_TEST((of_layer<Bare>().empty() && of_layer<Merging>().empty()));
  is_one(of_layer<Misspelt>(), "offers `merges` and lacks merged_weight(w)");
  is_one(of_layer<Unsaid>(), "has merge(), unmerge() or merged_weight(w) and does not offer");
  is_one(of_layer<Gram>(), "`observes` and gram()");
  is_one(of_layer<Keys>(), "`keys_ahead` and seen(tape, context)");
  is_one(of_layer<Prompt>(), "`prompt` and a member prompt");
  is_one(of_layer<Speaks>(), "`tied_logits` and tied_logits(tape, n)");
  is_one(of_layer<Narrow>(), "`low_rank` and low_rank_weight()");
}

/// A layer with parameters of a computed weight.
template <class W>
struct Computing : Bare {
  static constexpr Index in = 4;
  static constexpr WeightsOffers of_weights = weights_offers<W>;
  W weights;
};
struct Starting {
  void initialize(Initializer&) {}
};
struct Whole : Starting {
  template <class T>
  constexpr auto delta(T& tape) const {
    return tape.template value<4>(3);
  }
};
struct Unstarted {
  static constexpr WeightsOffers offers{.values = true};
  [[nodiscard]] Floats delta_values() const { return {}; }
};
struct OverBase : Whole {
  static constexpr WeightsOffers offers{.over_base = true};
};
struct Penalised : Whole {
  static constexpr WeightsOffers offers{.penalties = 3};
};
struct Values : Whole {
  [[nodiscard]] Floats delta_values() const { return {}; }
};
BOOST_AUTO_TEST_CASE(computed_weights) {
  BOOST_TEST(of_layer<Computing<Whole>>().empty());
  is_one(of_layer<Computing<Starting>>(), "its Weights have neither delta(tape) nor delta_values()");
  is_one(of_layer<Computing<Unstarted>>(), "its Weights have no initialize(initializer)");
  is_one(of_layer<Computing<OverBase>>(), "its Weights: `over_base` and initialize_over(w, initializer)");
  is_one(of_layer<Computing<Penalised>>(), "its Weights: `penalties` and penalty(tape)");
  is_one(of_layer<Computing<Values>>(), "its Weights: `values` and delta_values()");
}

/// A method that changes nothing, with what it says of itself.
struct Silent {
  template <class Where, class L>
  using at = L;
};
struct NoOptions : Silent {
  static constexpr MethodOffers offers{.peft_type = "MINE"};
};
struct Options : Silent {
  template <class C, class F>
  static void each_option(F&&) {}
};
struct NoHub : Silent {
  static constexpr MethodOffers offers{.hub_name = "mine"};
};
struct NoSettings : Silent {
  static constexpr MethodOffers offers{.low_rank = true};
};
struct Formal : Silent {
  template <class F>
  static void each_formality(F&&) {}
};
/// One that makes a layer of its own at queries.
struct MakesUnsaid : Silent {
  template <class L>
  struct Layer : L {
    using adapted = L;
    using method = MakesUnsaid;
    void merge() {}
  };
  template <class Where, class L>
  using at = std::conditional_t<std::is_same_v<typename Where::site, Query>, Layer<L>, L>;
};
BOOST_AUTO_TEST_CASE(methods) {
  BOOST_TEST(of_method<Silent>().empty());
  is_one(of_method<NoOptions>(), "the method: offers a `peft_type` and lacks each_option<Config>(f)");
  is_one(of_method<Options>(), "the method: has each_option<Config>(f) and does not offer a `peft_type`");
  is_one(of_method<NoHub>(), "the method: `hub_name` and each_hub_option(f)");
  is_one(of_method<NoSettings>(), "the method: offers `low_rank` and lacks the settings");
  is_one(of_method<Formal>(), "the method: `formalities` and each_formality(f)");
  is_one(of_method<MakesUnsaid>(), "Query: has merge()");
  is_one(of_method<Methods<LoRA<2, On<Value>>, MakesUnsaid>>(), "Query: has merge()");  // one of several
}

BOOST_AUTO_TEST_SUITE_END()
