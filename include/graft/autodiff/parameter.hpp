/// \file
/// A parameter's role — trained or frozen — is part of its type, and decides what exists of it.
#pragma once

#include <graft/autodiff/gradient_range.hpp>
#include <graft/backend/kernels.hpp>
#include <graft/core/error.hpp>
#include <graft/core/storage.hpp>

#include <array>
#include <span>
#include <vector>

namespace graft {

/// Role of a parameter that is trained: a float value and its gradient.
struct Trainable {};

/// Role of a parameter that never changes: packed once, shared by copies, no gradient, no optimizer state.
template <Storage S>
struct Constant {
  using storage = S;
};

/// \throws Error where values are not as many as a parameter has.
inline void require_size(Index given, Index rows, Index columns, const char* unit = "values") {
  if (given != rows * columns) fail("assign: ", given, " ", unit, " for a parameter of ", rows, " × ", columns);
}

/// The extents that files keep a parameter with, unless its type says otherwise: those of a vector where it has one
/// row.
template <Index Rows, Index Columns>
inline constexpr auto extents_of = [] {
  if constexpr (Rows == 1) return std::array{Columns};
  else return std::array{Rows, Columns};
}();

/// w(Rows,Columns) on backend B. What becomes of one it says itself: `trainable`; `saved`, whether an adapter's files
/// hold it; `shared`, whether it is the same in all layers of a method; `derived`, whether it follows from the type;
/// `members`, how many adapters' it is, one behind the other (peft/low_rank/bank.hpp).
template <class B, class Role, Index Rows, Index Columns>
class Parameter;

template <class B, Index Rows, Index Columns>
class Parameter<B, Trainable, Rows, Columns> {
 public:
  using backend = B;
  using storage = Trained;
  static constexpr bool trainable = true, saved = true, shared = false, derived = false;
  static constexpr Index members = 1;
  static constexpr Gradient gradient_kind = Gradient::tracked;
  static constexpr Index rows = Rows, columns = Columns, size = Rows * Columns;
  static constexpr auto extents = extents_of<Rows, Columns>;

  [[nodiscard]] constexpr Pointer<B> value() const { return value_.template as<float>(); }
  [[nodiscard]] constexpr Pointer<B> gradient() const { return gradient_.data(); }
  /// Where the gradient lies: alone, until what trains lays the gradients of all that it trains end to end. What was
  /// gathered stays behind.
  [[nodiscard]] constexpr const GradientRange<B>& gradient_range() const { return gradient_; }
  [[nodiscard]] constexpr GradientRange<B>& gradient_range() { return gradient_; }
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
  Buffer<B> value_{bytes()};
  GradientRange<B> gradient_{size};
};

/// \throws Error that a frozen weight of these sizes has no values yet.
[[noreturn, gnu::cold]] inline void fail_without_values(Index rows, Index columns) {
  fail("a frozen weight of ", rows, " x ", columns,
       " has no values: `load` or `initialize` the model, or make it over a base");
}

/// The bytes of a frozen parameter: a value that copies share, so that any number of models stand on one base. Who
/// assigns to one of several copies gets memory of its own; the others keep what they have.
template <class B, class S, Index Rows, Index Columns>
class FrozenBytes {
 public:
  using backend = B;
  using storage = S;
  static constexpr bool trainable = false, saved = false, shared = false, derived = false;
  static constexpr Index members = 1;
  static constexpr Gradient gradient_kind = Gradient::none;
  static constexpr Index rows = Rows, columns = Columns, size = Rows * Columns;
  static constexpr auto extents = extents_of<Rows, Columns>;
  static constexpr Index gradient_bytes() { return 0; }

  /// Whether copies, a file or a host have the value too.
  [[nodiscard]] bool is_shared() const { return memory_.is_shared(); }
  /// Takes memory for a value that comes later: who fills many parameters, one after the other, leaves no holes between
  /// them where what it read has been.
  void reserve() { static_cast<void>(memory_.renewed(Parameter<B, Constant<S>, Rows, Columns>::bytes())); }
  /// Lets the parameter stand in memory of a host or of a mapped file, which is read and never copied or written:
  /// w(Rows,Columns) row by row as S encodes it. `owner` keeps the memory; without one it must outlive all copies.
  /// \throws Error if B keeps S in a layout of its own, or if the number of bytes is not `bytes()` or the address not
  /// a multiple of `row_alignment`. On `Cpu` the blocks of a quantised storage need 64 readable bytes behind them.
  void borrow(std::span<const std::byte> memory, std::shared_ptr<const void> owner = {}) {
    constexpr Index alignment = row_alignment(S{}, B{}), wanted = Parameter<B, Constant<S>, Rows, Columns>::bytes();
    if constexpr (alignment == 0) {
      fail("the backend ", B::name, " keeps weights of the storage ", S::name,
           " in a layout of its own: they can be copied there (assign), and not borrowed");
    } else {
      if (memory.size() != wanted || reinterpret_cast<std::uintptr_t>(memory.data()) % alignment != 0)
        fail("a weight of ", Rows, " x ", Columns, " in ", S::name, " borrows ", wanted, " bytes at a multiple of ",
             alignment, " on the backend ", B::name, "; it was lent ", memory.size(), " bytes, ",
             reinterpret_cast<std::uintptr_t>(memory.data()) % alignment, " past such a multiple");
      memory_ = {memory, std::move(owner)};
    }
  }
  /// The same of floats.
  void borrow(std::span<const float> values, std::shared_ptr<const void> owner = {}) {
    static_assert(std::is_same_v<S, F32> || std::is_same_v<S, Plain>,
                  "graft: floats can be borrowed where weights are kept as F32; other storages borrow their encoded "
                  "rows, as bytes");
    borrow(std::as_bytes(values), std::move(owner));
  }

