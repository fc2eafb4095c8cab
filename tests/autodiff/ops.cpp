// Every op against finite differences, through the public check_gradients.
#include <graft/autodiff.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

namespace {

/// Values x(Rows,Columns) in memory of their own, drawn from a stream.
template <Index Rows, Index Columns>
struct Drawn {
  explicit Drawn(std::uint64_t stream) {
    std::vector<float> values(Rows * Columns);
    for (Index i = 0; i < values.size(); ++i) values[i] = 0.7F * standard_normal({11, stream}, i);
    upload<B>(memory.template as<float>(), std::span<const float>(values));
  }
  [[nodiscard]] Var<B, Columns> var() const { return {Rows, memory.template as<float>()}; }
  Buffer<B> memory{Rows * Columns * sizeof(float)};
};

/// Checks the gradient of a weighted sum of f(tape, inputs…) for all inputs, and for each input alone (the others
/// constant), so that every combination of tracked and constant operands that an op distinguishes is run.
template <class F, class... Inputs, class... Parameters>
void check(const F& f, const std::tuple<const Inputs&...>& inputs, const std::tuple<Parameters&...>& parameters) {
  Workspace<B> workspace;
  const auto weighted = [](auto& tape, auto y) {
    using Y = decltype(y);
    static Buffer<B> memory;
    const Index n = y.size();
    if (memory.bytes() < n * sizeof(float)) memory = Buffer<B>(n * sizeof(float));
    for (Index i = 0; i < n; ++i) memory.as<float>()[i] = 0.5F + static_cast<float>(i % 7) * 0.2F;
    const auto product = multiply(tape, y, Var<B, Y::columns>{y.rows, memory.as<float>()});
    std::vector<Id> zeros(y.rows, 0);
    return cross_entropy(tape, product, tape.ids(zeros.data(), zeros.size()));  // any scalar will do
  };
  const auto value = [&] {
    workspace.reset();
    Inference<B> tape(workspace);
    return std::apply([&](const auto&... x) { return weighted(tape, f(tape, x.var()...)).data[0]; }, inputs);
  };
  const auto run = [&]<std::size_t... I>(unsigned mask, std::index_sequence<I...>) {
    workspace.reset();
    Tape<B> tape(workspace);
    std::vector<Watched<B>> watched;
    std::apply([](auto&... p) { (fill(p.gradient(), p.size, 0.0F, B{}), ...); }, parameters);
    const auto with = [&](auto... vars) {
      const auto loss = weighted(tape, f(tape, vars...));
      if constexpr (decltype(loss)::tracked) {
        tape.backward(loss);
        const auto watch = [&](auto v) {
          if constexpr (decltype(v)::tracked)
            watched.push_back(
                {v.data, v.size(),
                 tape.has_adjoint(v) ? download<B>(tape.adjoint(v), v.size()) : std::vector<float>(v.size(), 0.0F)});
        };
        (watch(vars), ...);
      }
    };
    // Chooses for each input whether it is tracked: the choice is in the type, hence the recursion.
    const auto choose = [&](auto self, auto index, auto... chosen) {
      if constexpr (decltype(index)::value == sizeof...(I)) {
        with(chosen...);
      } else {
        const auto x = std::get<decltype(index)::value>(inputs).var();
        const std::integral_constant<std::size_t, decltype(index)::value + 1> next;
        if ((mask >> decltype(index)::value) & 1U) self(self, next, chosen..., tape.track(x));
        else self(self, next, chosen..., x);
      }
    };
    choose(choose, std::integral_constant<std::size_t, 0>{});
    std::apply([&](auto&... p) { (watched.push_back({p.value(), p.size, download<B>(p.gradient(), p.size)}), ...); },
               parameters);
    const auto report = check_gradients<B>(watched, value);
    BOOST_TEST(report.checked > 0U);
    BOOST_TEST(report.worst < 2e-2, "mask " << mask << ": entry " << report.entry << " of " << report.checked
                                            << " is off by " << report.worst);
  };
  for (unsigned mask = sizeof...(Parameters) > 0 ? 0 : 1; mask < (1U << sizeof...(Inputs)); ++mask)
    run(mask, std::index_sequence_for<Inputs...>{});
}
template <class F, class... Inputs>
void check(const F& f, const Inputs&... inputs) {
  check(f, std::tuple<const Inputs&...>(inputs...), std::tuple<>());
}

template <class P>
void draw(P& parameter, std::uint64_t stream) {
  std::vector<float> values(P::size);
  for (Index i = 0; i < P::size; ++i) values[i] = 0.6F * standard_normal({12, stream}, i);
  parameter.assign(values);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(autodiff_ops_leaf)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 4> same(45);
  const Drawn<5, 12> wide(46);
  Parameter<B, Trainable, 3, 4> w;
  draw(w, 44);
  check([&](auto& tape, auto x) { return multiply(tape, x, leaf(tape, w)); }, std::tuple<const decltype(same)&>(same),
        std::tuple<decltype(w)&>(w));
  check([&](auto& tape, auto x) { return scale_columns(tape, x, row(tape, w)); },
        std::tuple<const decltype(wide)&>(wide), std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(of_a_frozen_matrix_a_copy_in_floats) {
  Parameter<B, Constant<Bf16>, 2, 2> w;
  w.assign(std::vector<float>{1, 2.5F, -3, 1.00390625F});  // the last lies between two bfloat16 numbers
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto y = leaf(tape, w);
  static_assert(!decltype(y)::tracked);
  BOOST_TEST(download<B>(y.data, y.size()) == (std::vector<float>{1, 2.5F, -3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_source)

BOOST_AUTO_TEST_CASE(made_once_and_undone_once) {
  const Drawn<3, 5> a(8), b(9);
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto x = tape.track(a.var());
  const auto given = value_of(tape, Given{x});
  BOOST_TEST((given.data == x.data && tape.records() == 0U));  // nothing is made of what is there
  const auto made = value_of(tape, SwigluOf{x, b.var()});
  BOOST_TEST(tape.records() == 1U);
  BOOST_TEST(download<B>(made.data, made.size()) == download<B>(swiglu(tape, x, b.var()).data, made.size()),
             boost::test_tools::per_element());
  static_assert(!decltype(value_of(tape, SwigluOf{b.var(), b.var()}))::tracked);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_attention_attention)

BOOST_AUTO_TEST_CASE(packed) {
  const Drawn<7, 8> q(13);
  const Drawn<7, 4> k(14), v(15);
  const std::vector<Id> starts{0, 4, 7};
  for (const bool causal : {true, false})
    check(
        [&](auto& tape, auto a, auto b, auto c) {
          const auto at = tape.ids(starts.data(), 3);
          return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, {}, 2, causal, 28});
        },
        q, k, v);
}
BOOST_AUTO_TEST_CASE(reading_other_keys) {
  const Drawn<3, 8> q(16);
  const Drawn<7, 4> k(17), v(18);
  const std::vector<Id> queries{0, 2, 3}, keys{0, 4, 7};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        return attention<4, 2>(
            tape, a, b, c, Sequences<B>{tape.ids(queries.data(), 3), tape.ids(keys.data(), 3), {}, {}, 2, true, 12});
      },
      q, k, v);
}
BOOST_AUTO_TEST_CASE(with_a_shared_prefix) {
  const Drawn<7, 8> q(16);
  const Drawn<7, 4> k(17), v(18);
  const std::vector<Id> starts{0, 3, 5, 7}, prefixes{-1, 0, 0};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        const auto at = tape.ids(starts.data(), 4);
        return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, tape.ids(prefixes.data(), 3), 3, true, 24});
      },
      q, k, v);
}
BOOST_AUTO_TEST_CASE(by_a_rule) {
  const Drawn<7, 8> q(16);
  const Drawn<7, 4> k(17), v(18);
  const std::vector<Id> starts{0, 2, 7}, prefixes{-1, 0};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        const auto at = tape.ids(starts.data(), 3);
        return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, tape.ids(prefixes.data(), 2), 2, true, 24},
                               AttentionRule{.scale = 0.7F, .cap = 0.9F, .window = 3});
      },
      q, k, v);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_attention_relative_attention)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<5, 4> q(61), k(62), v(63);
  Parameter<B, Trainable, 8, 2> table;
  draw(table, 64);
  const std::vector<Id> starts{0, 3, 5};
  for (const bool causal : {true, false})
    check(
        [&](auto& tape, auto a, auto b, auto c) {
          const auto at = tape.ids(starts.data(), 3);
          return relative_attention<2>(tape, a, b, c, leaf(tape, table), 12,
                                       Sequences<B>{at, at, {}, {}, 2, causal, 13});
        },
        std::tuple<const decltype(q)&, const decltype(k)&, const decltype(v)&>(q, k, v),
        std::tuple<decltype(table)&>(table));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_attention_rotary)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 8> x(11);
  const std::vector<Id> positions{0, 3, 50};
  check(
      [&](auto& tape, auto v) {
        return rotary(tape, scale(tape, v, 1.0F), rotary_table<4>(tape, tape.ids(positions.data(), 3), 3, {100.0F}));
      },
      x);
  const float divisors[] = {1.5F};
  check(
      [&](auto& tape, auto v) {
        return rotary(tape, scale(tape, v, 1.0F),
                      rotary_table<4, 2>(tape, tape.ids(positions.data(), 3), 3,
                                         {.base = 100.0F, .amplitude = 1.2F, .divisors = divisors}));
      },
      x);
}
BOOST_AUTO_TEST_CASE(turns_pairs_by_their_position) {
  const std::vector<Id> positions{0, 1};
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> rows{1, 2, 1, 0};  // x(2,2): one pair a row
  const Var<B, 2> x{2, tape.numbers(rows.data(), rows.size())};
  const auto y = rotary(tape, x, rotary_table<2>(tape, tape.ids(positions.data(), 2), 2, {100.0F}));
  const std::vector<float> wanted{1, 2, std::cos(1.0F), std::sin(1.0F)};
  for (Index i = 0; i < 4; ++i) BOOST_TEST(std::abs(y.data[i] - wanted[i]) < 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_losses_cross_entropy)

BOOST_AUTO_TEST_CASE(rows_without_a_target) {
  const Drawn<4, 6> x(19);
  const std::vector<Id> targets{5, -1, 0, 2};
  check([&](auto& tape, auto v) { return cross_entropy(tape, v, tape.ids(targets.data(), 4)); }, x);
}
BOOST_AUTO_TEST_CASE(known_value) {
  const Drawn<4, 6> x(19);
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<Id> targets{5, -1, 0, 2};
  double wanted = 0;
  for (Index t = 0; t < 4; ++t) {
    if (targets[t] < 0) continue;
    double sum = 0;
    for (Index i = 0; i < 6; ++i) sum += std::exp(static_cast<double>(x.var().data[t * 6 + i]));
    wanted += std::log(sum) - static_cast<double>(x.var().data[t * 6 + static_cast<Index>(targets[t])]);
  }
  BOOST_TEST(cross_entropy(tape, x.var(), tape.ids(targets.data(), 4)).data[0] == wanted,
             boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_losses_orthogonality)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto x) { return orthogonality<false>(tape, x); }, Drawn<2, 5>(1));
  check([](auto& tape, auto x) { return orthogonality<true>(tape, x); }, Drawn<5, 2>(1));
}
BOOST_AUTO_TEST_CASE(orthogonal_rows_cost_nothing) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> rows{0.6F, 0.8F, -0.8F, 0.6F}, longer{2, 0, 0, 1};
  const auto cost = [&](const auto& numbers) {
    return orthogonality<false>(tape, Var<B, 2>{2, tape.numbers(numbers.data(), 4)}).data[0];
  };
  BOOST_TEST(std::abs(cost(rows)) < 1e-6F);
  BOOST_TEST(cost(longer) > 1.0F);  // a row of length 2
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_losses_span_loss)

