/// \file
/// OFT (Qiu et al. 2023), as HF PEFT has it since its version 2:   y = (x R) Wᵀ + b,
///     R = diag(R_1 … R_n), blocks of B×B,
///   R_i = I + 2 Q_i + 2 Q_i² + 2 Q_i³ + Q_i⁴ ≈ (I + Q_i)(I − Q_i)⁻¹,
///       Q_i antisymmetric, trained; with SharedBlock all R_i are one
/// or exactly, Cayley's (I − Q_i)(I + Q_i)⁻¹ = I − 2 Q_i (I + Q_i)⁻¹, which turns the other way.
#pragma once

#include <graft/autodiff/ops/products/block_product.hpp>
#include <graft/autodiff/ops/products/skew.hpp>
#include <graft/autodiff/ops/rows/interleave.hpp>
#include <graft/peft/delta/delta.hpp>

namespace graft {

// Options of OFT beside LoRA's On<…> and Blocks<…>.
/// The number says how many blocks there are, not how large they are.
struct CountsBlocks {};
/// All blocks are rotated alike.
struct SharedBlock {};
/// The series of R_i has N terms, and not five.
template <Index N>
struct Terms {
  static constexpr Index terms = N;
};
/// The number of terms that an option says; 0 for none.
template <class O>
inline constexpr Index terms_of = 0;
template <Index N>
inline constexpr Index terms_of<Terms<N>> = N;

/// The divisor of a width that is nearest to a wanted one, the smaller of two as near: what HF PEFT makes of a number
/// that does not divide.
constexpr Index nearest_divisor(Index width, Index wanted) {
  if (wanted >= width) return width;
  Index higher = wanted, lower = wanted;
  while (width % higher != 0) ++higher;
  while (width % lower != 0) --lower;
  return wanted - lower <= higher - wanted ? lower : higher;
}

/// A linear layer whose input is rotated, block by block.
template <class Method, class Base>
class Rotated {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  // rotations are made anew for any input
  static constexpr LayerOffers offers{.merges = true, .slow_at_few_rows = true};
  static constexpr Index in = Base::in, out = Base::out, size = Method::block_size(in),
                         rotations = Method::shared ? 1 : in / size;
  template <class S>
  using frozen = Rotated<Method, Frozen<Base, S>>;
  using bias_thawed = Rotated<Method, typename Base::bias_thawed>;

  Base base;
  TrainedTensor<backend, rotations, size*(size - 1) / 2> angles;  ///< the numbers above the diagonal of each block

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (!T::recording)
      if (aside_.holds()) return base(tape, x);
    const auto turned = [&] {
      if constexpr (Method::shared) return reshaped<in>(multiply_blocks(tape, reshaped<size>(x), turn(tape)));
      else return multiply_blocks(tape, x, turn(tape));
    }();
    return base(tape, add(tape, x, scale(tape, turned, aside_.holds() ? 0.0F : 1.0F)));
  }

  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "oft_R.weight"}, self.angles);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    angles.assign(std::vector<float>(decltype(angles)::size, 0.0F));
  }

  /// W Rᵀ
  [[nodiscard]] std::vector<float> merged_weight(std::vector<float> w) const {
    Workspace<backend> workspace;
    Inference<backend> tape(workspace);
    const auto r = download<backend>(turn(tape).data, rotations * size * size);
    const auto before = w;
    for (Index o = 0; o < out; ++o)
      for (Index i = 0; i < in; ++i)
        for (Index c = 0; c < size; ++c)
          w[o * in + i] += r[i % (rotations * size) * size + c] * before[o * in + i / size * size + c];
    return w;
  }
  /// Rotates the base's weight (and switches the rotation off), or puts it back as it was.
  void merge() { aside_.merge(*this); }
  void unmerge() { aside_.unmerge(*this); }

 private:
  /// R − I, blocks one below the other: (In, B), or (B, B) of all
  template <class T>
  constexpr auto turn(T& tape) const {
    const auto q = skew<size>(tape, leaf(tape, angles));
    if constexpr (Method::exact) return scale(tape, block_product(tape, q, inverse_of_sum(tape, q)), -2.0F);
    else return series(tape, q);
  }
  /// 2 Q + … + 2 Q^(n−2) + Q^(n−1) of n terms, Q² and Q³ at least where there are three.
  template <class T, class Q>
  static constexpr auto series(T& tape, Q q) {
    if constexpr (Method::terms <= 2) return scale(tape, q, Method::terms == 2 ? 2.0F : 0.0F);
    else return add_powers<2>(tape, q, q, block_product(tape, q, q));
  }
  template <Index Power, class T, class Q, class Sum, class Last>
  static constexpr auto add_powers(T& tape, Q q, Sum sum, Last power) {
    const auto more = add(tape, sum, power), next = block_product(tape, power, q);
    if constexpr (Power + 3 > Method::terms) return add(tape, scale(tape, more, 2.0F), next);
    else return add_powers<Power + 1>(tape, q, more, next);
  }

  WeightAside<Base> aside_;
};

struct OftUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of OFT; it takes On<sites...>, Blocks<First, Last>, CountsBlocks and "
                  "SharedBlock, and without Cayley's transform Terms<N>");
  };
};

/// OFT by number of blocks, or by their size.
/// \tparam Number size of a block, or how many there are \tparam Exact whether the rotation is Cayley's itself
/// \tparam Options `On<…>`, `Blocks<…>`, `CountsBlocks`, `SharedBlock`, and `Terms<N>` where it is not exact
template <Index Number, bool Exact, class... Options>
struct OrthogonalFineTuning {
  static_assert(Number > 0, "graft: OFT<0> trains nothing: its blocks have a size of at least 2");
  static constexpr bool counts = (std::is_same_v<Options, CountsBlocks> || ...),
                        shared = (std::is_same_v<Options, SharedBlock> || ...);
  static constexpr bool exact = Exact;  ///< whether the rotation is exact, Cayley's
  /// the number of terms that an option says; 0 for none
  static constexpr Index stated_terms = (Index{0} + ... + terms_of<Options>),
                         terms = stated_terms == 0 ? 5 : stated_terms;
  static constexpr Index block_size(Index in) {
    return counts ? in / nearest_divisor(in, Number) : nearest_divisor(in, Number);
  }
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<((PlaceOption<Options> || std::is_same_v<Options, CountsBlocks> ||
                                        std::is_same_v<Options, SharedBlock> || (!Exact && terms_of<Options> > 0)) &&
                                       ...),
                                      OftUnknownOption>,
                               typename places::problem>;
  static constexpr MethodOffers offers{.peft_type = "OFT"};
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", counts ? Number : 0);
    f("oft_block_size", counts ? 0 : Number);
    f("use_cayley_neumann", !Exact);
    if (!Exact) f("num_cayley_neumann_terms", terms);
    f("coft", false);
    f("block_share", shared);
  }
  template <class Where, class L>
  using at = delta_at<OrthogonalFineTuning, Where, L, Rotated>;
};

/// `OFT<32>`: blocks of 32, or of the divisor of a layer's width that is nearest; `OFT<4, CountsBlocks>`: four blocks;
/// with LoRA's `On<…>` and `Blocks<…>`.
template <Index Number, class... Options>
using OFT = OrthogonalFineTuning<Number, false, Options...>;
/// The same with Cayley's transform in place of its series.
template <Index Number, class... Options>
using CayleyOFT = OrthogonalFineTuning<Number, true, Options...>;

}  // namespace graft
