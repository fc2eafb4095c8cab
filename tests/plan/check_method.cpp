// The judge of methods: it finds what is wrong with incomplete ones, and nothing with whole ones.
#include <graft/peft.hpp>
#include <graft/plan/check_method.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(plan_check_method)

template <class M>
void whole(MethodCheck what = {}) {
  const auto report = check_method<M>(what);
  BOOST_TEST(report.whole(), report.text());
}
template <class M>
void finds(const std::string& words) {
  const auto report = check_method<M>();
  BOOST_TEST(report.text().find(words) != std::string::npos, report.text());
}

/// ΔW = r 1, a weight that is one number; with what each mistake gets wrong.
enum class Mistake { none, path_misspelt, path_unsaid, not_saved, not_in_plan, wrong_merge };
template <Mistake Made>
struct Scalar {
  static constexpr MethodOffers offers{.peft_type = "SCALAR"};
  using places = Places<On<Query>>;
  using problem = void;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", 1);
  }
  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.path = Made == Mistake::path_misspelt,
                                          .values = Made == Mistake::wrong_merge};
    TrainedTensor<B, 1, 1> r;
    std::conditional_t<Made == Mistake::none, Saved<Parameter<B, Constant<F32>, Out, In>>,
                       Parameter<B, Constant<F32>, Out, In>>
        random;
    template <class T>
    constexpr auto delta(T& tape) const {
      return product_nn(tape, product_nn(tape, ones(tape), leaf(tape, r)), row_of(tape));
    }
    template <class T, class X>
      requires(Made == Mistake::path_unsaid)
    constexpr auto path(T& tape, X x) const {
      return product_nt<Out>(tape, x, delta(tape));
    }
    [[nodiscard]] std::vector<float> delta_values() const
      requires(Made == Mistake::wrong_merge)
    {
      return std::vector<float>(Out * In, 3.0F);
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "r"}, self.r);
      if constexpr (Made != Mistake::not_in_plan) f(Path{&path, "random"}, self.random);
    }
    void initialize(Initializer& initializer) {
      r.assign(std::vector<float>(1, 0.0F));
      random.assign(initializer.normal(Out * In, 1.0F));
    }

   private:
    template <class T>
    constexpr auto ones(T& tape) const {
      const auto all = tape.template value<1>(Out);
      tape.run(0, [=](auto on) { fill(all.data, Out, 1.0F, on); });
      return all;
    }
    template <class T>
    constexpr auto row_of(T& tape) const {
      return slice(tape, leaf(tape, random), 0, 1);
    }
  };
  template <class Where, class L>
  using at = delta_at<Scalar, Where, L>;
};

BOOST_AUTO_TEST_CASE(a_whole_method) { whole<Scalar<Mistake::none>>(); }
BOOST_AUTO_TEST_CASE(a_member_that_is_offered_and_not_there) {
  finds<Scalar<Mistake::path_misspelt>>("Query: its Weights: `path` and path(tape, x)");
}
BOOST_AUTO_TEST_CASE(a_member_that_is_there_and_not_offered) {
  finds<Scalar<Mistake::path_unsaid>>("Query: its Weights: `path` and path(tape, x)");
}
BOOST_AUTO_TEST_CASE(a_parameter_that_no_file_holds) {
  finds<Scalar<Mistake::not_saved>>("when the adapter's files are read over the same base");
}
BOOST_AUTO_TEST_CASE(a_parameter_that_nobody_visits) { finds<Scalar<Mistake::not_in_plan>>("the plan says"); }
BOOST_AUTO_TEST_CASE(a_merge_that_changes_what_is_computed) {
  finds<Scalar<Mistake::wrong_merge>>("when the adapter is merged");
}

// Methods that tests/peft does not examine.
BOOST_AUTO_TEST_CASE(activated_lora) { whole<ActivatedLoRA<4, Invocation<33, 34>>>(); }
BOOST_AUTO_TEST_CASE(a_bank_beside_what_all_train) { whole<Methods<Bank<2, LoRA<2>>, Unfreeze<FinalNorm>>>(); }
BOOST_AUTO_TEST_CASE(a_bank_of_adapters) { whole<Bank<2, PfeifferAdapter<4>>>(); }
BOOST_AUTO_TEST_CASE(everything) { whole<FullFineTuning>(); }
BOOST_AUTO_TEST_CASE(biases) { whole<BitFit>({.files = false}); }
BOOST_AUTO_TEST_CASE(last_block) { whole<LastBlocks<1>>(); }
BOOST_AUTO_TEST_CASE(averaged_adapters) {
  whole<Average<PfeifferAdapter<4, Named<"a">>, PfeifferAdapter<4, Named<"b">>>>({.files = false});
}

BOOST_AUTO_TEST_SUITE_END()
