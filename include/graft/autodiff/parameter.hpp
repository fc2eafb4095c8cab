/// \file
/// A parameter's role — trained or frozen — is part of its type, and decides what exists of it.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/core/error.hpp>
#include <graft/core/storage.hpp>

#include <array>
#include <span>
#include <vector>

namespace graft {

/// Role of a parameter that is trained: a float value and its gradient.
struct Trainable {};

/// Role of a parameter that never changes: packed once, no gradient, no optimizer state.
template <Storage S>
struct Constant {
  using storage = S;
};

/// \throws Error where values are not as many as a parameter has.
inline void require_size(Index given, Index rows, Index columns, const char* unit = "values") {
  if (given != rows * columns) fail("assign: ", given, " ", unit, " for a parameter of ", rows, " × ", columns);
}

/// w(Rows,Columns) on backend B.
template <class B, class Role, Index Rows, Index Columns>
class Parameter;

template <class B, Index Rows, Index Columns>
class Parameter<B, Trainable, Rows, Columns> {
 public:
  using backend = B;
  using storage = Trained;
  static constexpr bool trainable = true;
  static constexpr Gradient gradient_kind = Gradient::tracked;
  static constexpr Index rows = Rows, columns = Columns, size = Rows * Columns;

  constexpr Parameter() {
    launch<B>([this](auto on) { fill(gradient(), size, 0.0F, on); });
  }

  [[nodiscard]] constexpr Pointer<B> value() const { return value_.template as<float>(); }
  [[nodiscard]] constexpr Pointer<B> gradient() const { return gradient_.template as<float>(); }
  /// The value as products read it.
  [[nodiscard]] constexpr Pointer<B, std::byte> packed() const { return value_.template as<std::byte>(); }
  /// Bytes of the value alone, as `gradient_bytes` are of the gradient.
  static constexpr Index bytes() { return size * sizeof(float); }
  static constexpr Index gradient_bytes() { return size * sizeof(float); }

  /// An explicit copy from host floats, row-major.
  /// \throws Error unless w.size() == size
  void assign(std::span<const float> w) {
    require_size(w.size(), Rows, Columns);
    upload<B>(value(), w);
  }
  [[nodiscard]] std::vector<float> read() const { return download<B>(value(), size); }

 private:
  Buffer<B> value_{bytes()}, gradient_{bytes()};
};

template <class B, class S, Index Rows, Index Columns>
class Parameter<B, Constant<S>, Rows, Columns> {
 public:
  using backend = B;
  using storage = S;
  static constexpr bool trainable = false;
  static constexpr Gradient gradient_kind = Gradient::none;
  static constexpr Index rows = Rows, columns = Columns, size = Rows * Columns;

  /// The packed weight, in the layout that the backend's kernels read.
  [[nodiscard]] constexpr Pointer<B, std::byte> packed() const { return packed_.template as<std::byte>(); }
  static constexpr Index bytes() { return packed_bytes(Rows, Columns, S{}, B{}); }
  static constexpr Index gradient_bytes() { return 0; }

  /// Packs host floats, row-major.
  /// \throws Error unless w.size() == size
  void assign(std::span<const float> w) {
    require_size(w.size(), Rows, Columns);
    const Buffer<B> plain(size * sizeof(float));
    const auto from = plain.template as<float>();
    upload<B>(from, w);
    launch<B>([=, to = packed()](auto on) { pack(to, from, Rows, Columns, S{}, on); });
  }
  /// Takes rows that are encoded already. requires: S is a QuantizedStorage that B keeps row by row.
  /// \throws Error unless there are Rows of them
  void assign_rows(std::span<const std::byte> rows_of_bytes) {
    require_size(rows_of_bytes.size(), Rows, S::row_bytes(Columns), "bytes");
    upload<B>(packed(), rows_of_bytes);
  }
  [[nodiscard]] std::vector<float> read() const {
    const Buffer<B> plain(size * sizeof(float));
    const auto to = plain.template as<float>();
    launch<B>([=, from = packed()](auto on) { lookup_frozen(to, nullptr, from, Rows, Rows, Columns, S{}, on); });
    return download<B>(to, size);
  }

 private:
  Buffer<B> packed_{bytes()};
};

/// A vector that is frozen: a bias or a norm's gain, always plain floats.
template <class B, Index N>
class Parameter<B, Constant<Plain>, 1, N> {
 public:
  using backend = B;
  using storage = Plain;
  static constexpr bool trainable = false;
  static constexpr Gradient gradient_kind = Gradient::none;
  static constexpr Index rows = 1, columns = N, size = N;

  [[nodiscard]] constexpr Pointer<B> value() const { return value_.template as<float>(); }
  static constexpr Index bytes() { return size * sizeof(float); }
  static constexpr Index gradient_bytes() { return 0; }

  void assign(std::span<const float> w) {
    require_size(w.size(), 1, N);
    upload<B>(value(), w);
  }
  [[nodiscard]] std::vector<float> read() const { return download<B>(value(), size); }

 private:
  Buffer<B> value_{bytes()};
};

/// A matrix of one row, which files keep as a matrix nevertheless.
template <class P>
struct OneRow : P {
  static constexpr std::array extents{Index{1}, P::columns};
};
template <class B, class Role, Index Rows, Index Columns>
using Matrix = std::conditional_t<Rows == 1, OneRow<Parameter<B, Role, Rows, Columns>>, Parameter<B, Role, Rows, Columns>>;

/// A trained parameter that files keep with these extents, whatever they are.
template <class B, Index First, Index... More>
class TrainedTensor : public Parameter<B, Trainable, First, (More * ... * Index{1})> {
 public:
  static constexpr std::array extents{First, More...};
};

/// Where a parameter's gradient lies, or nowhere.
template <class P>
constexpr auto gradient_of(const P& p) {
  if constexpr (P::trainable) return p.gradient();
  else return Pointer<typename P::backend>{};
}

/// A parameter that never changes.
template <class P>
concept FrozenParameter = requires { requires !P::trainable; typename P::storage; };

}  // namespace graft
