/// \file
/// The kernels of kernels/updates.hpp.
#pragma once

#include <graft/backend/check/checker.hpp>
#include <graft/backend/host/optimizer.hpp>

#include <limits>

namespace graft::backend {

template <class B>
void check_updates(Checker<B>& c) {
  const Index n = 37 * 70, bytes = adamw8bit_state_bytes(n) / sizeof(float);
  const AdamWStep step{0.1F, 0.9F, 0.99F, 1e-6F, 0.01F, 0.3F, 0.2F};
  c.check("add_squares", {}, {1, n}, [=](auto, auto f, auto on) { add_squares(f[0], f[1], n, on); });
  c.check("all_finite", {}, {1, n}, [=](auto, auto f, auto on) { all_finite(f[0], f[1], n, on); });
  c.check("clip_scales", {}, {3, 3, 3, 1, 3, 3}, [=](auto, auto f, auto on) {
    for (Index i = 1; i < 3; ++i) multiply(f[i], f[i], f[i], 3, false, on);
    clip_scales(f[0], f[1], f[2], f[3], 3, 0.1F, on);
    clip_scales(f[4], f[1], f[2], f[3], 3, 0.0F, on);
  });
  // The scale is one number; where it is not finite, nothing moves.
  for (const bool taken : {true, false}) {
    const auto scale_at = [=](float* at, auto on) {
      if (!taken) fill(at, 1, std::numeric_limits<float>::infinity(), on);
    };
    c.check("adamw", {}, {n, n, n, n, 1}, [=](auto, auto f, auto on) {
      multiply(f[2], f[2], f[2], n, false, on);
      scale_at(f[4], on);
      adamw(f[0], f[1], f[2], f[3], n, step, f[4], on);
      fill(f[4], 1, 0.0F, on);
    });
    c.check("adamw8bit", {}, {n, bytes, n, 1}, [=](auto, auto f, auto on) {
      fill(f[1], bytes, 0.0F, on);
      scale_at(f[3], on);
      for (const std::uint32_t seed : {1U, 2U}) adamw8bit(f[0], f[1], f[2], n, step, f[3], seed, on);
      fill(f[1], bytes, 0.0F, on);  // bytes, not floats to compare
      fill(f[3], 1, 0.0F, on);
    });
  }
  c.check("precondition_rows", {}, {9 * 4, 4 * 50},
          [=](auto, auto f, auto on) { precondition_rows(f[0], f[1], 9, 4, 50, 2.0, 1e-3, on); });
}

}  // namespace graft::backend