BOOST_AUTO_TEST_CASE(known_value_and_differences) {
  const Drawn<9, 2> x(22);
  const std::vector<Id> spans{0, 3, 4, 9}, rows{1, 2, 4, 8};  // the fourth row is in no text
  check([&](auto& tape, auto v) { return span_loss(tape, v, tape.ids(spans.data(), 4), tape.ids(rows.data(), 4), 4); },
        x);
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  double wanted = 0;
  for (const auto& [begin, end, row, column] : {std::tuple{0, 3, 1, 0}, {0, 3, 2, 1}, {4, 9, 4, 0}, {4, 9, 8, 1}}) {
    double sum = 0;
    for (int t = begin; t < end; ++t) sum += std::exp(static_cast<double>(x.var().data[2 * t + column]));
    wanted += std::log(sum) - static_cast<double>(x.var().data[2 * row + column]);
  }
  BOOST_TEST(span_loss(tape, x.var(), tape.ids(spans.data(), 4), tape.ids(rows.data(), 4), 4).data[0] == wanted,
             boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_losses_squared_error)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<5, 1> x(21);
  const std::vector<float> values{0.5F, -1, 2, 0, 3};
  check([&](auto& tape, auto v) { return squared_error(tape, v, tape.numbers(values.data(), 5)); }, x);
}
BOOST_AUTO_TEST_CASE(known_value) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 2, 3}, wanted{1, 0, 4};
  BOOST_TEST(squared_error(tape, Var<B, 1>{3, tape.numbers(x.data(), 3)}, tape.numbers(wanted.data(), 3)).data[0] ==
             5.0F);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_losses_vocabulary_loss)

