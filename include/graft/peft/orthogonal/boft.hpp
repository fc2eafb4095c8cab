/// \file
/// BOFT (Liu et al. 2024):   y = s ∘ ((x B_{m−1} … B_0) Wᵀ) + b,   B_f = P_f diag(R_{f,1} … R_{f,n}) P_fᵀ,
///     R = (I − S)(I + S)⁻¹, S = (A − Aᵀ)/2
/// A(m, n, B, B) and s(Out) trained. The permutations P_f let blocks of the next factor reach over more columns, as a
/// butterfly does; with one factor there is none. Gradient: ops/products/block_product.hpp, ops/rows/columns.hpp,
/// ops/pointwise/scale_columns.hpp.
#pragma once

#include <graft/autodiff/id_table.hpp>
#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/autodiff/ops/products/block_product.hpp>
#include <graft/autodiff/ops/products/skew.hpp>
#include <graft/autodiff/ops/rows/columns.hpp>
#include <graft/autodiff/ops/rows/slice.hpp>
#include <graft/peft/delta/delta.hpp>
#include <graft/peft/orthogonal/oft.hpp>

namespace graft {

/// A linear layer behind a butterfly of rotations.
template <class Method, class Base>
class Butterfly {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  // rotations are made anew for any input
  static constexpr LayerOffers offers{.merges = true, .slow_at_few_rows = true};
  static constexpr Index in = Base::in, out = Base::out, size = Method::block_size(in), factors = Method::factors,
                         blocks = in / size;
  template <class S>
  using frozen = Butterfly<Method, Frozen<Base, S>>;
  using bias_thawed = Butterfly<Method, typename Base::bias_thawed>;

  Base base;
  TrainedTensor<backend, factors, blocks, size, size> rotations;
  TrainedTensor<backend, out, 1> scales;  ///< scales of the outputs, (Out)

  constexpr Butterfly() {
    if constexpr (backend::executes && factors > 1)
      for (Index f = 0; f < factors; ++f) {
        const auto order = permutation(f);
        std::vector<Id> inverse(in);
        for (Index i = 0; i < in; ++i) inverse[static_cast<Index>(order[i])] = static_cast<Id>(i);
        orders_.assign_ids(inverse, 2 * f);
        orders_.assign_ids(order, 2 * f + 1);
      }
  }

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (!T::recording)
      if (aside_.holds()) return base(tape, x);
    const auto r = turns(tape);
    const auto y =
        std::get<0>(project<E>(tape, Given{rotated<factors>(tape, x, r)}, false, Nothing{}, base.projection()));
    return base.complete(tape, scale_columns(tape, y, row(tape, scales)));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "boft_R"}, self.rotations);
    f(Path{&path, "boft_s"}, self.scales);
    if constexpr (factors > 1) f(Path{&path, "orders"}, self.orders_);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    rotations.assign(std::vector<float>(decltype(rotations)::size, 0.0F));
    scales.assign(std::vector<float>(out, 1.0F));
  }

  /// s ∘ W (B_{m−1} … B_0)ᵀ
  [[nodiscard]] std::vector<float> merged_weight(const std::vector<float>& w) const {
    Workspace<backend> workspace;
    Inference<backend> tape(workspace);
    const auto unit = tape.template value<in>(in), given = tape.template value<in>(out);
    tape.run(0, [=](auto on) {
      fill(unit.data, unit.size(), 0.0F, on);
      unit_diagonals(unit.data, 1, in, on);
    });
    upload<backend>(given.data, std::span<const float>(w));
    // Rows of the unit matrix, rotated, are the product of the butterflies.
    auto merged =
        download<backend>(product_nt<in>(tape, given, rotated<factors>(tape, unit, turns(tape))).data, out * in);
    const auto s = scales.read();
    for (Index i = 0; i < merged.size(); ++i) merged[i] *= s[i / in];
    return merged;
  }
  /// Rotates and scales the base's weight (and nothing else any more), or puts it back as it was.
  void merge() { aside_.merge(*this); }
  void unmerge() { aside_.unmerge(*this); }

 private:
  /// The order of columns of factor f: within blocks/2ᶠ groups, half blocks of even numbers before those of odd ones.
  static std::vector<Id> permutation(Index f) {
    const Index groups = blocks >> f, group = in / groups, half = size / 2, steps = group / half;
    std::vector<Id> order(in);
    for (Index g = 0; g < groups; ++g)
      for (Index i = 0; i < steps; ++i) {
        const Index from = i < (steps + 1) / 2 ? 2 * i : 2 * (i - (steps + 1) / 2) + 1;
        for (Index k = 0; k < half; ++k) order[g * group + i * half + k] = static_cast<Id>(g * group + from * half + k);
      }
    return order;
  }
  [[nodiscard]] constexpr Pointer<backend, Id> forth(Index f) const { return orders_.value(2 * f); }
  [[nodiscard]] constexpr Pointer<backend, Id> back(Index f) const { return orders_.value(2 * f + 1); }

  /// All R, blocks one below the other: (m·In, B)
  template <class T>
  constexpr auto turns(T& tape) const {
    const auto q = skew_part(tape, leaf_of_columns<size>(tape, rotations));
    return add(tape, scale(tape, block_product(tape, q, inverse_of_sum(tape, q)), -2.0F), identities(tape));
  }
  template <class T>
  constexpr auto identities(T& tape) const {
    const auto unit = tape.template value<size>(factors * in);
    tape.run(0, [=](auto on) {
      fill(unit.data, unit.size(), 0.0F, on);
      unit_diagonals(unit.data, factors * blocks, size, on);
    });
    return unit;
  }
  template <Index Left, class T, class X, class R>
  constexpr auto rotated(T& tape, X x, R r) const {
    const auto once = [&](auto v) { return multiply_blocks(tape, v, slice(tape, r, (Left - 1) * in, in)); };
    if constexpr (factors == 1) {
      return once(x);
    } else {
      const auto y = permute_columns(tape, once(permute_columns(tape, x, forth(Left - 1))), back(Left - 1));
      if constexpr (Left == 1) return y;
      else return rotated<Left - 1>(tape, y, r);
    }
  }

  IdTable<backend, (factors > 1 ? 2 * factors : 0), in> orders_;
  WeightAside<Base> aside_;
};

