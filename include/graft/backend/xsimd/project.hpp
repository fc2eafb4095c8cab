/// \file
/// Products in bfloat16 that share an input, with low-rank paths beside them, and what runs backwards through them.
/// Equations: backend/composed/project.hpp. All low-rank paths are one narrow product: the factors A lie one below the
/// other, their results u side by side, and a product's factor B has zeros where the others' results are.
#pragma once

#include <graft/backend/composed/project.hpp>
#include <graft/backend/host/elementwise.hpp>
#include <graft/backend/host/frozen.hpp>
#include <graft/backend/host/member_product.hpp>
#include <graft/backend/xsimd/few_rows.hpp>
#include <graft/backend/xsimd/product.hpp>

#include <array>

namespace graft::backend {

namespace bf16 {

/// Products that share an input at the most.
inline constexpr Index most_branches = 6;
static_assert(most_branches < most_factors);

/// What backends read of a branch in either direction.
struct Path {
  Index out = 0, rank = 0;
  const float *a = nullptr, *b = nullptr;
  float scale = 0;
  Members members{};
};

/// The low-rank paths of all branches as one; branch j has its columns [first[j], first[j+1]).
struct Narrow {
  std::array<Path, most_branches> paths{};
  std::array<Index, most_branches + 1> first{};
  Index count = 0, all = 0, stride = 0;
  const float* a = nullptr;  // all factors A, (all, in)
  Bfloat16* rows = nullptr;  // s u forwards, du backwards: (T, stride)

  template <class Branches>
  Narrow(const Branches* branches, Index branch_count, Index rows_count, Index in) : count(branch_count) {
    for (Index j = 0; j < count; ++j) {
      paths[j] = {branches[j].out, branches[j].rank,  branches[j].a,
                  branches[j].b,   branches[j].scale, branches[j].members};
      first[j + 1] = first[j] + paths[j].rank;
    }
    all = first[count];
    stride = depth(all);
    if (all == 0) return;
    float* const factors = scratch<struct AllFactors, float>(all * in);
    for (Index j = 0; j < count; ++j) std::copy_n(paths[j].a, paths[j].rank * in, factors + first[j] * in);
    a = factors;
    rows = scratch<struct NarrowRows, Bfloat16>(rows_count * stride);
  }

  [[nodiscard]] Operand operand() const { return {rows, stride}; }

  /// rows ← the block of sums z, times each path's scale; calls each(path number, row, its part of z, columns) too.
  template <class Each>
  void store(const Piece& piece, float* z, Index first_row, Index block, const Each& each) const {
    for (Index r = first_row; r < first_row + block; ++r, z += z_stride()) {
      Bfloat16* const to = rows + r * stride;
      if (piece.begin + piece.columns == all) std::fill(to + all, to + stride, Bfloat16());
      for (Index j = 0; j < count; ++j) {
        const Index begin = std::max(piece.begin, first[j]), end = std::min(piece.begin + piece.columns, first[j + 1]);
        if (begin >= end) continue;
        if (paths[j].members.count > 1 || paths[j].members.owners != nullptr) {
          const auto [own, behind] = paths[j].members.columns(r, paths[j].rank);
          for (Index c = begin; c < end; ++c)
            if (c < first[j] + own || c >= first[j] + behind) z[c - piece.begin] = 0;
        }
        const simd::Lanes scale(paths[j].scale);
        simd::each(begin, end, [&](Index c, auto... left) {
          simd::store(to + c, scale * simd::load(z + c - piece.begin, left...), left...);
        });
        each(j, r, z + begin - piece.begin, begin - first[j], end - begin);
      }
    }
  }

