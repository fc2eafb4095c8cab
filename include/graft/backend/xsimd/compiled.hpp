/// \file
/// Which templates of kernels graft::kernels has: those of graft's own storages and elements. Others, of a storage of
/// one's own say, are instantiated where they are used, as all are without it.
#pragma once

#include <graft/backend/xsimd/activation.hpp>
#include <graft/backend/xsimd/dense.hpp>
#include <graft/backend/xsimd/int8.hpp>
#include <graft/backend/xsimd/norm.hpp>
#include <graft/backend/xsimd/quantized.hpp>
#include <graft/backend/xsimd/vocabulary.hpp>

#if defined(GRAFT_KERNELS_COMPILED)

namespace graft::backend {

/// What the kernels ask of the compiler beside xsimd's name for it.
inline constexpr int bits_of_instructions = 0
#if defined(__AVX512BF16__)
                                            + 1
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512VBMI__)
                                            + 2
#endif
#if defined(__AMX_BF16__)
                                            + 4
#endif
    ;

/// A program that was compiled for other instructions than the graft::kernels beside it does not link, and the linker
/// names this.
template <class Arch, int Bits>
struct KernelsCompiledFor {
  static const char the_same_instructions;  ///< there only where they are
};
#if defined(GRAFT_KERNELS_SOURCE)
template <class Arch, int Bits>
const char KernelsCompiledFor<Arch, Bits>::the_same_instructions = 0;
template struct KernelsCompiledFor<xsimd::default_arch, bits_of_instructions>;
#else
[[gnu::used]] inline const char* const kernels_of_this_program =
    &KernelsCompiledFor<xsimd::default_arch, bits_of_instructions>::the_same_instructions;
#endif

/// The types of these kernels.
template <class Y, class X, class S>
using Project = void(const Branch<Y, X>*, Index, const X*, const Y*, Index, Index, S, xsimd_cpu);
template <class Y, class X, class S>
using ProjectBackward = void(const BranchGradient<Y, X>*, Index, X*, bool, const X*, Index, Index, S, xsimd_cpu);
template <class X, class S>
using VocabularyLoss = void(float*, float*, X*, const X*, const std::byte*, const Id*, Index, Index, Index, float*, S,
                            xsimd_cpu);

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Trained> project<Bfloat16, Bfloat16, Trained>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Trained> project_backward<Bfloat16, Bfloat16, Trained>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Trained> project<float, Bfloat16, Trained>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Trained> project_backward<float, Bfloat16, Trained>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, F32> project<Bfloat16, Bfloat16, F32>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, F32> project_backward<Bfloat16, Bfloat16, F32>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, F32> project<float, Bfloat16, F32>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, F32> project_backward<float, Bfloat16, F32>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, F32> vocabulary_loss<Bfloat16, F32>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Bf16> project<Bfloat16, Bfloat16, Bf16>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Bf16> project_backward<Bfloat16, Bfloat16, Bf16>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Bf16> project<float, Bfloat16, Bf16>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Bf16> project_backward<float, Bfloat16, Bf16>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Bf16> project<float, float, Bf16>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Bf16> project_backward<float, float, Bf16>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Bf16> vocabulary_loss<Bfloat16, Bf16>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Bf16> vocabulary_loss<float, Bf16>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Int8> project<Bfloat16, Bfloat16, Int8>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Int8> project_backward<Bfloat16, Bfloat16, Int8>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Int8> project<float, Bfloat16, Int8>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Int8> project_backward<float, Bfloat16, Int8>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Int8> project<float, float, Int8>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Int8> project_backward<float, float, Int8>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Int8> vocabulary_loss<Bfloat16, Int8>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Int8> vocabulary_loss<float, Int8>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Q8_0> project<Bfloat16, Bfloat16, Q8_0>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Q8_0> project_backward<Bfloat16, Bfloat16, Q8_0>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Q8_0> project<float, Bfloat16, Q8_0>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Q8_0> project_backward<float, Bfloat16, Q8_0>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Q8_0> project<float, float, Q8_0>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Q8_0> project_backward<float, float, Q8_0>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Q8_0> vocabulary_loss<Bfloat16, Q8_0>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Q8_0> vocabulary_loss<float, Q8_0>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Q4_1> project<Bfloat16, Bfloat16, Q4_1>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Q4_1> project_backward<Bfloat16, Bfloat16, Q4_1>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Q4_1> project<float, Bfloat16, Q4_1>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Q4_1> project_backward<float, Bfloat16, Q4_1>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Q4_1> project<float, float, Q4_1>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Q4_1> project_backward<float, float, Q4_1>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Q4_1> vocabulary_loss<Bfloat16, Q4_1>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Q4_1> vocabulary_loss<float, Q4_1>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Nf4> project<Bfloat16, Bfloat16, Nf4>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Nf4> project_backward<Bfloat16, Bfloat16, Nf4>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Nf4> project<float, Bfloat16, Nf4>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Nf4> project_backward<float, Bfloat16, Nf4>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Nf4> project<float, float, Nf4>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Nf4> project_backward<float, float, Nf4>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Nf4> vocabulary_loss<Bfloat16, Nf4>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Nf4> vocabulary_loss<float, Nf4>;

GRAFT_KERNEL_TEMPLATE Project<Bfloat16, Bfloat16, Nf4DoubleQuant> project<Bfloat16, Bfloat16, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<Bfloat16, Bfloat16, Nf4DoubleQuant>
    project_backward<Bfloat16, Bfloat16, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE Project<float, Bfloat16, Nf4DoubleQuant> project<float, Bfloat16, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, Bfloat16, Nf4DoubleQuant>
    project_backward<float, Bfloat16, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE Project<float, float, Nf4DoubleQuant> project<float, float, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE ProjectBackward<float, float, Nf4DoubleQuant> project_backward<float, float, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<Bfloat16, Nf4DoubleQuant> vocabulary_loss<Bfloat16, Nf4DoubleQuant>;
GRAFT_KERNEL_TEMPLATE VocabularyLoss<float, Nf4DoubleQuant> vocabulary_loss<float, Nf4DoubleQuant>;

}  // namespace graft::backend

#endif
