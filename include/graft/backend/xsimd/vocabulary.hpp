/// \file
/// The output head's loss and gradient as attention over the vocabulary: rows of x are queries, rows of w both keys and
/// values, and softmax(x wᵀ) w gathers while blocks of w pass once (Dao et al. 2022). Equations:
/// backend/composed/vocabulary.hpp.
#pragma once

#include <graft/backend/composed/vocabulary.hpp>
#include <graft/backend/host/cross_entropy.hpp>
#include <graft/backend/xsimd/project.hpp>

#include <cmath>
#include <limits>

namespace graft::backend {

template <class X, class S>
  requires Bf16Product<X, S>
constexpr Index vocabulary_workspace(Index, Index, Index, S, xsimd_cpu) {
  return 0;
}

namespace bf16 {

/// Tokens of the vocabulary, and rows of x, that are looked at together.
inline constexpr Index vocabulary_block = 128, vocabulary_rows_together = 256;

/// Rows of x on their way through the vocabulary.
struct VocabularyRows {
  Operand x;
  Index rows, in, vocabulary;
  const Id* targets;
  float *largest, *sum, *hit;  // running maximum of the logits, sum of exponentials, logit of the target
  float* gathered;             // Σ p w, (rows, panels of in), or null

  /// Logits z of tokens [begin, begin+count) become weights p = exp(z − largest).
  void weigh(const float* z, Bfloat16* p, Index begin, Index count) const {
    const Index wide = panels(in) * panel;
    for (Index r = 0; r < rows; ++r) {
      const float* const row = z + r * vocabulary_block;
      simd::Lanes most(largest[r]);
      simd::each(0, count, [&](Index c, auto... left) {
        if constexpr (sizeof...(left) == 0) most = xsimd::max(most, simd::load(row + c));
        else
          for (Index i = c; i < count; ++i) most = xsimd::max(most, simd::Lanes(row[i]));
      });
      const float peak = simd::largest(most), correction = std::exp(largest[r] - peak);
      if (const auto target = static_cast<Index>(targets[r]); target >= begin && target < begin + count)
        hit[r] = row[target - begin];
      simd::Lanes total(0.0F);
      float tail = 0;
      Bfloat16* const out = p + r * vocabulary_block;
      const Index whole = count - count % simd::width;
      for (Index c = 0; c < whole; c += simd::width) {
        const auto e = simd::exp(simd::load(row + c) - simd::Lanes(peak));
        total += e;
        simd::store(out + c, e);
      }
      for (Index c = whole; c < count; ++c) {
        const float e = std::exp(row[c] - peak);
        tail += e;
        out[c] = Bfloat16(e);
      }
      std::fill(out + count, out + depth(count), Bfloat16());
      sum[r] = sum[r] * correction + simd::sum(total) + tail;
      if (peak != largest[r] && begin != 0 && gathered != nullptr)
        for (Index c = 0; c < wide; c += simd::width)
          simd::store(gathered + r * wide + c, simd::load(gathered + r * wide + c) * simd::Lanes(correction));
      largest[r] = peak;
    }
  }
};

}  // namespace bf16

template <class X, class S>
  requires Bf16Product<X, S>
void vocabulary_loss(float* loss, float* l, X* dx, const X* x, const std::byte* w, const Id* targets, Index rows,
                     Index in, Index vocabulary, float*, S storage, xsimd_cpu on) {
  using namespace bf16;
  const Operand input = operand<struct Input>(x, rows, in);
  const Index together = std::min(vocabulary_rows_together, rounded((rows + thread_count() - 1) / thread_count(), 16)),
              wide = panels(in) * panel;
  float* const hits = scratch<struct Hits, float>(rows);
  parallel_pieces(rows, together, [=](Index first, Index end) {
    float* const floats = scratch<struct VocabularyFloats, float>(together * (wide + vocabulary_block + 2));
    float *const z = floats, *const gathered = z + together * vocabulary_block,
                 *const largest = gathered + together * wide, *const sum = largest + together;
    Bfloat16* const p = scratch<struct VocabularyWeights, Bfloat16>(together * vocabulary_block);
    Word* const made = scratch<struct Made, Word>(panels(vocabulary_block) * (Panels<S>::ready ? 0 : panel_words(in)) +
                                                  panels(in) * panel_words(vocabulary_block));
    Word* const turned = made + panels(vocabulary_block) * (Panels<S>::ready ? 0 : panel_words(in));
    const VocabularyRows work{{input.rows + first * input.stride, input.stride},
                              end - first,
                              in,
                              vocabulary,
                              targets + first,
                              largest,
                              sum,
                              hits + first,
                              dx == nullptr ? nullptr : gathered};
    std::fill_n(largest, work.rows, -std::numeric_limits<float>::infinity());
    std::fill_n(sum, work.rows, 0.0F);
    Tiles tiles;
    for (Index v = 0; v < vocabulary; v += vocabulary_block) {
      const Index count = std::min(vocabulary_block, vocabulary - v);
      const PanelRun keys = Panels<S>::forward(made, w, vocabulary, in, {v / panel, panels(count), 0, in});
      const Factor logits{work.x.rows, work.x.stride, keys.data, in, keys.next};
      block(tiles, z, vocabulary_block, &logits, 1, 0, work.rows, panels(count));
      work.weigh(z, p, v, count);
      if (dx == nullptr) continue;
      for (Index q = 0; q < panels(count); ++q)
        turn_panel(turned + q * 16 * panel, panel_words(vocabulary_block), keys.data + q * keys.next, in);
      const Factor weighted{p, vocabulary_block, turned, count, panel_words(vocabulary_block)};
      block(tiles, gathered, wide, &weighted, 1, 0, work.rows, panels(in), v != 0);
    }
    for (Index r = 0; r < work.rows; ++r) l[first + r] = largest[r] + std::log(sum[r]);
    if (dx == nullptr) return;
    float* const target_row = scratch<struct TargetRow, float>(in);
    for (Index r = 0; r < work.rows; ++r) {
      lookup_frozen(target_row, work.targets + r, w, 1, vocabulary, in, storage, on);
      const simd::Lanes inverse(1.0F / sum[r]);
      simd::each(0, in, [&](Index c, auto... left) {
        simd::store(dx + (first + r) * in + c,
                    simd::load(gathered + r * wide + c) * inverse - simd::load(target_row + c, left...), left...);
      });
    }
  });
  double total = 0;
  for (Index r = 0; r < rows; ++r) total += static_cast<double>(l[r] - hits[r]);
  *loss = static_cast<float>(total);
}

}  // namespace graft::backend
