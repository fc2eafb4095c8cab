#include <graft/backend/kernels.hpp>

#include "backend/guarded.hpp"

#include <graft/backend/eigen/eigen_cpu.hpp>
#include <graft/backend/meta.hpp>
#include <graft/backend/xsimd/xsimd_cpu.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using namespace graft::backend;

BOOST_AUTO_TEST_SUITE(backend_kernels)

// The list is that of the backends that there are.
template <class B>
constexpr bool has_listed =
    PointwiseKernels<B, Bfloat16> && ProductKernels<B, Bfloat16, float> && RowwiseKernels<B, Bfloat16> &&
    KeepsWeights<B, Trained> && KeepsWeights<B, F32> && KeepsWeights<B, Bf16> && KeepsWeights<B, Int8> &&
    KeepsWeights<B, Nf4> && KeepsWeights<B, Q4_1> && AttentionKernels<B, Bfloat16> && NormKernels<B, Bfloat16, float> &&
    RowKernels<B, Bfloat16> && NumberedKernels<B> && LossKernels<B> && RotationKernels<B, Bfloat16> &&
    WeightKernels<B> && UpdateKernels<B>;
static_assert(has_listed<reference> && has_listed<eigen_cpu> && has_listed<xsimd_cpu> && has_listed<guarded>);
static_assert(HostBackend<xsimd_cpu> && !HostBackend<guarded> && !HostBackend<meta<xsimd_cpu>>);

/// A device that has memory, and not yet a kernel.
struct bare : composed {
  static constexpr const char* name = "bare";
  static constexpr bool executes = true;
  template <class T>
  using pointer = T*;
  static std::byte* allocate(Index bytes) { return reference::allocate(bytes); }
  static void release(std::byte* data, Index bytes) noexcept { reference::release(data, bytes); }
  static void upload(void* to, const void* from, Index bytes) { reference::upload(to, from, bytes); }
  static void download(void* to, const void* from, Index bytes) { reference::download(to, from, bytes); }
  static void wait() {}
};

BOOST_AUTO_TEST_CASE(what_backends_have) {
  static_assert(has_all_kernels<guarded>() && keeps_weights<guarded, Nf4>());
  // A plan runs nothing, and so needs nothing.
  static_assert(has_all_kernels<meta<bare>>() && keeps_weights<meta<bare>, Nf4>());
  BOOST_TEST(Backend<bare>);
  BOOST_TEST(!HostBackend<bare>);
  BOOST_TEST(!(PointwiseKernels<bare, float>));
  BOOST_TEST(!(KeepsWeights<bare, F32>));
}

BOOST_AUTO_TEST_SUITE_END()
