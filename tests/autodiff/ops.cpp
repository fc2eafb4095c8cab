// Every op against finite differences, through the public check_gradients.
#include <graft/autodiff.hpp>
#include <graft/backend/reference.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(autodiff_ops)

/// Values x(Rows,Columns) in memory of their own, drawn from a stream.
template <Index Rows, Index Columns>
struct Input {
  explicit Input(std::uint64_t stream) {
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

BOOST_AUTO_TEST_CASE(matmul_trained) {
  const Input<5, 6> x(1);
  Parameter<B, Trainable, 4, 6> w;
  draw(w, 1);
  check([&](auto& tape, auto v) { return matmul(tape, v, w); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(matmul_frozen) {
  const Input<5, 6> x(2);
  Parameter<B, Constant<Bf16>, 4, 6> w;
  draw(w, 2);
  check([&](auto& tape, auto v) { return matmul(tape, v, w); }, x);
}
BOOST_AUTO_TEST_CASE(add_matmul_scaled) {
  const Input<5, 4> y(3);
  const Input<5, 6> x(4);
  Parameter<B, Trainable, 4, 6> w;
  draw(w, 3);
  check([&](auto& tape, auto a, auto v) { return add_matmul(tape, add(tape, a, a), v, w, 0.5F); },
        std::tuple<const decltype(y)&, const decltype(x)&>(y, x), std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(adding) {
  const Input<3, 5> a(5), b(6);
  check([](auto& tape, auto x, auto y) { return add(tape, add(tape, x, y), x); }, a, b);
  check([](auto& tape, auto x, auto y) { return add_into(tape, add(tape, x, y), y); }, a, b);
}
BOOST_AUTO_TEST_CASE(bias) {
  const Input<3, 5> x(7);
  Parameter<B, Trainable, 1, 5> b;
  draw(b, 4);
  check([&](auto& tape, auto v) { return add_bias(tape, scale(tape, v, 1.5F), b); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(b)&>(b));
}
BOOST_AUTO_TEST_CASE(elementwise) {
  const Input<3, 5> a(8), b(9);
  check([](auto& tape, auto x, auto y) { return multiply(tape, x, y); }, a, b);
  check([](auto& tape, auto x, auto y) { return swiglu(tape, x, y); }, a, b);
  check([](auto& tape, auto x) { return multiply(tape, x, x); }, a);
  check([](auto& tape, auto x) { return scale(tape, x, -0.7F); }, a);
  check([](auto& tape, auto x) { return silu(tape, x); }, a);
  check([](auto& tape, auto x) { return gelu(tape, x); }, a);
  check([](auto& tape, auto x) { return gelu_tanh(tape, x); }, a);
}
BOOST_AUTO_TEST_CASE(norms) {
  const Input<4, 6> x(10);
  Parameter<B, Trainable, 1, 6> w, b;
  draw(w, 5);
  draw(b, 6);
  check([&](auto& tape, auto v) { return rms_norm(tape, v, w, 1e-5F); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&>(w));
  check([&](auto& tape, auto v) { return layer_norm(tape, v, w, b, 1e-5F); }, std::tuple<const decltype(x)&>(x),
        std::tuple<decltype(w)&, decltype(b)&>(w, b));
}
BOOST_AUTO_TEST_CASE(rotary_positions) {
  const Input<3, 8> x(11);
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
BOOST_AUTO_TEST_CASE(rows) {
  const Input<4, 5> x(12);
  const std::vector<Id> ids{3, 0, 3};
  check([&](auto& tape, auto v) { return gather(tape, v, tape.ids(ids.data(), 3), 3); }, x);
  Parameter<B, Trainable, 4, 5> table;
  draw(table, 7);
  check([&](auto& tape) { return embedding(tape, tape.ids(ids.data(), 3), 3, table); }, std::tuple<>(),
        std::tuple<decltype(table)&>(table));
}
BOOST_AUTO_TEST_CASE(attention_packed) {
  const Input<7, 8> q(13);
  const Input<7, 4> k(14), v(15);
  const std::vector<Id> starts{0, 4, 7};
  for (const bool causal : {true, false})
    check(
        [&](auto& tape, auto a, auto b, auto c) {
          const auto at = tape.ids(starts.data(), 3);
          return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, {}, 2, causal, 28});
        },
        q, k, v);
}
BOOST_AUTO_TEST_CASE(attention_reading_other_keys) {
  const Input<3, 8> q(16);
  const Input<7, 4> k(17), v(18);
  const std::vector<Id> queries{0, 2, 3}, keys{0, 4, 7};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        return attention<4, 2>(
            tape, a, b, c, Sequences<B>{tape.ids(queries.data(), 3), tape.ids(keys.data(), 3), {}, {}, 2, true, 12});
      },
      q, k, v);
}
BOOST_AUTO_TEST_CASE(attention_with_a_shared_prefix) {
  const Input<7, 8> q(16);
  const Input<7, 4> k(17), v(18);
  const std::vector<Id> starts{0, 3, 5, 7}, prefixes{-1, 0, 0};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        const auto at = tape.ids(starts.data(), 4);
        return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, tape.ids(prefixes.data(), 3), 3, true, 24});
      },
      q, k, v);
}
BOOST_AUTO_TEST_CASE(attention_by_a_rule) {
  const Input<7, 8> q(16);
  const Input<7, 4> k(17), v(18);
  const std::vector<Id> starts{0, 2, 7}, prefixes{-1, 0};
  check(
      [&](auto& tape, auto a, auto b, auto c) {
        const auto at = tape.ids(starts.data(), 3);
        return attention<4, 2>(tape, a, b, c, Sequences<B>{at, at, {}, tape.ids(prefixes.data(), 2), 2, true, 24},
                               AttentionRule{.scale = 0.7F, .cap = 0.9F, .window = 3});
      },
      q, k, v);
}
// Products that share an input: one trained, one frozen with a low-rank path; from a value, and from a source that is
// made again.
BOOST_AUTO_TEST_CASE(projecting) {
  const Input<5, 6> x(21), residual(22);
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
BOOST_AUTO_TEST_CASE(projecting_with_an_unused_result) {
  const Input<3, 6> x(23);
  Parameter<B, Trainable, 4, 6> w, other;
  draw(w, 36), draw(other, 37);
  check(
      [&](auto& tape, auto v) {
        return std::get<0>(project<float>(tape, Given{v}, false, Nothing{}, projection_of(w), projection_of(other)));
      },
      std::tuple<const decltype(x)&>(x), std::tuple<decltype(w)&, decltype(other)&>(w, other));
}
BOOST_AUTO_TEST_CASE(products_of_values) {
  const Input<3, 5> a(41);
  const Input<4, 5> b(42);
  const Input<5, 4> c(43);
  check([](auto& tape, auto x, auto w) { return product_nt<4>(tape, x, w); }, a, b);
  check([](auto& tape, auto x, auto w) { return product_nn(tape, x, w); }, a, c);
}
BOOST_AUTO_TEST_CASE(leaves) {
  const Input<3, 4> same(45);
  const Input<5, 12> wide(46);
  Parameter<B, Trainable, 3, 4> w;
  draw(w, 44);
  check([&](auto& tape, auto x) { return multiply(tape, x, leaf(tape, w)); }, std::tuple<const decltype(same)&>(same),
        std::tuple<decltype(w)&>(w));
  check([&](auto& tape, auto x) { return scale_columns(tape, x, row(tape, w)); },
        std::tuple<const decltype(wide)&>(wide), std::tuple<decltype(w)&>(w));
}
BOOST_AUTO_TEST_CASE(members) {
  const Input<5, 3> x(57);
  Parameter<B, Trainable, 2 * 4, 3> w;
  Parameter<B, Trainable, 1, 2 * 4> b;
  draw(w, 58), draw(b, 59);
  const std::array<Id, 5> owners{1, 0, 0, 1, 1};
  check([&](auto& tape, auto v) { return member_product<2>(tape, v, w, b, tape.ids(owners.data(), owners.size())); },
        std::tuple<const decltype(x)&>(x), std::tuple<decltype(w)&, decltype(b)&>(w, b));
}
BOOST_AUTO_TEST_CASE(kronecker_products) {
  const Input<2, 3> a(47);
  const Input<4, 5> b(48);
  check([](auto& tape, auto x, auto w) { return kronecker(tape, x, w); }, a, b);
}
BOOST_AUTO_TEST_CASE(blocks) {
  const Input<2, 3> v(52);
  const Input<6, 3> a(53), b(54);
  const Input<4, 6> x(55);
  check([](auto& tape, auto numbers) { return skew<3>(tape, numbers); }, v);
  check([](auto& tape, auto left, auto right) { return block_product(tape, left, right); }, a, b);
  check([](auto& tape, auto rows, auto r) { return multiply_blocks(tape, rows, r); }, x, a);
  check([](auto& tape, auto numbers) { return inverse_of_sum(tape, skew<3>(tape, numbers)); }, v);
  check([](auto& tape, auto r) { return skew_part(tape, r); }, a);
  Buffer<B> memory(6 * sizeof(Id));
  const auto places = memory.as<Id>();
  places[0] = 1, places[1] = 3, places[2] = 0, places[3] = 2, places[4] = 0, places[5] = 1;
  check([=](auto& tape, auto numbers) { return sparse_entries<4, 3>(tape, numbers, places); }, Input<1, 3>(1));
}
BOOST_AUTO_TEST_CASE(folds) {
  const Input<4, 7> x(49);
  check([](auto& tape, auto v) { return fold<3>(tape, v); }, x);
}
BOOST_AUTO_TEST_CASE(reflections) {
  const Input<4, 6> x(50);
  const Input<6, 2> u(51);
  check([](auto& tape, auto v, auto w) { return reflect(tape, reflect(tape, v, w, 1), w, 0, 0.5F); }, x, u);
}
BOOST_AUTO_TEST_CASE(columns_by_number) {
  Buffer<B> memory(3 * sizeof(Id));
  const auto ids = memory.as<Id>();
  ids[0] = 4, ids[1] = 0, ids[2] = 2;
  Buffer<B> turns(3 * sizeof(Id));
  const auto order = turns.as<Id>();
  order[0] = 2, order[1] = 0, order[2] = 1;
  check([=](auto& tape, auto x) { return gather_columns<2>(tape, x, ids, 3); }, Input<2, 5>(1));
  check([=](auto& tape, auto x) { return permute_columns(tape, x, order); }, Input<2, 3>(1));
  check([](auto& tape, auto x) { return multiply(tape, columns_from<1, 2>(tape, x), columns_from<3, 2>(tape, x)); },
        Input<2, 5>(1));
  check([=](auto& tape, auto x, auto z) { return replace_columns(tape, scale(tape, x, 1.0F), z, ids); }, Input<3, 5>(1),
        Input<3, 3>(2));
}
BOOST_AUTO_TEST_CASE(rows_in_other_places) {
  check([](auto& tape, auto p, auto x) { return rows_behind(tape, p, 2, x); }, Input<2, 6>(1), Input<3, 3>(2));
  check([](auto& tape, auto x, auto y, auto z) { return interleave(tape, x, y, z); }, Input<2, 3>(1), Input<2, 3>(2),
        Input<2, 3>(3));
}
BOOST_AUTO_TEST_CASE(functions_of_their_values) {
  check([](auto& tape, auto x) { return relu(tape, x); }, Input<2, 5>(4));
  check([](auto& tape, auto x) { return tanh(tape, x); }, Input<2, 5>(4));
  check([](auto& tape, auto x) { return sigmoid(tape, x); }, Input<2, 5>(4));
}
BOOST_AUTO_TEST_CASE(what_weights_are_made_of) {
  check([](auto& tape, auto x) { return orthogonality<false>(tape, x); }, Input<2, 5>(1));
  check([](auto& tape, auto x) { return orthogonality<true>(tape, x); }, Input<5, 2>(1));
  check([](auto& tape, auto x) { return unit_lower<3>(tape, x); }, Input<3, 5>(1));
  const Input<2, 4> constant(7);
  check([&](auto& tape, auto l, auto g) { return scaled_bases(tape, constant.var(), l, g); }, Input<2, 3>(1),
        Input<3, 4>(2));
  Buffer<B> memory(6 * sizeof(Id));
  const auto places = memory.as<Id>();
  places[0] = 1, places[1] = 3, places[2] = 0, places[3] = 2, places[4] = 2, places[5] = 0;
  check([=](auto& tape, auto c) { return product_nn(tape, spectrum<4, 3>(tape, c, places), fourier_matrix<3>(tape)); },
        Input<1, 3>(1));
}
BOOST_AUTO_TEST_CASE(memories) {
  check([](auto& tape, auto x, auto w) { return lstm(tape, x, w, false); }, Input<3, 8>(1), Input<8, 2>(2));
  check([](auto& tape, auto x,
           auto w) { return reshaped<4>(interleave(tape, lstm(tape, x, w, true), lstm(tape, x, w, false))); },
        Input<3, 8>(1), Input<8, 2>(2));
}
BOOST_AUTO_TEST_CASE(slices_and_elements) {
  const Input<5, 6> x(24);
  check([](auto& tape, auto v) { return slice(tape, v, 2, 2); }, x);
  // As bfloat16 and back, the gradient rounded on the way: values that bfloat16 has exactly move by steps that it has
  // not.
  check([](auto& tape, auto v) { return as_elements<float>(tape, v); }, x);
}
BOOST_AUTO_TEST_CASE(masked_cross_entropy) {
  const Input<4, 6> x(19);
  const std::vector<Id> targets{5, -1, 0, 2};
  check([&](auto& tape, auto v) { return cross_entropy(tape, v, tape.ids(targets.data(), 4)); }, x);
}
BOOST_AUTO_TEST_CASE(squared_errors) {
  const Input<5, 1> x(21);
  const std::vector<float> values{0.5F, -1, 2, 0, 3};
  check([&](auto& tape, auto v) { return squared_error(tape, v, tape.numbers(values.data(), 5)); }, x);
}
BOOST_AUTO_TEST_CASE(places_in_texts) {
  const Input<9, 2> x(22);
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
BOOST_AUTO_TEST_CASE(the_vocabulary) {
  const Input<4, 6> x(25);
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
BOOST_AUTO_TEST_CASE(cross_entropy_known_value) {
  const Input<4, 6> x(19);
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
BOOST_AUTO_TEST_CASE(dropout_repeats_its_mask_backwards) {
  Input<16, 64> x(20);
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