struct BoftNotDivisible {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: BOFT<BlockSize, Factors>: BlockSize must be even and BlockSize · 2^(Factors−1) divide the "
                  "width of what its layers read; with CountsBlocks the number of blocks must divide it, too");
  };
};

struct BoftUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of BOFT; it takes On<sites...>, Blocks<First, Last> and CountsBlocks");
  };
};

/// BOFT by number of blocks, or by their size.
/// \tparam Number size of a block, or how many there are \tparam Factors of the butterfly \tparam Options as of OFT
template <Index Number, Index Factors, class... Options>
struct ButterflyFineTuning {
  static constexpr bool counts = (std::is_same_v<Options, CountsBlocks> || ...);
  static constexpr Index factors = Factors;
  static constexpr Index block_size(Index in) { return counts ? in / Number : Number; }
  /// Whether blocks of the size fit so many columns.
  static constexpr bool divides(Index in) {
    const Index size = Number == 0 || (counts && in % Number != 0) ? 0 : block_size(in);
    return Factors > 0 && size > 0 && size % 2 == 0 && in % (size << (Factors - 1)) == 0;
  }
  using places = Places<On<Linears>, Options...>;
  using problem =
      FirstProblem<Unless<((PlaceOption<Options> || std::is_same_v<Options, CountsBlocks>) && ...), BoftUnknownOption>,
                   typename places::problem>;
  static constexpr MethodOffers offers{.peft_type = "BOFT"};
  template <class Config, class F>
  static void each_option(F&& f) {
    f("boft_block_size", counts ? 0 : Number);
    f("boft_block_num", counts ? Number : 0);
    f("boft_n_butterfly_factor", Factors);
  }
  template <class Where, class L>
  struct At {
    using type = delta_at<ButterflyFineTuning, Where, L, Butterfly>;
  };
  template <class Where, LinearLayer L>
    requires(places::template has<Where> && !divides(L::in))
  struct At<Where, L> : Refuse<L, BoftNotDivisible> {};
  template <class Where, class L>
  using at = typename At<Where, L>::type;
};

/// `BOFT<8, 2>`: blocks of 8, two factors; `BOFT<4, 2, CountsBlocks>`: four blocks; with LoRA's `On<…>` and
/// `Blocks<…>`.
template <Index Number, Index Factors = 1, class... Options>
using BOFT = ButterflyFineTuning<Number, Factors, Options...>;

}  // namespace graft
