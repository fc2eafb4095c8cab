/// \file
/// All kernels that there are, and whether a backend has them.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/host/reference.hpp>
#include <graft/backend/kernels/attention.hpp>
#include <graft/backend/kernels/losses.hpp>
#include <graft/backend/kernels/norms.hpp>
#include <graft/backend/kernels/pointwise.hpp>
#include <graft/backend/kernels/products.hpp>
#include <graft/backend/kernels/rows.hpp>
#include <graft/backend/kernels/updates.hpp>
#include <graft/backend/kernels/weights.hpp>

namespace graft {

/// A backend whose memory is the host's: it inherits from `reference` what it does not improve, and so lacks nothing.
template <class B>
concept HostBackend = std::derived_from<B, backend::reference>;

namespace backend {

/// Products with weights kept as S, of values and results of either element.
template <class B, class S>
concept KeepsWeights = FrozenKernels<B, S, float, float> && FrozenKernels<B, S, Bfloat16, Bfloat16> &&
                       FrozenKernels<B, S, float, Bfloat16> && FrozenKernels<B, S, Bfloat16, float>;

}  // namespace backend

/// True. An error that names what is missing where a backend computes, on memory that is not the host's, and has not
/// all kernels; and where the kernels of a host's are not included.
template <class B>
constexpr bool has_all_kernels() {
  static_assert(Backend<B>,
                "graft: this is no backend: docs/backends.md says what one has, the compiler what is missing");
  if constexpr (B::executes && HostBackend<B>) {
    constexpr bool included = backend::NormKernels<B, float, float>;
    static_assert(included,
                  "graft: the kernels of this backend are not included: they are in graft/backend/reference.hpp, those "
                  "of Cpu in graft/backend/xsimd/xsimd_cpu.hpp");
  }
  if constexpr (B::executes && !HostBackend<B>) {
    using E = Bfloat16;
    namespace k = backend;
    static_assert(std::derived_from<B, k::composed>, "graft: a backend derives from graft::backend::composed");
    static_assert(k::PointwiseKernels<B, float> && k::PointwiseKernels<B, E>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/pointwise.hpp, named below");
    static_assert(k::ProductKernels<B, float, float> && k::ProductKernels<B, E, E> && k::ProductKernels<B, float, E> &&
                      k::ProductKernels<B, E, float> && k::RowwiseKernels<B, float> && k::RowwiseKernels<B, E> &&
                      k::KeepsWeights<B, Trained> && k::KeepsWeights<B, F32>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/products.hpp, named below");
    static_assert(k::AttentionKernels<B, float> && k::AttentionKernels<B, E>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/attention.hpp, named below");
    static_assert(k::NormKernels<B, float, float> && k::NormKernels<B, E, E> && k::NormKernels<B, E, float>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/norms.hpp, named below");
    static_assert(k::RowKernels<B, float> && k::RowKernels<B, E> && k::NumberedKernels<B>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/rows.hpp, named below");
    static_assert(k::LossKernels<B>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/losses.hpp, named below");
    static_assert(k::RotationKernels<B, float> && k::RotationKernels<B, E> && k::WeightKernels<B>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/weights.hpp, named below");
    static_assert(k::UpdateKernels<B>,
                  "graft: this backend lacks a kernel of graft/backend/kernels/updates.hpp, named below");
  }
  return true;
}

/// The same of a storage of frozen weights.
template <class B, class S>
constexpr bool keeps_weights() {
  if constexpr (B::executes && !HostBackend<B>)
    static_assert(backend::KeepsWeights<B, S>,
                  "graft: this backend cannot keep frozen weights so: it lacks a kernel for the storage, named below");
  return true;
}

}  // namespace graft
