/// \file
/// The kernels of kernels/products.hpp and what is composed of them.
#pragma once

#include <graft/backend/check/checker.hpp>
#include <graft/backend/composed/project.hpp>
#include <graft/backend/composed/vocabulary.hpp>

namespace graft::backend {

/// With weights of floats, for values of elements E.
template <class E, class B>
void check_products(Checker<B>& c) {
  const Index rows = 37, in = 70, out = 133, n = rows * in;
  for (const bool more : {false, true}) {
    c.template check<E>("matmul", {rows * out, n}, {out * in},
                        [=](auto v, auto f, auto on) { matmul(v[0], v[1], f[0], rows, in, out, 0.5F, more, on); });
    c.template check<E>("matmul, few rows", {3 * out, 3 * in}, {out * in},
                        [=](auto v, auto f, auto on) { matmul(v[0], v[1], f[0], 3, in, out, 0.5F, more, on); });
    c.template check<E>("matmul_input", {n, rows * out}, {out * in}, [=](auto v, auto f, auto on) {
      matmul_input(v[0], v[1], f[0], rows, in, out, 2.0F, more, on);
    });
  }
  c.template check<E>("matmul_weight", {rows * out, n}, {out * in},
                      [=](auto v, auto f, auto on) { matmul_weight(f[0], v[0], v[1], rows, in, out, 2.0F, on); });
  c.template check<E>("matmul_weight, narrow", {rows * 3, n}, {3 * in},
                      [=](auto v, auto f, auto on) { matmul_weight(f[0], v[0], v[1], rows, in, 3, 2.0F, on); });
  c.template check<E>("add_bias", {n}, {in}, [=](auto v, auto f, auto on) { add_bias(v[0], f[0], rows, in, on); });
  c.template check<E>("add_bias_weight", {n}, {in},
                      [=](auto v, auto f, auto on) { add_bias_weight(f[0], v[0], rows, in, on); });
  const std::vector<Id> owners{0, 2, 1, 1, 2, 0, 3};  // the last is nobody's
  c.template with_ids<E>("member_product", {6 * 9, 6 * in, 6 * in, 6 * 9}, {3 * 9 * in, 3 * 9, 3 * 9 * in, 3 * 9},
                         owners, [=](auto v, auto f, const Id* ids, auto on) {
                           member_product(v[0], v[1], f[0], f[1], ids, 6, in, 9, on);
                           member_product_input(v[2], v[3], f[0], ids, 6, in, 9, true, on);
                           member_product_weight(f[2], f[3], v[3], v[1], ids, 6, in, 9, on);
                         });
  c.template with_ids<E>("keep_members", {7 * 12}, {out * 12, out * 12}, owners,
                         [=](auto v, auto f, const Id* ids, auto on) {
                           keep_members(v[0], ids, 7, 12, 4, on);
                           members_side_by_side(f[0], f[1], 3, out, 12, on);
                           add_members_apart(f[1], f[0], 3, out, 12, on);
                         });
}

/// The products with weights kept as S of values of elements X, results in elements Y.
template <class S, class X, class Y, class B>
void check_frozen_products(Checker<B>& c, const std::string& name) {
  const auto step = [&](const std::string& what, Index rows, Index in, Index wide, Index rank, Index other_rank,
                        bool more, Index members = 1) {
    const Index small = 24;
    c.template compare<X>(what + name, {rows * in, rows * in, rows * rank, rows * std::max<Index>(other_rank, 1)},
                          {wide * in, small * in, rank * in, wide * rank, other_rank * in, small * other_rank,
                           rank * in, wide * rank, rows * in, 64 * in},
                          [=, &c](auto tag, auto v, auto f) {
                            using On = decltype(tag);
                            const auto weight = [&](Index outs, const float* from) {
                              auto* const packed = c.template bytes<On>(packed_bytes(outs, in, S{}, tag));
                              launch(tag, [=](auto on) { pack(packed, from, outs, in, S{}, on); });
                              return packed;
                            };
                            const auto *const w = weight(wide, f[0]), *const w2 = weight(small, f[1]);
                            auto* const y = reinterpret_cast<Y*>(c.template bytes<On>(rows * wide * sizeof(Y)));
                            auto* const y2 = reinterpret_cast<Y*>(c.template bytes<On>(rows * small * sizeof(Y)));
                            std::vector<Id> owner_of(rows);
                            for (Index t = 0; t < rows; ++t) owner_of[t] = static_cast<Id>(t * members / rows);
                            const Id* const twice = c.template ids<On>({static_cast<Id>(wide - 1), 2});
                            const Members together{members, members > 1 ? c.template ids<On>(owner_of) : nullptr};
                            launch(tag, [=](auto on) {
                              lookup_frozen(f[9], twice, w, 2, wide, in, S{}, on);
                              const Branch<Y, X> branches[] = {{w, wide, rank, f[2], f[3], 0.5F, v[2], y, together},
                                                               {w2, small, other_rank, f[4], f[5], -2.0F, v[3], y2}};
                              best_project(branches, 2, v[0], static_cast<const Y*>(nullptr), rows, in, S{}, on);
                              scale(f[8], y, 1.0F, std::min(rows * wide, rows * in), true, on);
                              scale(f[8], y2, 1.0F, std::min(rows * small, rows * in), true, on);
                              BranchGradient<Y, X> back[] = {
                                  {w, wide, rank, f[2], f[3], 0.5F, v[2], y, f[6], f[7], nullptr, together},
                                  {w2, small, other_rank, f[4], f[5], -2.0F, v[3], y2, nullptr, nullptr, nullptr}};
                              best_project_backward(back, 2, v[1], more, v[0], rows, in, S{}, on);
                              best_project(branches, 1, v[0], static_cast<const Y*>(y), rows, in, S{}, on);
                              scale(f[8], y, 1.0F, std::min(rows * wide, rows * in), true, on);
                            });
                          });
  };
  for (const bool more : {false, true})
    c.template compare<X>("matmul_frozen, " + name, {37 * 70, 37 * 70}, {133 * 70, 37 * 133},
                          [=, &c](auto tag, auto v, auto f) {
                            auto* const w = c.template bytes<decltype(tag)>(packed_bytes(133, 70, S{}, tag));
                            auto* const y = reinterpret_cast<Y*>(c.template bytes<decltype(tag)>(37 * 133 * sizeof(Y)));
                            launch(tag, [=](auto on) {
                              pack(w, f[0], 133, 70, S{}, on);
                              scale(y, f[1], 1.0F, 37 * 133, false, on);
                              matmul_frozen(y, v[0], w, 37, 70, 133, more, S{}, on);
                              scale(f[1], y, 1.0F, 37 * 133, false, on);
                              matmul_frozen_input(v[1], y, w, 37, 70, 133, more, S{}, on);
                            });
                          });
  step("project, ", 37, 70, 133, 5, 0, false);
  step("project of steps, ", 70, 96, 192, 24, 16, true);
  step("project of one row, ", 1, 64, 40, 3, 2, false);
  step("project of a bank, ", 50, 64, 70, 40, 16, true, 4);
  c.template compare<X>(
      "vocabulary_loss, " + name, {5 * 64, 5 * 64}, {1, 5, 400 * 64},
      [&c](auto tag, auto v, auto f) {
        using On = decltype(tag);
        auto* const w = c.template bytes<On>(packed_bytes(400, 64, S{}, tag));
        auto* const work = reinterpret_cast<float*>(
            c.template bytes<On>(sizeof(float) * best_vocabulary_workspace<X>(5, 400, 64, S{}, tag)));
        const Id* const targets = c.template ids<On>({7, 0, 399, 200, 7});
        launch(tag, [=](auto on) {
          pack(w, f[2], 400, 64, S{}, on);
          best_vocabulary_loss(f[0], f[1], v[0], v[1], w, targets, 5, 64, 400, work, S{}, on);
        });
      },
      2.0F);
}

template <class B>
void check_trained_products(Checker<B>& c) {
  const Index rows = 37, in = 70, out = 133, n = rows * in;
  // A trained weight has a gradient besides.
  c.template compare<Bfloat16>(
      "project of a trained weight", {n, rows * out, n}, {out * in, out * in, 0, 0}, [=](auto tag, auto v, auto f) {
        launch(tag, [=](auto on) {
          const auto* const w = reinterpret_cast<const std::byte*>(f[0]);
          const Branch<Bfloat16, Bfloat16> branch{w, out, 0, nullptr, nullptr, 0.0F, nullptr, v[1]};
          const BranchGradient<Bfloat16, Bfloat16> back{w,       out,  0,       nullptr, nullptr, 0.0F,
                                                        nullptr, v[1], nullptr, nullptr, f[1]};
          best_project(&branch, 1, v[0], static_cast<const Bfloat16*>(nullptr), rows, in, Trained{}, on);
          best_project_backward(&back, 1, v[2], true, v[0], rows, in, Trained{}, on);
        });
      });
}

}  // namespace graft::backend
