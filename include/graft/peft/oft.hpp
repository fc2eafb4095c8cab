/// \file
/// OFT (Qiu et al. 2023), as HF PEFT has it since its version 2:   y = (x R) Wᵀ + b,   R = diag(R_1 … R_n), blocks of B×B,
///   R_i = I + 2 Q_i + 2 Q_i² + 2 Q_i³ + Q_i⁴ ≈ (I + Q_i)(I − Q_i)⁻¹,   Q_i antisymmetric, trained
/// or exactly, Cayley's (I − Q_i)(I + Q_i)⁻¹ = I − 2 Q_i (I + Q_i)⁻¹, which turns the other way.
#pragma once

#include <graft/autodiff/ops/block_product.hpp>
#include <graft/autodiff/ops/skew.hpp>
#include <graft/peft/delta.hpp>

namespace graft {

/// A linear layer whose input is rotated, block by block.
template <class Method, class Base>
class Rotated {
 public:
  using backend = typename Base::backend;
  using adapted = Base;
  using method = Method;
  static constexpr bool slow_at_few_rows = true;  // rotations are made anew for any input
  static constexpr Index in = Base::in, out = Base::out, size = Method::block_size;
  static_assert(in % size == 0, "graft: OFT's block size must divide the width of what its layers read; the comparison below is (remainder == 0)");
  template <class S>
  using frozen = Rotated<Method, Frozen<Base, S>>;
  using bias_thawed = Rotated<Method, typename Base::bias_thawed>;

  Base base;
  TrainedTensor<backend, in / size, size * (size - 1) / 2> angles;

  template <class T, Gradient G, class E>
  constexpr auto operator()(T& tape, Var<backend, in, G, E> x) const {
    if constexpr (!T::recording)
      if (aside_.merged()) return base(tape, x);
    const auto turned = scale(tape, multiply_blocks(tape, x, turn(tape)), aside_.merged() ? 0.0F : 1.0F);
    return base(tape, add(tape, x, turned));
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
    const auto r = download<backend>(turn(tape).data, in * size);
    const auto before = w;
    for (Index o = 0; o < out; ++o)
      for (Index i = 0; i < in; ++i)
        for (Index c = 0; c < size; ++c) w[o * in + i] += r[i * size + c] * before[o * in + i / size * size + c];
    return w;
  }
  /// Rotates the base's weight (and switches the rotation off), or puts it back as it was.
  void merge() { aside_.merge(*this); }
  void unmerge() { aside_.unmerge(*this); }

 private:
  /// R − I, blocks one below the other: (In, B)
  template <class T>
  constexpr auto turn(T& tape) const {
    const auto q = skew<size>(tape, leaf(tape, angles));
    if constexpr (Method::exact) return scale(tape, block_product(tape, q, inverse_of_sum(tape, q)), -2.0F);
    else return series(tape, q);
  }
  template <class T, class Q>
  static constexpr auto series(T& tape, Q q) {
    const auto second = block_product(tape, q, q), third = block_product(tape, second, q), fourth = block_product(tape, third, q);
    return add(tape, scale(tape, add(tape, add(tape, q, second), third), 2.0F), fourth);
  }

  SetAside aside_;
};

template <Index BlockSize, bool Exact, class... Options>
struct OrthogonalFineTuning {
  static constexpr Index block_size = BlockSize;
  static constexpr bool exact = Exact;
  static constexpr const char* peft_type = "OFT";
  template <class F>
  static void each_option(F&& f) {
    f("r", 0);
    f("oft_block_size", BlockSize);
    f("use_cayley_neumann", !Exact);
    if (!Exact) f("num_cayley_neumann_terms", 5);
    f("coft", false);
    f("block_share", false);
    f("bias", "none");
  }
  template <class Where, class L>
  using at = delta_at<OrthogonalFineTuning, LoRA<BlockSize, Options...>, Where, L, Rotated>;
};

/// `OFT<32>`: blocks of 32; with LoRA's `On<…>` and `Blocks<…>`.
template <Index BlockSize, class... Options>
using OFT = OrthogonalFineTuning<BlockSize, false, Options...>;
/// The same with Cayley's transform in place of its series.
template <Index BlockSize, class... Options>
using CayleyOFT = OrthogonalFineTuning<BlockSize, true, Options...>;

}  // namespace graft
