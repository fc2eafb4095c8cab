/// \file
/// loss(1) = Σ_i (log Σ_t exp z[t,c] − z[row_i, c]),   c = i mod 2,
///     t over the rows [spans[2s], spans[2s+1]) of text s = ⌊i/2⌋
/// of z(T,2): where in each text something begins, and where it ends.
///     dz[t,c] = dloss (softmax over the text (z[·,c])[t] − onehot(row_i))
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/host/span_loss.hpp>

namespace graft {

/// requires: `places` is twice the number of texts; rows lie within their texts
template <class T, Gradient G>
constexpr auto span_loss(T& tape, Var<typename T::backend, 2, G> z, Pointer<typename T::backend, Id> spans,
                         Pointer<typename T::backend, Id> rows, Index places) {
  const auto loss = tape.template value<1>(1);
  const auto l = tape.template scratch<float>(places);
  tape.run(4 * z.size(), [=](auto on) { span_loss(loss.data, l, z.data, spans, rows, places, on); });
  if constexpr (T::recording && G == Gradient::tracked) {
    const auto tracked = tape.track(loss);
    tape.record(tracked, [=](auto& back, auto dloss) {
      const auto dz = back.contribute_zeroed(z);
      back.run(3 * z.size(), [=](auto on) { span_loss_input(dz, dloss, z.data, l, spans, rows, places, on); });
    });
    return tracked;
  } else {
    return loss;
  }
}

}  // namespace graft
