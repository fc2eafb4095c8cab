/// \file
/// Cross entropy in SIMD lanes; lanes are summed in runs, and these in double. Equations:
/// backend/host/cross_entropy.hpp.
#pragma once

#include <graft/backend/xsimd/simd.hpp>
#include <graft/backend/xsimd/tag.hpp>

namespace graft::backend {

void cross_entropy(float* loss, float* l, const float* logits, const Id* targets, Index rows, Index n, xsimd_cpu);
void cross_entropy_input(float* dlogits, const float* dloss, const float* logits, const float* l, const Id* targets,
                         Index rows, Index n, bool accumulate, xsimd_cpu);
void largest_of_rows(Id* ids, const float* x, Index rows, Index n, xsimd_cpu);

#if defined(GRAFT_KERNEL_INLINE)
GRAFT_KERNEL_INLINE void cross_entropy(float* loss, float* l, const float* logits, const Id* targets, Index rows,
                                       Index n, xsimd_cpu) {
  parallel_for(rows, rows * n > parallel_threshold, [=](Index t) {
    const float* const row = logits + t * n;
    constexpr Index run = 32 * simd::width;
    const Index whole = n - n % simd::width;
    simd::Lanes most(row[0]);
    simd::each(0, whole, [&](Index i, auto...) { most = xsimd::max(most, simd::load(row + i)); });
    float largest = simd::largest(most);
    for (Index i = whole; i < n; ++i) largest = std::max(largest, row[i]);
    double sum = 0;
    for (Index begin = 0; begin < whole; begin += run) {
      simd::Lanes total(0.0F);
      simd::each(begin, std::min(begin + run, whole),
                 [&](Index i, auto...) { total += simd::exp(simd::load(row + i) - simd::Lanes(largest)); });
      sum += static_cast<double>(simd::sum(total));
    }
    for (Index i = whole; i < n; ++i) sum += static_cast<double>(std::exp(row[i] - largest));
    l[t] = static_cast<float>(static_cast<double>(largest) + std::log(sum));
  });
  *loss = loss_of_rows(l, logits, targets, rows, n);
}

GRAFT_KERNEL_INLINE void cross_entropy_input(float* dlogits, const float* dloss, const float* logits, const float* l,
                                             const Id* targets, Index rows, Index n, bool accumulate, xsimd_cpu) {
  parallel_for(rows, rows * n > parallel_threshold, [=](Index t) {
    const float weight = targets[t] >= 0 ? *dloss : 0.0F;
    simd::each(t * n, (t + 1) * n, [=](Index i, auto... count) {
      simd::put(dlogits + i, simd::Lanes(weight) * simd::exp(simd::load(logits + i, count...) - simd::Lanes(l[t])),
                accumulate, count...);
    });
    if (targets[t] >= 0) dlogits[t * n + static_cast<Index>(targets[t])] -= weight;
  });
}

/// By runs, the largest of each in lanes; only a run that has a larger one than all before is looked at one by one.
GRAFT_KERNEL_INLINE void largest_of_rows(Id* ids, const float* x, Index rows, Index n, xsimd_cpu) {
  parallel_for(rows, rows * n > parallel_threshold, [=](Index t) {
    const float* const row = x + t * n;
    constexpr Index run = 256;
    Index best = 0;
    for (Index begin = 0; begin < n; begin += run) {
      const Index end = std::min(n, begin + run), whole = begin + (end - begin) / simd::width * simd::width;
      simd::Lanes most(row[begin]);
      for (Index i = begin; i < whole; i += simd::width) most = xsimd::max(most, simd::load(row + i));
      float largest = simd::largest(most);
      for (Index i = whole; i < end; ++i) largest = std::max(largest, row[i]);
      if (largest > row[best]) best = static_cast<Index>(std::find(row + begin, row + end, largest) - row);
    }
    ids[t] = static_cast<Id>(best);
  });
}
#endif

}  // namespace graft::backend
