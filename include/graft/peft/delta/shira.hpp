/// \file
/// Sparse tuning, SHiRA (Bhardwaj et al. 2024): some entries of each weight are trained, all others frozen:
///   y = x (W + S)ᵀ + b,   S zero but for R (In + Out) entries     gradient: ops/rows/sparse_entries.hpp
/// Which entries, a mask decides once: those where W is largest (the default), where its Fisher information is, or any.
#pragma once

#include <graft/autodiff/id_table.hpp>
#include <graft/autodiff/ops/rows/sparse_entries.hpp>
#include <graft/peft/delta/delta.hpp>

#include <algorithm>
#include <numeric>

namespace graft {

struct ShiraUnknownOption {
  template <class Model>
  struct error {
    static_assert(!Model::backend::executes,
                  "graft: unknown option of SHiRA; it takes On<sites...> and Blocks<First, Last>");
  };
};

/// `SHiRA<4>` trains as many entries as `LoRA<4>` has parameters; with LoRA's `On<…>` and `Blocks<…>`.
/// \tparam Rank sets the number of entries, Rank (In + Out) a layer \tparam Options as said
template <Index Rank, class... Options>
struct SHiRA {
  static constexpr MethodOffers offers{.peft_type = "SHIRA"};
  using places = Places<On<Linears>, Options...>;
  using problem = FirstProblem<Unless<(Rank > 0), LoraOfRankZero>,
                               Unless<(PlaceOption<Options> && ...), ShiraUnknownOption>, typename places::problem>;
  template <class Config, class F>
  static void each_option(F&& f) {
    f("r", Rank);
  }

  template <class B, Index Out, Index In>
  struct Weights {
    static constexpr WeightsOffers offers{.over_base = true};
    static constexpr Index count = Rank * (In + Out);
    TrainedTensor<B, count> entries;     ///< the entries of the weight that are trained
    IdTable<B, 2, count, false> places;  ///< rows, then columns

    template <class T>
    constexpr auto delta(T& tape) const {
      return sparse_entries<Out, In>(tape, row(tape, entries), places.value());
    }
    template <class Self, class F>
    static constexpr void visit(Self& self, F&& f, const Path& path) {
      f(Path{&path, "shira_weight"}, self.entries);
      f(Path{&path, "shira_indices"}, self.places);
    }
    /// Trains the entries of the highest score, (Out,In), in the order of their places.
    void choose(const std::vector<float>& scores) {
      require_size(scores.size(), Out, In, "scores");
      std::vector<Index> order(Out * In);
      std::iota(order.begin(), order.end(), Index{0});
      std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count - 1), order.end(),
                       [&](Index i, Index j) { return scores[i] != scores[j] ? scores[i] > scores[j] : i < j; });
      std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
      std::vector<Id> ids(2 * count);
      for (Index k = 0; k < count; ++k)
        ids[k] = static_cast<Id>(order[k] / In), ids[count + k] = static_cast<Id>(order[k] % In);
      places.assign_ids(ids);
      entries.assign(std::vector<float>(count, 0.0F));
    }
    /// Where the base's weight is largest.
    void initialize_over(std::vector<float> w, Initializer&) {
      for (float& x : w) x = std::abs(x);
      choose(w);
    }
  };

  struct TooManyEntries {
    template <class Model>
    struct error {
      static_assert(!Model::backend::executes,
                    "graft: SHiRA<Rank>: Rank (In + Out) entries are more than a weight of a touched site has");
    };
  };
  template <class Where, class L>
  struct At {
    using type = delta_at<SHiRA, Where, L>;
  };
  template <class Where, LinearLayer L>
    requires(places::template has<Where> && Rank * (L::in + L::out) > L::in * L::out)
  struct At<Where, L> : Refuse<L, TooManyEntries> {};
  template <class Where, class L>
  using at = typename At<Where, L>::type;
};

/// Whether a layer trains entries of its weight that are chosen.
template <class L>
inline constexpr bool trains_entries = false;
template <Index Rank, class... Options, class Base>
inline constexpr bool trains_entries<Delta<SHiRA<Rank, Options...>, Base>> = true;

/// Chooses the entries that each SHiRA layer of a model trains: `scores(path of the layer)` are numbers, (Out,In), the
/// highest of which win. For Fisher information give sums of squared gradients of the weights.
template <class Model, class Scores>
void choose_entries(Model& model, const Scores& scores) {
  Model::each_site(model, [&scores]<class L>(auto, const Path& path, L& layer) {
    if constexpr (trains_entries<L>) layer.weights.choose(scores(path.str()));
  });
}

}  // namespace graft