  /// The panel that multiplies `rows` for outputs [begin, begin+n) of branch j: K is all ranks, its own from first[j]
  /// on.
  void forward_panel(Word* to, Index j, Index begin, Index n) const {
    std::fill_n(to, panel_words(all), 0U);
    auto* const elements = reinterpret_cast<Bfloat16*>(to);
    for (Index r = 0; r < paths[j].rank; ++r) {
      const Index k = first[j] + r;
      for (Index i = 0; i < n; ++i)
        elements[k / 2 * 2 * panel + 2 * i + k % 2] =
            Bfloat16(paths[j].b[paths[j].members.at(begin + i, r, paths[j].out, paths[j].rank)]);
    }
  }
};

/// Branch and unit within it of the u-th unit over all branches.
inline std::pair<Index, Index> located(const Narrow& narrow, Index u) {
  Index j = 0;
  for (; u >= units(narrow.paths[j].out); ++j) u -= units(narrow.paths[j].out);
  return {j, u};
}

/// Rows of all branches' results, for one product of a narrow thing with each of them.
inline Index all_units(const Narrow& narrow) {
  Index all = 0;
  for (Index j = 0; j < narrow.count; ++j) all += units(narrow.paths[j].out);
  return all;
}

/// Rows of xᵀ, 32 at a time on all threads: to(m, depth(k)).
template <class Use, class E>
Operand transposed(const E* x, Index x_stride, Index k, Index m) {
  auto* const to = scratch<Use, Bfloat16>(rounded(m, panel) * depth(k));
  parallel_for(panels(m), m * k > parallel_threshold, [=](Index p) {
    rows_of_columns(to + p * panel * depth(k), depth(k), x + p * panel, x_stride, k, std::min(panel, m - p * panel));
  });
  return {to, depth(k)};
}

/// Adds left · x to a piece, for the piece's columns of x(k,n), made at `to`.
template <class E>
void add_rows(Piece& piece, Word* to, Operand left, const E* x, Index stride, Index k) {
  piece.add(left, k, [&](Index from, Index length) {
    const Index next = panel_words(length);
    for (Index p = 0; p < piece.width(); ++p)
      panel_of_rows(to + p * next, x + from * stride + piece.begin + p * panel, stride, length,
                    std::min(panel, piece.columns - p * panel));
    return PanelRun{to, next};
  });
}
template <class E>
void add_rows(Piece& piece, Operand left, const E* x, Index stride, Index k) {
  add_rows(piece, scratch<struct MadeRows, Word>(piece.width() * panel_words(piece.to - piece.from)), left, x, stride,
           k);
}

/// dw(out,in) += scale · dyᵀ x for rows of dy
template <class E>
void weight_gradient(float* dw, Operand dy, const E* x, Index rows, Index in, Index out, float scale) {
  const Operand left = transposed<struct Left>(dy.rows, dy.stride, rows, out);
  product(
      units(in), out, rows, true,
      [=](Index u, Piece& piece) {
        place(piece, u, in);
        add_rows(piece, left, x, in, rows);
      },
      [=](const Piece& piece, const float* z, Index first, Index block) {
        store_rows<float>(dw + first * in + piece.begin, nullptr, in, z, block, piece.columns, scale, true);
      });
}

/// How products with weights kept as S are computed: in bfloat16, through panels. (Int8 has a way of its own where the
/// CPU multiplies bytes: int8.hpp.)
template <class S>
struct Multiply {
  using Left = Operand;
  static constexpr bool ready = Panels<S>::ready;
  static constexpr Index deep(Index k) { return depth(k); }

  template <class X>
  static Left input(const X*, Operand rounded_x, Index, Index) {
    return rounded_x;
  }
  static constexpr Index upper_bytes(Index, Index) { return 0; }
  template <class Y>
  static Left upper(std::byte*, const Y*, Operand rounded_dy, Index, const std::byte*, Index, Index) {
    return rounded_dy;
  }

