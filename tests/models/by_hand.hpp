// Models whose blocks add nothing, so that what they yield is found by hand.
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/backend/reference.hpp>
#include <graft/layers/attention_context.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

namespace by_hand {

using namespace graft;

/// What a config of such a model says: rows of two columns, of which norms leave those alone whose squares are 1 on
/// average.
template <class Defaults>
struct TwoColumns : Defaults {
  static constexpr Index vocabulary = 5, width = 2, blocks = 1, heads = 1, groups = 1, head_width = 2, feed_forward = 2;
  static constexpr float norm_epsilon = 1e-8F;
};
/// A small encoder, or whatever the defaults are of.
template <class Defaults>
struct SixteenColumns : Defaults {
  static constexpr Index vocabulary = 50, width = 16, blocks = 2, heads = 4, groups = 4, head_width = 4,
                         feed_forward = 24, positions = 16;
};
/// The rows of tokens.
inline const std::vector<float> rows{1, 1, 1, -1, -1, 1, -1, -1, 7, 1};

/// Blocks add nothing, tokens have those rows, and norms no gain of their own.
template <class Model>
void still(Model& model) {
  model.initialize({.key = {1, 0}});
  Model::visit(model, []<class P>(const Path& path, P& p) {
    if (path.block() >= 0) p.assign(std::vector<float>(P::size, 0.0F));
  });
  model.token_embedding.weight.assign(rows);
}

/// f(tape, batch on its backend), read.
template <class Model, class F>
std::vector<float> read(const Model&, const Batch& batch, const F& f) {
  using B = typename Model::backend;
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto y = f(tape, place(tape, batch));
  return download<B>(y.data, y.size());
}
template <class Model>
std::vector<float> hidden(const Model& model, const Batch& batch) {
  return read(model, batch, [&](auto& tape, const auto& placed) { return model.hidden(tape, placed); });
}
template <class Model>
float loss(const Model& model, const Batch& batch) {
  return read(model, batch, [&](auto& tape, const auto& placed) { return model.loss(tape, placed); })[0];
}

/// −log of the share of exp z[wanted]
inline double cross_entropy_of(const std::vector<double>& z, Index wanted) {
  double sum = 0;
  for (const double each : z) sum += std::exp(each);
  return std::log(sum) - z[wanted];
}

inline void close(const std::vector<float>& found, const std::vector<float>& wanted, float within = 1e-5F) {
  BOOST_REQUIRE(found.size() == wanted.size());
  for (Index i = 0; i < wanted.size(); ++i)
    BOOST_TEST(std::abs(found[i] - wanted[i]) < within, i << ": " << found[i] << ", not " << wanted[i]);
}

}  // namespace by_hand
