/// \file
/// LoReFT (Wu et al. 2024), a change of what blocks yield at the first P and the last S tokens of a sequence, each with
/// parameters of its own:
///   y = x + (W x + b − R x) R,   W(R,C), b(R) trained, the rows of R(R,C) orthonormal
/// R = D · (first R rows of H_R … H₁) · Qᵀ, the H reflections by trained vectors, D signs, Q fixed: PyTorch's
/// parametrisation of it, where Q is kept in files. Gradient: ops/products/reflect.hpp, ops/products/unit_lower.hpp.
#pragma once

#include <graft/autodiff/ops/pointwise/multiply.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/autodiff/ops/products/product.hpp>
#include <graft/autodiff/ops/products/reflect.hpp>
#include <graft/autodiff/ops/products/unit_lower.hpp>
#include <graft/autodiff/ops/rows/gather.hpp>
#include <graft/layers/absent.hpp>
#include <graft/layers/linear.hpp>
#include <graft/peft/bottleneck/adapter.hpp>

namespace graft {

/// Reflection vectors below the diagonal, and signs on it, which PyTorch reads as integers: files have them exactly.
template <class B, Index Rank, Index C>
struct ReftVectors : TrainedTensor<B, Rank, C> {
  [[nodiscard]] std::vector<float> read() const {
    auto values = TrainedTensor<B, Rank, C>::read();
    for (Index r = 0; r < Rank; ++r) values[r * C + r] = values[r * C + r] < 0.0F ? -1.0F : 1.0F;
    return values;
  }
};

/// One intervention.
template <class B, Index C, Index Rank>
class ReftUnit {
 public:
  Linear<B, C, Rank, true> source;             ///< what the subspace is to hold
  ReftVectors<B, Rank, C> reflections;         ///< the vectors of the reflections that the subspace is kept as
  Parameter<B, Constant<F32>, C, C> rotation;  ///< Q

  /// What is added to rows x(T,C) where mask(T,Rank) is 1.
  template <class T, class X, class M>
  constexpr auto operator()(T& tape, X x, M mask) const {
    const auto r = rows(tape);
    const auto moved = add(tape, source(tape, x), scale(tape, product_nt<Rank>(tape, x, r), -1.0F));
    return product_nn(tape, multiply(tape, moved, mask), r);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    decltype(source)::visit(self.source, f, Path{&path, "learned_source"});
    const Path projection{&path, "projection"}, all{&projection, "parametrizations"}, weight{&all, "weight"},
        first{&weight, "0"};
    f(Path{&weight, "original"}, self.reflections);
    f(Path{&first, "base"}, self.rotation);
  }
  void initialize(Initializer& initializer) {
    source.initialize_uniform(initializer);
    auto vectors = initializer.normal(Rank * C, 1.0F);
    for (Index r = 0; r < Rank; ++r) vectors[r * C + r] = 1.0F;  // a sign
    reflections.assign(vectors);
    std::vector<float> identity(C * C, 0.0F);
    for (Index i = 0; i < C; ++i) identity[i * C + i] = 1.0F;
    rotation.assign(identity);
  }

 private:
  /// R
  template <class T>
  constexpr auto rows(T& tape) const {
    const auto signs = tape.template value<C>(Rank);
    tape.run(0, [=, this](auto on) { signed_identity(signs.data, reflections.value(), Rank, C, on); });
    return matmul(tape, reflected<Rank>(tape, signs, unit_lower<Rank>(tape, leaf(tape, reflections))), rotation);
  }
  template <Index Left, class T, class X, class U>
  constexpr auto reflected(T& tape, X x, U vectors) const {
    const auto y = reflect(tape, x, vectors, Left - 1);
    if constexpr (Left == 1) return y;
    else return reflected<Left - 1>(tape, y, vectors);
  }
};

/// What stands behind a block: interventions at the first and at the last tokens.
template <class Method, class B, class C>
class Reft {
 public:
  using backend = B;
  using adapted = Absent<B, C>;
  using method = Method;
  static constexpr Index width = C::width, rank = Method::rank;
  template <class S>
  using frozen = Reft;
  using bias_thawed = Reft;
  ReftUnit<B, width, rank> first, last;  ///< the interventions on the first tokens, and on the last

  /// `context` knows where rows stand; `rows`: which of them x has.
  template <class T, class X, class Context>
  constexpr auto operator()(T& tape, X x, const Context& context, Rows<B> rows) const {
    const auto mask = [&](bool at_end) {
      const auto all = tape.template value<rank>(context.tokens);
      tape.run(0, [=, shape = context.seen.sequences, positions = context.positions](auto on) {
        edge_mask(all.data, positions, shape.queries, shape.keys, shape.key_ends, shape.prefixes, shape.count, rank,
                  Method::first_tokens, Method::last_tokens, at_end, on);
      });
      return rows(tape, all);
    };
    const auto begun = add(tape, x, first(tape, x, mask(false)));
    return add(tape, begun, last(tape, x, mask(true)));
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    const Path all{&path, "refts"}, mine{&all, Method::name}, units{&mine, "units"};
    decltype(first)::visit(self.first, f, Path{&units, "0"});
    decltype(last)::visit(self.last, f, Path{&units, "1"});
  }
  void initialize(Initializer& initializer) {
    first.initialize(initializer);
    last.initialize(initializer);
  }
};

struct ReftBehindAnother {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LoReFT takes the site BlockOutput, which another method of this type has taken already");
  };
};

struct ReftOfTooMany {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: LoReFT's directions are orthogonal: there are at most as many as the model is wide");
  };
};

/// `LoReFT<4>`: the first and the last three tokens; `LoReFT<4, 2, 1>`: the first two and the last; with `Named<…>` and
/// `Blocks<…>`.
/// (Wu et al. 2024) \tparam Rank of the subspace \tparam First tokens at the beginning \tparam Last tokens at the end
/// \tparam Options as said
template <Index Rank, Index First = 3, Index Last = 3, class... Options>
struct LoReFT {
  static_assert(Rank > 0, "graft: LoReFT<0> trains nothing: the rank must be at least 1");
  static_assert(((NameOption<Options> || is_block_range<Options>) && ...) && BlocksOf<Options...>::type::valid,
                "graft: unknown option of LoReFT; it takes Named<\"...\"> and Blocks<First, Last>");
  /// how many tokens at the beginning and at the end are changed
  static constexpr Index rank = Rank, first_tokens = First, last_tokens = Last;
  static constexpr const char* name = NameOf<Options...>::type::name;
  static constexpr MethodOffers offers{.hub_name = name};
  template <class F>
  static void each_hub_option(F&& f) {
    f("architecture", "reft");
    f("layers", "all");
    f("r", Rank);
    f("prefix_positions", First);
    f("suffix_positions", Last);
    f("orthogonality", true);
    f("subtract_projection", true);
    f("tied_weights", false);
    f("output_reft", true);
    f("non_linearity", nullptr);
  }

  template <class B, class C>
  using Layer = Reft<LoReFT, B, C>;
  template <class L>
  struct InBlock : InRoom<LoReFT, ReftBehindAnother, L> {};
  template <class B, class C>
    requires(Rank > C::width)
  struct InBlock<Absent<B, C>> : Refuse<Absent<B, C>, ReftOfTooMany> {};
  template <class Where, class L>
  using at = typename std::conditional_t<std::is_same_v<typename Where::site, BlockOutput> &&
                                             BlocksOf<Options...>::type::has(Where::block),
                                         InBlock<L>, Kept<L>>::type;
};

}  // namespace graft
