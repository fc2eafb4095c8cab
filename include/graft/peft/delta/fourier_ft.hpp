/// \file
/// FourierFT (Gao et al. 2024):   ΔW = α Re F⁻¹(spectrum),
///     N entries of the spectrum(Out,In) trained, at places drawn once, all others zero
/// Gradient: ops/products/spectrum.hpp. The places follow from a seed as PyTorch's `randperm` draws them, so that files
/// need not hold them.
#pragma once

#include <graft/autodiff/id_table.hpp>
#include <graft/autodiff/ops/products/spectrum.hpp>
#include <graft/core/mersenne_twister.hpp>
#include <graft/peft/delta/delta.hpp>

#include <unordered_map>

namespace graft {

/// The first `count` of a permutation of 0 … size−1 (Fisher and Yates), as PyTorch draws it.
inline std::vector<Index> drawn_places(Index size, Index count, std::uint32_t seed) {
  MersenneTwister random(seed);
  std::unordered_map<Index, Index> moved;  // where the permutation is not what it began as
  const auto at = [&moved](Index i) {
    const auto found = moved.find(i);
    return found == moved.end() ? i : found->second;
  };
  std::vector<Index> drawn;
  for (Index i = 0; i < count; ++i) {
    const Index other = i + 1 < size ? i + random() % (size - i) : i, value = at(other);
    moved[other] = at(i);
    moved[i] = value;
    drawn.push_back(value);
  }
  return drawn;
}

struct FourierFtTooMany {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: FourierFT<N>: a weight of a touched site has fewer than N entries");
  };
};

struct FourierFtUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of FourierFT; it takes On<sites...>, Blocks<First, Last> and Alpha<N>");
  };
};

/// FourierFT with another seed than PEFT's.
/// \tparam N coefficients of a layer \tparam Seed which frequencies they are of \tparam Options as of FourierFT
template <Index N, std::uint32_t Seed, class... Options>
struct SeededFourierFT {
  static constexpr LoraSettings settings_of_rank = lora_settings<N, Options...>(150);
  static constexpr MethodOffers offers{.peft_type = "FOURIERFT"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(N > 0), LoraOfRankZero>,
                               Unless<((PlaceOption<Options> || AlphaOption<Options>) && ...), FourierFtUnknownOption>,
                               typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("n_frequency", N);
    f("scaling", settings_of_rank.alpha);
    f("random_loc_seed", Seed);
    f("bias", "none");
  }

  template <class B, Index Out, Index In>
  struct Weights {
    Parameter<B, Trainable, 1, N> c;  ///< the coefficients
    IdTable<B, 2, N> places;          ///< which frequencies the coefficients are of

    constexpr Weights() {
      if constexpr (B::executes) {
        std::vector<Id> ids(2 * N);
        const auto drawn = drawn_places(Out * In, N, Seed);
        for (Index k = 0; k < N; ++k)
          ids[k] = static_cast<Id>(drawn[k] / In), ids[N + k] = static_cast<Id>(drawn[k] % In);
        places.assign_ids(ids);
      }
    }
    template <class T>
    constexpr auto delta(T& tape) const {
      const auto u = spectrum<Out, In>(tape, row(tape, c), places.value());
      return scale(tape, product_nn(tape, u, fourier_matrix<In>(tape)),
                   static_cast<float>(settings_of_rank.alpha / static_cast<double>(Out * In)));
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "fourierft_spectrum"}, self.c);
      f(Path{&path, "places"}, self.places);
    }
    void initialize(Initializer&) { c.assign(std::vector<float>(N, 0.0F)); }
  };

  template <class Where, class L>
  struct At {
    using type = delta_at<SeededFourierFT, Where, L>;
  };
  template <class Where, LinearLayer L>
    requires(places::template has<Where> && L::in * L::out < N)
  struct At<Where, L> : Refuse<L, FourierFtTooMany> {};
  template <class Where, class L>
  using at = typename At<Where, L>::type;
};

/// `FourierFT<1000>`, with LoRA's `On<…>`, `Blocks<…>` and `Alpha<…>` (150 if it is not said).
template <Index N, class... Options>
using FourierFT = SeededFourierFT<N, 777, Options...>;

}  // namespace graft
