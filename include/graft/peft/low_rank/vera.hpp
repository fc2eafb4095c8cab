/// \file
/// VeRA (Kopiczko et al. 2023):   y = x Wᵀ + b + v ∘ ((d ∘ (x Aᵀ)) Bᵀ),
///     A(R,In), B(Out,R) random, frozen and the same everywhere,
/// d(R), v(Out) trained. Layers of other sizes use the upper left of the same A and B.
#pragma once

#include <graft/autodiff/ops/pointwise/scale_columns.hpp>
#include <graft/autodiff/ops/products/matmul.hpp>
#include <graft/core/mersenne_twister.hpp>
#include <graft/peft/delta/delta.hpp>

#include <array>

namespace graft {

// Options of VeRA beside LoRA's On<…> and Blocks<…>.
/// A and B are what PyTorch draws from this seed, and files do not hold them.
template <std::uint32_t Number>
struct Seed {
  static constexpr std::uint32_t seed = Number;
};
/// What d begins with: `Initial<1, 10>`.
template <Index Numerator, Index Denominator = 1>
struct Initial {
  static constexpr double initial = static_cast<double>(Numerator) / static_cast<double>(Denominator);
};
template <class O>
concept SeedOption = requires { O::seed; };
template <class O>
concept InitialOption = requires { O::initial; };

struct VeraUnknownOption {
  template <class Model>
  struct error {
    static_assert(
        !Model::backend::executes,
        "graft: unknown option of VeRA; it takes On<sites...>, Blocks<First, Last>, Seed<N> and Initial<N, D>");
  };
};

/// A part of one of the matrices that a seed draws, or files hold.
template <class B, Index Rows, Index Columns, bool Drawn, std::uint32_t Seed>
struct RandomPart : SharedPart<Parameter<B, Constant<F32>, Rows, Columns>, !Drawn> {};

/// `VeRA<256>`, with LoRA's `On<…>` and `Blocks<…>`; `VeRA<256, Seed<0>>`.
/// (Kopiczko et al. 2023) \tparam Rank rows of the frozen A \tparam Options as said
template <Index Rank, class... Options>
struct VeRA {
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<
      Unless<(Rank > 0), LoraOfRankZero>,
      Unless<((PlaceOption<Options> || SeedOption<Options> || InitialOption<Options>) && ...), VeraUnknownOption>,
      typename places::problem>;
  /// whether A and B follow from a seed, and files do not hold them
  static constexpr bool drawn_by_seed = (SeedOption<Options> || ...);
  static constexpr std::uint32_t seed = [] {
    std::uint32_t found = 0;
    (
        [&] {
          if constexpr (SeedOption<Options>) found = Options::seed;
        }(),
        ...);
    return found;
  }();
  static constexpr double initial = [] {
    double found = 0.1;
    (
        [&] {
          if constexpr (InitialOption<Options>) found = Options::initial;
        }(),
        ...);
    return found;
  }();
  static constexpr MethodOffers offers{.peft_type = "VERA"};
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
    f("save_projection", !drawn_by_seed);
    if (drawn_by_seed) f("projection_prng_key", seed);
    if (initial != 0.1) f("d_initial", initial);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.path = true, .values = true, .drawn = drawn_by_seed};
    RandomPart<B, Rank, In, drawn_by_seed, seed> a;
    RandomPart<B, Out, Rank, drawn_by_seed, seed> b;
    Parameter<B, Trainable, 1, Rank> d;  ///< scales of the inner columns, (R)
    Parameter<B, Trainable, 1, Out> v;   ///< scales of the outer columns, (Out)

    /// x ΔWᵀ, without ΔW.
    template <class T, class X>
    constexpr auto path(T& tape, X x) const {
      return scale_columns(tape, matmul(tape, scale_columns(tape, matmul(tape, x, a), row(tape, d)), b), row(tape, v));
    }
    /// v ∘ B (d ∘ A)
    [[nodiscard]] std::vector<float> delta_values() const {
      const auto left = b.read(), right = a.read(), inner = d.read(), outer = v.read();
      std::vector<float> w(Out * In, 0.0F);
      for (Index o = 0; o < Out; ++o)
        for (Index r = 0; r < Rank; ++r)
          for (Index i = 0; i < In; ++i) w[o * In + i] += outer[o] * left[o * Rank + r] * inner[r] * right[r * In + i];
      return w;
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "vera_lambda_d"}, self.d);
      f(Path{&path, "vera_lambda_b"}, self.v);
      f(Path{&path, "vera_A"}, self.a);
      f(Path{&path, "vera_B"}, self.b);
    }
    /// A and B as PyTorch draws them one after the other from the seed, where the longest sides of all layers are
    /// these.
    void draw(SharedParts& parts, Index longest_out, Index longest_in)
      requires(drawn_by_seed)
    {
      MersenneTwister random(seed);
      const auto drawn = [&random]<class P>(const P&, Index rows, Index columns, Index fan) {
        const float bound = static_cast<float>(std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(static_cast<double>(fan))));
        std::vector<float> values(P::size);
        for (Index i = 0; i < rows; ++i)
          for (Index j = 0; j < columns; ++j) {
            const float x = uniform01(random) * (bound - -bound) + -bound;
            if (i < P::rows && j < P::columns) values[i * P::columns + j] = x;
          }
        return values;
      };
      const auto first = drawn(a, Rank, longest_in, longest_in);
      const std::string of_seed = " of seed " + std::to_string(seed);
      parts.give(a, "A" + of_seed, [&] { return first; });
      parts.give(b, "B" + of_seed, [&] { return drawn(b, longest_out, Rank, Rank); });
    }
    void initialize(Initializer& initializer) {
      const auto start = [&initializer]<class P>(P& p, const char* name) {
        initializer.parts.give(p, name, [name] {
          std::vector<float> values(P::size);
          const float bound = std::sqrt(6.0F / static_cast<float>(Rank));
          // by place and not in sequence, so that it is the same in layers of any size
          for (Index i = 0; i < P::rows; ++i)
            for (Index j = 0; j < P::columns; ++j)
              values[i * P::columns + j] =
                  bound * (2.0F * uniform01({0, static_cast<std::uint64_t>(*name) << 32U | i}, j) - 1.0F);
          return values;
        });
      };
      if constexpr (!drawn_by_seed) start(a, "A"), start(b, "B");
      d.assign(std::vector<float>(Rank, static_cast<float>(initial)));
      v.assign(std::vector<float>(Out, 0.0F));
    }
  };

  template <class Where, class L>
  using at = delta_at<VeRA, Where, L>;
};

}  // namespace graft