 protected:
  /// The bytes as elements of T.
  /// \throws Error where there are none yet
  template <class T>
  [[nodiscard]] constexpr Pointer<B, T> as() const {
    if constexpr (B::executes)
      if (!memory_) fail_without_values(Rows, Columns);
    return memory_.template as<T>();
  }
  [[no_unique_address]] SharedBuffer<B> memory_;  ///< the bytes, shared by copies
};

template <class B, class S, Index Rows, Index Columns>
class Parameter<B, Constant<S>, Rows, Columns> : public FrozenBytes<B, S, Rows, Columns> {
  static_assert(keeps_weights<B, S>());
  using Bytes = FrozenBytes<B, S, Rows, Columns>;

 public:
  using Bytes::size;

  /// The packed weight, in the layout that the backend's kernels read.
  [[nodiscard]] constexpr Pointer<B, std::byte> packed() const { return Bytes::template as<std::byte>(); }
  static constexpr Index bytes() { return packed_bytes(Rows, Columns, S{}, B{}); }

  /// Packs host floats, row-major.
  /// \throws Error unless w.size() == size
  void assign(std::span<const float> w) {
    require_size(w.size(), Rows, Columns);
    const Buffer<B> plain(size * sizeof(float));
    const auto from = plain.template as<float>();
    upload<B>(from, w);
    launch<B>([=, to = Bytes::memory_.renewed(bytes())](auto on) { pack(to, from, Rows, Columns, S{}, on); });
  }
  /// Takes rows that are encoded already. requires: B keeps S row by row
  /// \throws Error unless there are as many bytes as the rows have
  void assign_rows(std::span<const std::byte> encoded) {
    require_size(encoded.size(), Rows, S::row_bytes(Columns), "bytes");
    upload<B>(Bytes::memory_.renewed(bytes()), encoded);
  }
  [[nodiscard]] std::vector<float> read() const {
    const Buffer<B> plain(size * sizeof(float));
    const auto to = plain.template as<float>();
    launch<B>([=, from = packed()](auto on) { lookup_frozen(to, nullptr, from, Rows, Rows, Columns, S{}, on); });
    return download<B>(to, size);
  }
};

/// A vector that is frozen: a bias or a norm's gain, always plain floats.
template <class B, Index N>
class Parameter<B, Constant<Plain>, 1, N> : public FrozenBytes<B, Plain, 1, N> {
  using Bytes = FrozenBytes<B, Plain, 1, N>;

 public:
  using Bytes::size;

  [[nodiscard]] constexpr Pointer<B> value() const { return Bytes::template as<float>(); }
  static constexpr Index bytes() { return size * sizeof(float); }

  void assign(std::span<const float> w) {
    require_size(w.size(), 1, N);
    upload<B>(shifted<float>(Bytes::memory_.renewed(bytes()), 0), w);
  }
  [[nodiscard]] std::vector<float> read() const { return download<B>(value(), size); }
};

/// A matrix of one row, which files keep as a matrix nevertheless.
template <class P>
struct OneRow : P {
  static constexpr std::array extents{Index{1}, P::columns};
};
/// A matrix that files keep as one even where it has one row.
template <class B, class Role, Index Rows, Index Columns>
using Matrix =
    std::conditional_t<Rows == 1, OneRow<Parameter<B, Role, Rows, Columns>>, Parameter<B, Role, Rows, Columns>>;

/// A trained parameter that files keep with these extents, whatever they are.
template <class B, Index First, Index... More>
class TrainedTensor : public Parameter<B, Trainable, First, (More * ... * Index{1})> {
 public:
  static constexpr std::array extents{First, More...};
};

/// A frozen parameter that an adapter's files hold.
template <class P>
struct Saved : P {
  static constexpr bool saved = true;
};

/// The part that a layer needs, the upper left, of a frozen matrix that all layers of a method use. Parts of one size
/// are in memory once (layers/layer.hpp: SharedParts). Files hold the matrix once, whole, if they do; Last: its last
/// extent there where it has three.
template <class P, bool InFiles, Index Last = 0>
struct SharedPart : P {
  static constexpr bool saved = InFiles, shared = true;
  static constexpr Index last_extent = Last;
};

/// A parameter of N adapters, the first extent of one N times.
template <Index N, class P>
struct MembersOf : P {
  static constexpr Index members = N;
};
/// A parameter, or N adapters' parameters one behind the other.
template <Index N, class P>
using OfMembers = std::conditional_t<N == 1, P, MembersOf<N, P>>;

/// Where a parameter's gradient lies once it is asked for, or null.
template <class P>
constexpr const GradientRange<typename P::backend>* gradient_of(const P& p) {
  if constexpr (P::trainable) return &p.gradient_range();
  else return nullptr;
}

/// A parameter whose value is plain floats.
template <class P>
concept PlainParameter = requires(const P& p) { p.value(); };

/// A parameter that never changes.
template <class P>
concept FrozenParameter = requires {
  requires !P::trainable;
  typename P::storage;
};

}  // namespace graft