BOOST_AUTO_TEST_CASE(as_a_product_and_its_cross_entropy) {
  const Drawn<4, 6> x(25);
  Parameter<B, Constant<F32>, 9, 6> w;
  draw(w, 38);
  const std::vector<Id> targets{5, 8, 0, 5};
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const auto v = tape.track(x.var());
  const auto ids = tape.ids(targets.data(), 4);
  const auto loss = vocabulary_loss(tape, v, w, ids), wanted = cross_entropy(tape, matmul(tape, v, w), ids);
  BOOST_TEST(loss.data[0] == wanted.data[0], boost::test_tools::tolerance(1e-5F));
  // Their gradients are the same: forwards with one sign, backwards with the other, nothing is left.
  tape.backward(add_into(tape, scale(tape, loss, -1.0F), wanted), 3.0F);
  for (const float g : download<B>(tape.adjoint(v), v.size())) BOOST_TEST(std::abs(g) < 1e-5F);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_norms_layer_norm)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<4, 6> x(10);
  Parameter<B, Trainable, 1, 6> w, b;
  draw(w, 5);
  draw(b, 6);
  check([&](auto& tape, auto v) { return layer_norm(tape, v, w, b, 1e-5F); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&, decltype(b)&>(w, b));
}
BOOST_AUTO_TEST_CASE(a_row_has_mean_zero_and_deviation_one) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  Parameter<B, Trainable, 1, 4> w, b;
  w.assign(std::vector<float>{1, 1, 1, 2});
  b.assign(std::vector<float>{0, 0, 0, 1});
  const std::vector<float> row{1, 1, 3, 3};
  const auto y = layer_norm(tape, Var<B, 4>{1, tape.numbers(row.data(), 4)}, w, b, 0.0F);
  BOOST_TEST(download<B>(y.data, 4) == (std::vector<float>{-1, -1, 1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_norms_rms_norm)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<4, 6> x(10);
  Parameter<B, Trainable, 1, 6> w;
  draw(w, 5);
  check([&](auto& tape, auto v) { return rms_norm(tape, v, w, 1e-5F); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(a_row_has_length_one_for_each_column) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  Parameter<B, Trainable, 1, 4> w;
  w.assign(std::vector<float>{1, 1, 2, 1});
  const std::vector<float> row{2, -2, 2, -2};
  const auto y = rms_norm(tape, Var<B, 4>{1, tape.numbers(row.data(), 4)}, w, 0.0F);
  BOOST_TEST(download<B>(y.data, 4) == (std::vector<float>{1, -1, 2, -1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_add)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(5), b(6);
  check([](auto& tape, auto x, auto y) { return add(tape, add(tape, x, y), x); }, a, b);
  check([](auto& tape, auto x, auto y) { return add_into(tape, add(tape, x, y), y); }, a, b);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_dropout)

BOOST_AUTO_TEST_CASE(repeats_its_mask_backwards) {
  Drawn<16, 64> x(20);
  std::fill_n(x.memory.as<float>(), 16 * 64, 1.0F);
  Workspace<B> workspace;
  workspace.random = {42, 0};
  Tape<B> tape(workspace);
  const auto v = tape.track(x.var());
  const auto y = dropout(tape, v, 0.25F);
  const auto kept = download<B>(y.data, y.size());
  Index zeros = 0;
  for (const float k : kept) {
    BOOST_TEST((k == 0.0F || std::abs(k - 1.0F / 0.75F) < 1e-6F));
    zeros += k == 0.0F ? 1 : 0;
  }
  BOOST_TEST(zeros > 200U);
  BOOST_TEST(zeros < 312U);
  const auto dy = tape.contribute(y);
  fill(dy.data, y.size(), 1.0F, B{});
  tape.unwind(0, {});
  BOOST_TEST(download<B>(tape.adjoint(v), v.size()) == kept, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_gelu)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(8);
  check([](auto& tape, auto x) { return gelu(tape, x); }, a);
  check([](auto& tape, auto x) { return gelu_tanh(tape, x); }, a);
}
BOOST_AUTO_TEST_CASE(known_values) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{0, 1, -1, 10};
  const Var<B, 4> v{1, tape.numbers(x.data(), 4)};
  const std::vector<float> exact{0, 0.84134475F, -0.15865525F, 10}, near{0, 0.8411920F, -0.1588080F, 10};  // x Φ(x)
  for (Index i = 0; i < 4; ++i) {
    BOOST_TEST(std::abs(gelu(tape, v).data[i] - exact[i]) < 1e-6F);
    BOOST_TEST(std::abs(gelu_tanh(tape, v).data[i] - near[i]) < 1e-6F);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_multiply)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(8), b(9);
  check([](auto& tape, auto x, auto y) { return multiply(tape, x, y); }, a, b);
  check([](auto& tape, auto x) { return multiply(tape, x, x); }, a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_pointwise)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto x) { return relu(tape, x); }, Drawn<2, 5>(4));
  check([](auto& tape, auto x) { return tanh(tape, x); }, Drawn<2, 5>(4));
  check([](auto& tape, auto x) { return sigmoid(tape, x); }, Drawn<2, 5>(4));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_scale)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(8);
  check([](auto& tape, auto x) { return scale(tape, x, -0.7F); }, a);
  // As bfloat16 and back, the gradient rounded on the way: values that bfloat16 has exactly move by steps that it has
  // not.
  check([](auto& tape, auto v) { return as_elements<float>(tape, v); }, a);
}
BOOST_AUTO_TEST_CASE(as_other_elements) {
  Workspace<B> workspace;
  Tape<B> tape(workspace);
  const std::vector<float> numbers{1, 1.00390625F, -2};
  const auto x = tape.track(Var<B, 3>{1, tape.numbers(numbers.data(), 3)});
  const auto back = as_elements<float>(tape, as_elements<Bfloat16>(tape, x));
  BOOST_TEST(download<B>(back.data, 3) == (std::vector<float>{1, 1, -2}), boost::test_tools::per_element());
  tape.backward(back, std::vector<float>{1, 2, 3});
  BOOST_TEST(download<B>(tape.adjoint(x), 3) == (std::vector<float>{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_scale_columns)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> x(8);
  const Drawn<1, 5> s(9);
  check([](auto& tape, auto v, auto w) { return scale_columns(tape, v, w); }, x, s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_silu)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(8);
  check([](auto& tape, auto x) { return silu(tape, x); }, a);
}
BOOST_AUTO_TEST_CASE(known_values) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{0, 1, -1}, wanted{0, 0.7310586F, -0.2689414F};  // x / (1 + e^-x)
  const auto y = silu(tape, Var<B, 3>{1, tape.numbers(x.data(), 3)});
  for (Index i = 0; i < 3; ++i) BOOST_TEST(std::abs(y.data[i] - wanted[i]) < 1e-6F);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_pointwise_swiglu)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(8), b(9);
  check([](auto& tape, auto x, auto y) { return swiglu(tape, x, y); }, a, b);
  check([](auto& tape, auto x) { return swiglu(tape, x, x); }, a);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_bias)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> x(7);
  Parameter<B, Trainable, 1, 5> b;
  draw(b, 4);
  check([&](auto& tape, auto v) { return add_bias(tape, scale(tape, v, 1.5F), b); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(b)&>(b));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_block_product)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<2, 3> v(52);
  const Drawn<6, 3> a(53), b(54);
  const Drawn<4, 6> x(55);
  check([](auto& tape, auto left, auto right) { return block_product(tape, left, right); }, a, b);
  check([](auto& tape, auto rows, auto r) { return multiply_blocks(tape, rows, r); }, x, a);
  check([](auto& tape, auto numbers) { return inverse_of_sum(tape, skew<3>(tape, numbers)); }, v);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_fold)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<4, 7> x(49);
  check([](auto& tape, auto v) { return fold<3>(tape, v); }, x);
}
BOOST_AUTO_TEST_CASE(sums_what_falls_together) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7};
  const auto y = fold<3>(tape, Var<B, 7>{1, tape.numbers(x.data(), 7)});
  BOOST_TEST(download<B>(y.data, 3) == (std::vector<float>{12, 7, 9}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_kronecker)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<2, 3> a(47);
  const Drawn<4, 5> b(48);
  check([](auto& tape, auto x, auto w) { return kronecker(tape, x, w); }, a, b);
}
BOOST_AUTO_TEST_CASE(known_value) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> a{1, 2}, b{3, 5};  // a(1,2), b(2,1)
  const auto y = kronecker(tape, Var<B, 2>{1, tape.numbers(a.data(), 2)}, Var<B, 1>{2, tape.numbers(b.data(), 2)});
  BOOST_TEST((y.rows == 2U && decltype(y)::columns == 2U));
  BOOST_TEST(download<B>(y.data, 4) == (std::vector<float>{3, 6, 5, 10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_lstm)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto x, auto w) { return lstm(tape, x, w, false); }, Drawn<3, 8>(1), Drawn<8, 2>(2));
  check([](auto& tape, auto x,
           auto w) { return reshaped<4>(interleave(tape, lstm(tape, x, w, true), lstm(tape, x, w, false))); },
        Drawn<3, 8>(1), Drawn<8, 2>(2));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_matmul)