  /// The part of x wᵀ that a piece is about.
  static void add_forward(Piece& piece, Left left, const std::byte* w, Index out, Index in) {
    piece.add(left, in, [&](Index from, Index length) {
      Word* const made = scratch<struct Made, Word>(ready ? 0 : piece.width() * panel_words(length));
      return Panels<S>::forward(made, w, out, in, {piece.begin / panel, piece.width(), from, length});
    });
  }
  /// The part of dy w, panels made at `made`; yields where the next may be made.
  static Word* add_backward(Piece& piece, Word* made, Left left, const std::byte* w, Index out, Index in) {
    piece.add(left, out, [&](Index from, Index length) {
      const PanelRun run = Panels<S>::backward(made, w, out, in, {piece.begin / panel, piece.width(), from, length});
      made += piece.width() * panel_words(length);
      return run;
    });
    return made;
  }
};

/// u = x Aᵀ,  y += s u Bᵀ  for few rows.
template <class Y, class X>
void add_few_rows(const Branch<Y, X>& branch, const X* x, Index rows, Index in) {
  for (Index t = 0; t < rows; ++t) {
    float* const u = scratch<struct FewNarrow, float>(branch.rank);
    const auto [own, behind] = branch.members.columns(t, branch.rank);
    std::fill_n(branch.u + t * branch.rank, branch.rank, X());
    for (Index r = own; r < behind; ++r) {
      simd::Lanes sum(0.0F);
      simd::each(0, in, [&](Index i, auto... left) {
        sum = xsimd::fma(simd::load(x + t * in + i, left...), simd::load(branch.a + r * in + i, left...), sum);
      });
      u[r] = simd::sum(sum);
      branch.u[t * branch.rank + r] = X(u[r]);
    }
    for (Index o = 0; o < branch.out; ++o) {
      float sum = 0;
      for (Index r = own; r < behind; ++r) sum += u[r] * branch.b[branch.members.at(o, r, branch.out, branch.rank)];
      put(branch.y[t * branch.out + o], branch.scale * sum, true);
    }
  }
}

}  // namespace bf16

/// Whether the products of x's elements with a weight are products of bfloat16: with those of floats kept exactly they
/// are not.
template <class X, class S>
concept Bf16Product =
    bf16::PanelStorage<S> && (std::is_same_v<X, Bfloat16> || !(std::is_same_v<S, F32> || std::is_same_v<S, Trained>));

template <class Y, class X, class S>
  requires Bf16Product<X, S>
void project(const Branch<Y, X>* branches, Index count, const X* x, const Y* residual, Index rows, Index in, S,
             xsimd_cpu) {
  using namespace bf16;
  if constexpr (FewRowsStorage<S>)
    if (rows <= most_few_rows) {
      few_rows<S>(branches, count, residual, x, rows, in);
      for (const auto* p = branches; p != branches + count; ++p)
        if (p->rank != 0) add_few_rows(*p, x, rows, in);
      return;
    }
  const Operand input = operand<struct Input>(x, rows, in);
  const Narrow narrow(branches, count, rows, in);
  if (narrow.all != 0) {
    Word* const a = scratch<struct NarrowPanels, Word>(panels(narrow.all) * panel_words(in));
    for (Index p = 0; p < panels(narrow.all); ++p)
      panel_of_columns(a + p * panel_words(in), narrow.a + p * panel * in, in, in,
                       std::min(panel, narrow.all - p * panel));
    product(
        units(narrow.all), rows, in, false,
        [&](Index u, Piece& piece) {
          place(piece, u, narrow.all);
          piece.add_panels(input, in, a + piece.begin / panel * panel_words(in));
        },
        [&](const Piece& piece, float* z, Index first, Index block) {
          narrow.store(piece, z, first, block, [&](Index j, Index r, const float* from, Index column, Index columns) {
            X* const u = branches[j].u + r * branches[j].rank + column;
            simd::each(0, columns,
                       [=](Index c, auto... left) { simd::store(u + c, simd::load(from + c, left...), left...); });
          });
        });
  }
  const auto left = Multiply<S>::input(x, input, rows, in);
  product(
      all_units(narrow), rows, Multiply<S>::deep(in) + narrow.stride, !Multiply<S>::ready,
      [&](Index u, Piece& piece) {
        const auto [j, unit] = located(narrow, u);
        piece.target = j;
        place(piece, unit, branches[j].out, branches[j].y, residual);
        const Index width = piece.width();
        Multiply<S>::add_forward(piece, left, branches[j].w, branches[j].out, in);
        if (branches[j].rank == 0 || piece.to <= Multiply<S>::deep(in)) return;
        Word* const b = scratch<struct NarrowForward, Word>(width * panel_words(narrow.all));
        for (Index p = 0; p < width; ++p)
          narrow.forward_panel(b + p * panel_words(narrow.all), j, piece.begin + p * panel,
                               std::min(panel, piece.columns - p * panel));
        piece.add_panels(narrow.operand(), narrow.all, b);
      },
      [&](const Piece& piece, const float* z, Index first, Index block) {
        const auto& branch = branches[piece.target];
        const Index at = first * branch.out + piece.begin;
        store_rows(branch.y + at, residual == nullptr ? nullptr : residual + at, branch.out, z, block, piece.columns,
                   1.0F, false);
      });
}

template <class Y, class X, class S>
  requires Bf16Product<X, S>
void project_backward(const BranchGradient<Y, X>* given, Index given_count, X* dx, bool accumulate, const X* x,
                      Index rows, Index in, S, xsimd_cpu) {
  using namespace bf16;
  std::array<BranchGradient<Y, X>, most_branches> branches{};
  std::array<Operand, most_branches> upper{};
  Index count = 0, out = 0;
  for (Index j = 0; j < given_count; ++j) {
    if (given[j].dy == nullptr) continue;
    branches[count++] = given[j];
    out += depth(given[j].out);
  }
  Bfloat16* room = scratch<struct Upper, Bfloat16>(rows * out);
  for (Index j = 0; j < count; ++j) {
    if constexpr (std::is_same_v<Y, Bfloat16>)
      if (in_place(branches[j].dy, branches[j].out)) upper[j] = {branches[j].dy, branches[j].out};
    if (upper[j].rows == nullptr) upper[j] = padded_rows(room, branches[j].dy, rows, branches[j].out);
    room += rows * depth(branches[j].out);
  }
  const Narrow narrow(branches.data(), count, rows, in);
  if (narrow.all != 0) {
    // Factors B of several members lie one behind the other; here their columns stand side by side.
    std::array<const float*, most_branches> factors{};
    Index several = 0;
    for (Index j = 0; j < count; ++j) several += branches[j].members.count > 1 ? branches[j].out * branches[j].rank : 0;
    float* side_by_side = scratch<struct SideBySide, float>(several);
    for (Index j = 0; j < count; ++j) {
      factors[j] = branches[j].b;
      if (branches[j].members.count == 1) continue;
      members_side_by_side(side_by_side, branches[j].b, branches[j].members.count, branches[j].out, branches[j].rank,
                           reference{});
      factors[j] = std::exchange(side_by_side, side_by_side + branches[j].out * branches[j].rank);
    }
    // Panels of the factors B, unit by unit and within it branch by branch: columns of other branches are zero.
    Word* const b = scratch<struct NarrowPanels, Word>(panels(narrow.all) * panel_words(out));
    Word* to = b;
    for (Index unit = 0; unit < panels(narrow.all); unit += block_panels())
      for (Index j = 0; j < count; ++j)
        for (Index p = unit; p < std::min(unit + block_panels(), panels(narrow.all));
             ++p, to += panel_words(branches[j].out)) {
          const Index begin = std::clamp(narrow.first[j], p * panel, (p + 1) * panel),
                      end = std::clamp(narrow.first[j + 1], p * panel, (p + 1) * panel);
          panel_of_rows(to, factors[j] + (begin < end ? begin - narrow.first[j] : 0), branches[j].rank, branches[j].out,
                        end - begin, begin - p * panel);
        }
    product(
        units(narrow.all), rows, out, false,
        [&](Index u, Piece& piece) {
          place(piece, u, narrow.all);
          const Word* at = b + piece.begin / panel * panel_words(out);
          for (Index j = 0; j < count; ++j) {
            piece.add_panels(upper[j], branches[j].out, at);
            at += panels(piece.columns) * panel_words(branches[j].out);
          }
        },
        [&](const Piece& piece, float* z, Index first, Index block) {
          narrow.store(piece, z, first, block, [](Index, Index, const float*, Index, Index) {});
        });
  }
  if (dx != nullptr) {
    std::array<typename Multiply<S>::Left, most_branches> left{};
    Index deep = 0, bytes = 0;
    for (Index j = 0; j < count; ++j) {
      deep += Multiply<S>::deep(branches[j].out);
      bytes += Multiply<S>::upper_bytes(rows, branches[j].out);
    }
    auto* left_room = scratch<struct LeftRoom, std::byte>(bytes);
    for (Index j = 0; j < count; ++j) {
      left[j] = Multiply<S>::upper(left_room, branches[j].dy, upper[j], rows, branches[j].w, branches[j].out, in);
      left_room += Multiply<S>::upper_bytes(rows, branches[j].out);
    }
    product(
        units(in), rows, deep + narrow.stride, true,
        [&](Index u, Piece& piece) {
          place(piece, u, in, dx);
          Word* made = scratch<struct Made, Word>(piece.width() * panel_words(piece.to - piece.from));
          for (Index j = 0; j < count; ++j)
            made = Multiply<S>::add_backward(piece, made, left[j], branches[j].w, branches[j].out, in);
          if (narrow.all != 0) add_rows(piece, made, narrow.operand(), narrow.a, in, narrow.all);
        },
        [&](const Piece& piece, const float* z, Index first, Index block) {
          store_rows<X>(dx + first * in + piece.begin, nullptr, in, z, block, piece.columns, 1.0F, accumulate);
        });
  }
  if (narrow.all != 0) {
    const Operand du = transposed<struct Left>(narrow.rows, narrow.stride, rows, narrow.all);
    product(
        units(in), narrow.all, rows, true,
        [&](Index u, Piece& piece) {
          place(piece, u, in);
          add_rows(piece, du, x, in, rows);
        },
        [&](const Piece& piece, const float* z, Index first, Index block) {
          for (Index r = first; r < first + block; ++r, z += z_stride()) {
            Index j = 0;
            while (r >= narrow.first[j + 1]) ++j;
            if (branches[j].da != nullptr)
              store_rows<float>(branches[j].da + (r - narrow.first[j]) * in + piece.begin, nullptr, in, z, 1,
                                piece.columns, 1.0F, true);
          }
        });
    std::array<Operand, most_branches> us{};
    Index longest = 0;
    Bfloat16* u_room = scratch<struct NarrowLeft, Bfloat16>((narrow.all + count * panel) * depth(rows));
    for (Index j = 0; j < count; ++j) {
      const Index rank = branches[j].rank;
      for (Index p = 0; p < panels(rank); ++p)
        rows_of_columns(u_room + p * panel * depth(rows), depth(rows), branches[j].u + p * panel, rank, rows,
                        std::min(panel, rank - p * panel));
      us[j] = {u_room, depth(rows)};
      u_room += rounded(rank, panel) * depth(rows);
      longest = std::max(longest, rank);
    }
    product(
        all_units(narrow), longest, rows, true,
        [&](Index u, Piece& piece) {
          const auto [j, unit] = located(narrow, u);
          piece.target = j;
          place(piece, unit, branches[j].out);
          piece.rows = branches[j].db == nullptr ? 0 : branches[j].rank;
          if (piece.rows != 0) add_rows(piece, us[j], upper[j].rows, upper[j].stride, rows);
        },
        [&](const Piece& piece, const float* z, Index first, Index block) {
          const auto& branch = branches[piece.target];
          const Index stride = z_stride();
          for (Index c = 0; c < piece.columns; ++c)
            for (Index r = 0; r < block; ++r)
              branch.db[branch.members.at(piece.begin + c, first + r, branch.out, branch.rank)] +=
                  branch.scale * z[r * stride + c];
        });
  }
  for (Index j = 0; j < count; ++j)
    if (branches[j].dw != nullptr) weight_gradient(branches[j].dw, upper[j], x, rows, in, branches[j].out, 1.0F);
}

}  // namespace graft::backend
