/// \file
/// The kernels of kernels/pointwise.hpp, for values of elements E.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

template <class E, class B>
void check_pointwise(Checker<B>& c) {
  const Index n = 37 * 70;
  for (const bool more : {false, true}) {
    c.template check<E>(
        "silu_input", {n, n, n}, {}, [=](auto v, auto, auto on) { silu_input(v[0], v[1], v[2], n, more, on); }, 4.0F);
    c.template check<E>(
        "gelu_input", {n, n, n}, {}, [=](auto v, auto, auto on) { gelu_input(v[0], v[1], v[2], n, more, on); }, 4.0F);
    c.template check<E>(
        "swiglu_inputs", {n, n, n, n, n}, {},
        [=](auto v, auto, auto on) { swiglu_inputs(v[0], more, v[1], !more, v[2], v[3], v[4], n, on); }, 4.0F);
    c.template check<E>("scale", {n, n}, {n}, [=](auto v, auto f, auto on) {
      scale(v[0], v[1], 0.3F, n, more, on);
      scale(v[0], f[0], 0.3F, n, more, on);
      scale(f[0], v[0], 0.3F, n, more, on);
    });
    c.template check<E>("scale_by", {n, n}, {1},
                        [=](auto v, auto f, auto on) { scale_by(v[0], v[1], f[0], n, more, on); });
    c.template check<E>("multiply", {n, n, n}, {},
                        [=](auto v, auto, auto on) { multiply(v[0], v[1], v[2], n, more, on); });
    c.template check<E>("dropout", {n, n}, {},
                        [=](auto v, auto, auto on) { dropout(v[0], v[1], n, 0.25F, RandomKey{3, 4}, more, on); });
    c.template check<E>(
        "gelu_tanh_input", {n, n, n}, {},
        [=](auto v, auto, auto on) { gelu_tanh_input(v[0], v[1], v[2], n, more, on); }, 4.0F);
    const auto of_value = [&](const char* name, auto f) {
      c.template check<E>(name, {n, n, n, n, n}, {}, [=](auto v, auto, auto on) {
        pointwise(v[0], v[1], n, f, on);
        pointwise_input(v[2], v[3], v[4], n, more, f, on);
      });
    };
    of_value("pointwise, Relu", Relu{});
    of_value("pointwise, Tanh", Tanh{});
    of_value("pointwise, Sigmoid", Sigmoid{});
  }
  c.template check<E>("fill and copy", {n, n, n}, {}, [=](auto v, auto, auto on) {
    fill(v[0], n, 2.5F, on);
    copy(v[1], v[2], n, on);
  });
  c.template check<E>("silu", {n, n}, {}, [=](auto v, auto, auto on) { silu(v[0], v[1], n, on); }, 4.0F);
  c.template check<E>("gelu", {n, n}, {}, [=](auto v, auto, auto on) { gelu(v[0], v[1], n, on); }, 4.0F);
  c.template check<E>("swiglu", {n, n, n}, {}, [=](auto v, auto, auto on) { swiglu(v[0], v[1], v[2], n, on); }, 4.0F);
  c.template check<E>("gelu_tanh", {n, n}, {}, [=](auto v, auto, auto on) { gelu_tanh(v[0], v[1], n, on); }, 4.0F);
}

}  // namespace graft::backend