BOOST_AUTO_TEST_CASE(trained) {
  const Drawn<5, 6> x(1);
  Parameter<B, Trainable, 4, 6> w;
  draw(w, 1);
  check([&](auto& tape, auto v) { return matmul(tape, v, w); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(frozen) {
  const Drawn<5, 6> x(2);
  Parameter<B, Constant<Bf16>, 4, 6> w;
  draw(w, 2);
  check([&](auto& tape, auto v) { return matmul(tape, v, w); }, x);
}
BOOST_AUTO_TEST_CASE(added_and_scaled) {
  const Drawn<5, 4> y(3);
  const Drawn<5, 6> x(4);
  Parameter<B, Trainable, 4, 6> w;
  draw(w, 3);
  check([&](auto& tape, auto a, auto v) { return add_matmul(tape, add(tape, a, a), v, w, 0.5F); },
        std::tuple<const decltype(y)&, const decltype(x)&>(y, x), std::tuple<decltype(w)&>(w));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_member_product)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<5, 3> x(57);
  Parameter<B, Trainable, 2 * 4, 3> w;
  Parameter<B, Trainable, 1, 2 * 4> b;
  draw(w, 58), draw(b, 59);
  const std::array<Id, 5> owners{1, 0, 0, 1, 1};
  check([&](auto& tape, auto v) { return member_product<2>(tape, v, w, b, tape.ids(owners.data(), owners.size())); },
        std::tuple<const decltype(x)&>(x), std::tuple<decltype(w)&, decltype(b)&>(w, b));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_product)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<3, 5> a(41);
  const Drawn<4, 5> b(42);
  const Drawn<5, 4> c(43);
  check([](auto& tape, auto x, auto w) { return product_nt<4>(tape, x, w); }, a, b);
  check([](auto& tape, auto x, auto w) { return product_nn(tape, x, w); }, a, c);
}
BOOST_AUTO_TEST_CASE(known_values) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 2, 3, 4}, w{1, 0, 2, -1};
  const Var<B, 2> a{2, tape.numbers(x.data(), 4)}, b{2, tape.numbers(w.data(), 4)};
  BOOST_TEST(download<B>(product_nt<2>(tape, a, b).data, 4) == (std::vector<float>{1, 0, 3, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(download<B>(product_nn(tape, a, b).data, 4) == (std::vector<float>{5, -2, 11, -4}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_project)

// Products that share an input: one trained, one frozen with a low-rank path; from a value, and from a source that is
// made again.
BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<5, 6> x(21), residual(22);
  Parameter<B, Trainable, 4, 6> w;
  Parameter<B, Constant<Bf16>, 6, 6> frozen;
  Parameter<B, Trainable, 2, 6> a;
  Parameter<B, Trainable, 6, 2> b;
  Parameter<B, Trainable, 1, 6> gain;
  draw(w, 31), draw(frozen, 32), draw(a, 33), draw(b, 34), draw(gain, 35);
  const auto low_rank = projection_of(frozen, a, b, 0.7F);
  check(
      [&](auto& tape, auto v) {
        const auto [y, z] = project<float>(tape, Given{v}, false, Nothing{}, projection_of(w), projection_of(w));
        return multiply(tape, y, z);
      },
      std::tuple<const decltype(x)&>(x), std::tuple<decltype(w)&>(w));
  for (const bool remake : {false, true})
    check(
        [&](auto& tape, auto v, auto r) {
          const auto [y] = project<float>(tape, rms_norm_of(tape, v, gain, 1e-5F), remake, Nothing{}, low_rank);
          return std::get<0>(project<float>(tape, SwigluOf{y, r}, remake, r, low_rank));
        },
        std::tuple<const decltype(x)&, const decltype(residual)&>(x, residual),
        std::tuple<decltype(a)&, decltype(b)&, decltype(gain)&>(a, b, gain));
}
// Only one of two results is used: the other has no share in anything.
BOOST_AUTO_TEST_CASE(an_unused_result) {
  const Drawn<3, 6> x(23);
  Parameter<B, Trainable, 4, 6> w, other;
  draw(w, 36), draw(other, 37);
  check(
      [&](auto& tape, auto v) {
        return std::get<0>(project<float>(tape, Given{v}, false, Nothing{}, projection_of(w), projection_of(other)));
      },
      std::tuple<const decltype(x)&>(x), std::tuple<decltype(w)&, decltype(other)&>(w, other));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_reflect)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<4, 6> x(50);
  const Drawn<6, 2> u(51);
  check([](auto& tape, auto v, auto w) { return reflect(tape, reflect(tape, v, w, 1), w, 0, 0.5F); }, x, u);
}
BOOST_AUTO_TEST_CASE(twice_is_nothing) {
  const Drawn<3, 4> x(50);
  const Drawn<4, 1> u(51);
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto once = reflect(tape, x.var(), u.var(), 0), twice = reflect(tape, once, u.var(), 0);
  double moved = 0;
  for (Index i = 0; i < 12; ++i) {
    BOOST_TEST(std::abs(twice.data[i] - x.var().data[i]) < 1e-5F);
    moved += static_cast<double>(std::abs(once.data[i] - x.var().data[i]));
  }
  BOOST_TEST(moved > 0.1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_scaled_bases)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<2, 4> constant(7);
  check([&](auto& tape, auto l, auto g) { return scaled_bases(tape, constant.var(), l, g); }, Drawn<2, 3>(1),
        Drawn<3, 4>(2));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_skew)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto numbers) { return skew<3>(tape, numbers); }, Drawn<2, 3>(52));
  check([](auto& tape, auto r) { return skew_part(tape, r); }, Drawn<6, 3>(53));
}
BOOST_AUTO_TEST_CASE(minus_its_transpose) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto y = skew<3>(tape, Drawn<1, 3>(52).var());
  for (Index i = 0; i < 3; ++i)
    for (Index j = 0; j < 3; ++j) BOOST_TEST(y.data[i * 3 + j] == -y.data[j * 3 + i]);
  BOOST_TEST(y.data[1] != 0.0F);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_spectrum)

