/// \file
/// The kernels of kernels/norms.hpp, for values of elements E.
#pragma once

#include <graft/backend/check/checker.hpp>

namespace graft::backend {

template <class E, class B>
void check_norms(Checker<B>& c) {
  const Index rows = 37, in = 70, n = rows * in;
  for (const bool more : {false, true}) {
    c.template check<E>("rms_norm_input", {n, n, n}, {in, rows}, [=](auto v, auto f, auto on) {
      rms_norm_input(v[0], v[1], v[2], f[0], f[1], rows, in, more, on);
    });
    c.template check<E>("rms_norm_input of floats", {n}, {n, n, in, rows}, [=](auto v, auto f, auto on) {
      rms_norm_input(f[0], v[0], f[1], f[2], f[3], rows, in, more, on);
    });
    c.template check<E>("layer_norm_input", {n, n, n}, {in, rows, rows}, [=](auto v, auto f, auto on) {
      layer_norm_input(v[0], v[1], v[2], f[0], f[1], f[2], rows, in, more, on);
    });
  }
  c.template check<E>("rms_norm", {n, n}, {rows, in},
                      [=](auto v, auto f, auto on) { rms_norm(v[0], f[0], v[1], f[1], rows, in, 1e-5F, on); });
  c.template check<E>("rms_norm of floats", {n}, {rows, n, in},
                      [=](auto v, auto f, auto on) { rms_norm(v[0], f[0], f[1], f[2], rows, in, 1e-5F, on); });
  c.template check<E>("rms_norm_weight", {n, n}, {in, rows},
                      [=](auto v, auto f, auto on) { rms_norm_weight(f[0], v[0], v[1], f[1], rows, in, on); });
  c.template check<E>("layer_norm", {n, n}, {rows, rows, in, in}, [=](auto v, auto f, auto on) {
    layer_norm(v[0], f[0], f[1], v[1], f[2], f[3], rows, in, 1e-5F, on);
  });
  c.template check<E>("layer_norm_weight", {n, n}, {in, rows, rows},
                      [=](auto v, auto f, auto on) { layer_norm_weight(f[0], v[0], v[1], f[1], f[2], rows, in, on); });
}

}  // namespace graft::backend
