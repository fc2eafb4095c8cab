// The judge of optimizers, about one that does what it must and some that do not.
#include <graft/train/check_optimizer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(train_check_optimizer)

/// p ← p − lr g
struct Descent {
  float learning_rate = 0.1F;
  struct Settings {};
  static void suit(float) {}
  static constexpr Index state_floats(Index) { return 0; }
  [[nodiscard]] static Settings settings_for(const std::string&) { return {}; }
  template <class F>
  void each_setting(F&& f) const {
    f("learning rate", learning_rate);
  }
  template <class M, class B>
  void precondition(M&, const B&) const {}
  template <class B>
  void update(const Update<B>& u, Settings) const {
    if (!std::isfinite(*u.gradient_scale)) return;
    for (Index i = 0; i < u.size; ++i) u.value[i] -= learning_rate * u.rate_factor * *u.gradient_scale * u.gradient[i];
  }
};

struct Unscaled : Descent {
  template <class B>
  void update(Update<B> u, Settings settings) const {
    const float one = std::isfinite(*u.gradient_scale) ? 1.0F : *u.gradient_scale;
    u.gradient_scale = &one;
    Descent::update(u, settings);
  }
};
struct Reckless : Descent {
  template <class B>
  void update(Update<B> u, Settings settings) const {
    const float scale = std::isfinite(*u.gradient_scale) ? *u.gradient_scale : 0.5F;
    u.gradient_scale = &scale;
    Descent::update(u, settings);
  }
};
struct Restless : Descent {
  template <class B>
  void update(Update<B> u, Settings settings) const {
    u.rate_factor = 1;
    Descent::update(u, settings);
  }
};
struct Overflowing : Descent {
  template <class B>
  void update(const Update<B>& u, Settings settings) const {
    Descent::update(u, settings);
    if (std::isfinite(*u.gradient_scale)) u.state[0] = 1;
  }
};
struct Eager : Descent {
  template <class B>
  void update(const Update<B>& u, Settings settings) const {
    Descent::update(u, settings);
    std::fill_n(u.gradient, u.size, 0.0F);
  }
};
struct Ascent : Descent {
  Ascent() : Descent{.learning_rate = -0.1F} {}
};
struct Nameless : Descent {
  template <class F>
  void each_setting(F&&) const {}
};

/// The only complaint about an optimizer.
template <class O>
std::string complaint() {
  static_assert(Optimizer<O>);
  const auto all = check_optimizer(O{});
  BOOST_TEST(all.size() == 1U);
  return all.empty() ? "" : all[0];
}

BOOST_AUTO_TEST_CASE(those_that_are_wrong) {
  BOOST_TEST(check_optimizer(Descent{}).empty());
  BOOST_TEST(complaint<Unscaled>().find("gradient_scale") == 0U);
  BOOST_TEST(complaint<Reckless>().find("update() changes values or state where") == 0U);
  BOOST_TEST(complaint<Restless>().find("rate_factor") == 0U);
  BOOST_TEST(complaint<Overflowing>().find("update() writes beyond the state") == 0U);
  BOOST_TEST(complaint<Eager>().find("update() changes the gradient") == 0U);
  BOOST_TEST(complaint<Ascent>().find("update() does not lower") == 0U);
  BOOST_TEST(complaint<Nameless>().find("each_setting()") == 0U);
}

struct Misspelt : Descent {
  template <class M, class B>
  void precondition(M&, const B&) const = delete;
};
static_assert(!Optimizer<int> && !Optimizer<Misspelt>);

BOOST_AUTO_TEST_SUITE_END()