BOOST_AUTO_TEST_CASE(by_differences) {
  Buffer<B> memory(6 * sizeof(Id));
  const auto places = memory.as<Id>();
  places[0] = 1, places[1] = 3, places[2] = 0, places[3] = 2, places[4] = 2, places[5] = 0;
  check([=](auto& tape, auto c) { return product_nn(tape, spectrum<4, 3>(tape, c, places), fourier_matrix<3>(tape)); },
        Drawn<1, 3>(1));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_products_unit_lower)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto x) { return unit_lower<3>(tape, x); }, Drawn<3, 5>(1));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_columns)

BOOST_AUTO_TEST_CASE(by_differences) {
  Buffer<B> memory(3 * sizeof(Id));
  const auto ids = memory.as<Id>();
  ids[0] = 4, ids[1] = 0, ids[2] = 2;
  Buffer<B> turns(3 * sizeof(Id));
  const auto order = turns.as<Id>();
  order[0] = 2, order[1] = 0, order[2] = 1;
  check([=](auto& tape, auto x) { return gather_columns<2>(tape, x, ids, 3); }, Drawn<2, 5>(1));
  check([=](auto& tape, auto x) { return permute_columns(tape, x, order); }, Drawn<2, 3>(1));
  check([](auto& tape, auto x) { return multiply(tape, columns_from<1, 2>(tape, x), columns_from<3, 2>(tape, x)); },
        Drawn<2, 5>(1));
  check([=](auto& tape, auto x, auto z) { return replace_columns(tape, scale(tape, x, 1.0F), z, ids); }, Drawn<3, 5>(1),
        Drawn<3, 3>(2));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_embedding)

BOOST_AUTO_TEST_CASE(by_differences) {
  const std::vector<Id> ids{3, 0, 3};
  Parameter<B, Trainable, 4, 5> table;
  draw(table, 7);
  check([&](auto& tape) { return embedding(tape, tape.ids(ids.data(), 3), 3, table); }, std::tuple<>(),
        std::tuple<decltype(table)&>(table));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_gather)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<4, 5> x(12);
  const std::vector<Id> ids{3, 0, 3};
  check([&](auto& tape, auto v) { return gather(tape, v, tape.ids(ids.data(), 3), 3); }, x);
}
BOOST_AUTO_TEST_CASE(rows_by_number) {
  const Drawn<4, 2> x(12);
  const std::vector<Id> ids{3, 0, 3};
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto y = gather(tape, x.var(), tape.ids(ids.data(), 3), 3);
  BOOST_TEST(y.rows == 3U);
  for (Index t = 0; t < 3; ++t)
    for (Index i = 0; i < 2; ++i) BOOST_TEST(y.data[2 * t + i] == x.var().data[2 * static_cast<Index>(ids[t]) + i]);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_interleave)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto x, auto y, auto z) { return interleave(tape, x, y, z); }, Drawn<2, 3>(1), Drawn<2, 3>(2),
        Drawn<2, 3>(3));
  check([](auto&, auto x) { return reshaped<2>(x); }, Drawn<2, 3>(1));
}
BOOST_AUTO_TEST_CASE(rows_take_turns) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const std::vector<float> x{1, 2}, y{3, 4};
  const auto z = interleave(tape, Var<B, 1>{2, tape.numbers(x.data(), 2)}, Var<B, 1>{2, tape.numbers(y.data(), 2)});
  BOOST_TEST(download<B>(z.data, 4) == (std::vector<float>{1, 3, 2, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_rows_behind)

BOOST_AUTO_TEST_CASE(by_differences) {
  check([](auto& tape, auto p, auto x) { return rows_behind(tape, p, 2, x); }, Drawn<2, 6>(1), Drawn<3, 3>(2));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_slice)

BOOST_AUTO_TEST_CASE(by_differences) {
  const Drawn<5, 6> x(24);
  check([](auto& tape, auto v) { return slice(tape, v, 2, 2); }, x);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(autodiff_ops_rows_sparse_entries)

BOOST_AUTO_TEST_CASE(by_differences) {
  Buffer<B> memory(6 * sizeof(Id));
  const auto places = memory.as<Id>();
  places[0] = 1, places[1] = 3, places[2] = 0, places[3] = 2, places[4] = 0, places[5] = 1;
  check([=](auto& tape, auto numbers) { return sparse_entries<4, 3>(tape, numbers, places); }, Drawn<1, 3>(1));
}

BOOST_AUTO_TEST_SUITE_END()
