/// \file
/// Reverse-mode differentiation: ops record what undoes them, `backward` runs the records in reverse.
#pragma once

#include <graft/autodiff/profile.hpp>
#include <graft/autodiff/var.hpp>
#include <graft/backend/kernels.hpp>
#include <graft/core/pool.hpp>
#include <graft/core/random.hpp>
#include <graft/data/batch.hpp>

#include <array>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

namespace graft {

/// Floating-point operations by phase.
struct Cost {
  std::uint64_t forward = 0, backward = 0;  ///< going forward; in the reverse sweep
};

template <class B>
class Tape;
template <class B>
class Inference;

/// What undoes one op.
template <class B>
struct Record {
  constexpr virtual ~Record() {}
  constexpr virtual void undo(Tape<B>& tape) = 0;
};

/// The memory of a step: values on a stack that the reverse sweep rewinds as it goes, adjoints in a pool that it
/// reuses as it retires them, and the records themselves. After the first step of a given size nothing is allocated.
template <class B>
class Workspace {
  static_assert(has_all_kernels<B>());

 public:
  constexpr Workspace() = default;
  /// On a queue of its own.
  constexpr explicit Workspace(B queue) : on(queue) {}
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// Forgets all values. Call between steps.
  constexpr void reset() {
    for (auto& slot : adjoints_)
      if (slot.present) pool_.release(slot.block);
    values_.rewind({});
    closures_.rewind({});
    adjoints_.clear();
    records_.clear();
    pool_.settle();
  }

  /// Takes all memory of a step at once, as a plan has counted it.
  void reserve(Index value_bytes, Index adjoint_bytes) {
    reset();
    values_.reserve(value_bytes);
    pool_.reserve(adjoint_bytes);
  }

  /// The most bytes of values that were there at once.
  [[nodiscard]] constexpr Index value_peak() const { return values_.peak(); }
  /// The most bytes of adjoints that were there at once.
  [[nodiscard]] constexpr Index adjoint_peak() const { return pool_.peak(); }
  /// Operations since it was made.
  [[nodiscard]] constexpr Cost cost() const { return cost_; }

  /// The queue on which its kernels run.
  [[no_unique_address]] B on{};
  /// Where dropout draws from. A step's masks follow from the seed alone.
  RandomKey random;
  /// Gathers the time of every kernel, if there is one.
  Profile* profile = nullptr;

 private:
  friend class Tape<B>;
  friend class Inference<B>;

  struct Entry {
    Record<B>* record;
    typename Arena<B>::Mark values;  // the stack after this record's op
    Arena<backend::reference>::Mark closures;
    Index adjoints;
  };
  struct Adjoint {
    typename Pool<B>::Block block;
    bool present = false;
  };

  Arena<B> values_;
  Pool<B> pool_;
  Arena<backend::reference> closures_;  // records are host data on every backend
  std::vector<Adjoint> adjoints_;
  std::vector<Entry> records_;
  Cost cost_;
  bool reversing_ = false;
};

/// Computes values and records nothing: every result is constant. Shared part of `Tape` and `Inference`.
template <class B>
class Inference {
 public:
  using backend = B;
  static constexpr bool recording = false;  ///< whether what undoes ops is kept
  /// Whether dropout drops.
  static constexpr bool training = false;
  /// A height of the stack of values.
  using Mark = typename Arena<B>::Mark;

  /// On this memory, which must outlive it.
  constexpr explicit Inference(Workspace<B>& workspace) : workspace_(&workspace) {}

  /// A fresh constant value.
  template <Index Columns, class E = float>
  constexpr Var<B, Columns, Gradient::none, E> value(Index rows) {
    return {rows, scratch<E>(rows * Columns)};
  }

  /// Memory for a kernel's side results.
  template <class T>
  constexpr Pointer<B, T> scratch(Index count) {
    return workspace_->values_.template allocate<T>(count);
  }

  /// Memory that does not outlive the op that asks for it: calls body(memory).
  template <class T, class Body>
  constexpr void borrow(Index count, const Body& body) {
    auto& pool = workspace_->pool_;
    const auto block = pool.acquire(count * sizeof(T));
    body(pool.template at<T>(block));
    pool.release(block);
  }

  /// Numbers from the host. On `meta` only the count matters.
  constexpr Pointer<B, Id> ids(const Id* from, Index count) {
    const auto to = scratch<Id>(count);
    if (count != 0) workspace_->on.upload(to, from, count * sizeof(Id));
    return to;
  }

  /// Floats from the host.
  constexpr Pointer<B> numbers(const float* from, Index count) {
    const auto to = scratch<float>(count);
    if (count != 0) workspace_->on.upload(to, from, count * sizeof(float));
    return to;
  }

  /// Runs one kernel. Its time, if anybody asks, counts for the op in whose file the call is written.
  template <class Kernel>
  constexpr void run(Work work, const Kernel& kernel, std::source_location where = std::source_location::current()) {
    (workspace_->reversing_ ? workspace_->cost_.backward : workspace_->cost_.forward) += work.flops;
    if (B::executes && workspace_->profile != nullptr) {
      const auto began = std::chrono::steady_clock::now();
      launch(workspace_->on, kernel);
      workspace_->on.wait();
      workspace_->profile->add(where, workspace_->reversing_, work, std::chrono::steady_clock::now() - began);
    } else {
      launch(workspace_->on, kernel);
    }
  }

  /// The queue on which kernels run.
  [[nodiscard]] constexpr const B& on() const { return workspace_->on; }

  /// The same memory, nothing recorded.
  [[nodiscard]] constexpr Inference silent() const { return *this; }

  /// Where the stack of values stands.
  [[nodiscard]] constexpr Mark mark() const { return workspace_->values_.mark(); }

  /// Drops every value made since the mark except y, which moves down to it.
  template <Index Columns, class E>
  constexpr Var<B, Columns, Gradient::none, E> keep(Mark mark, Var<B, Columns, Gradient::none, E> y) {
    auto kept = y;
    borrow<E>(y.size(), [&](Pointer<B, E> aside) {
      run(0, [=, n = y.size()](auto on) { copy(aside, y.data, n, on); });
      workspace_->values_.rewind(mark);
      kept = value<Columns, E>(y.rows);
      run(0, [=, n = y.size()](auto on) { copy(kept.data, aside, n, on); });
    });
    return kept;
  }

  /// The next stream of random numbers, and where the streams stand.
  constexpr RandomKey draw() {
    const RandomKey key = workspace_->random;
    ++workspace_->random.stream;
    return key;
  }
  /// Where the streams of random numbers stand.
  [[nodiscard]] constexpr RandomKey random() const { return workspace_->random; }
  /// Puts the streams of random numbers there.
  constexpr void set_random(RandomKey key) { workspace_->random = key; }

 protected:
  Workspace<B>* workspace_;  ///< the memory of the step
};

/// Computes as a `Tape` would, dropout included, but records nothing: the first pass over what is checkpointed.
template <class B>
class Silent : public Inference<B> {
 public:
  static constexpr bool training = true;  ///< whether dropout drops
  using Inference<B>::Inference;
};

/// Where the adjoint of a value gathers: the kernel stores there, or adds if something is there already.
template <class B, class E = float>
struct Contribution {
  Pointer<B, E> data{};
  bool accumulate = false;  ///< whether something is there already
};

/// Undoes an op of which `Count` results have a place for an adjoint, if anything has contributed to one of them.
/// E: the elements of a single result, whose adjoint the step is handed; void where there are several.
template <class B, class Step, Index Count, class E>
struct RecordOf final : Record<B> {
  std::array<Index, Count> slots;  ///< the results' places for adjoints
  Step step;                       ///< what undoes the op
  /// Of an op with results in these places.
  constexpr RecordOf(std::array<Index, Count> results, Step undo_step) : slots(results), step(undo_step) {}
  constexpr ~RecordOf() override {}  // spelled out: g++ 12 wants it defined before constant expressions delete one
  constexpr void undo(Tape<B>& tape) override {
    bool present = false;
    for (const Index slot : slots) present = present || tape.is_present(slot);
    if (!present) return;
    if constexpr (std::is_void_v<E>) step(tape);
    else step(tape, tape.template adjoint_at<E>(slots[0]));
    for (const Index slot : slots) tape.retire(slot);
  }
};
/// Records ops and runs them backwards.
template <class B>
class Tape : public Inference<B> {
  using Inference<B>::workspace_;

 public:
  using Inference<B>::run;
  static constexpr bool recording = true, training = true;  ///< it records; dropout drops

  /// On this memory, which must outlive it.
  constexpr explicit Tape(Workspace<B>& workspace) : Inference<B>(workspace) {}

  /// Gives a constant value a place for its adjoint.
  template <Index Columns, class E>
  constexpr Var<B, Columns, Gradient::tracked, E> track(Var<B, Columns, Gradient::none, E> value) {
    workspace_->adjoints_.push_back({});
    return {value.rows, value.data, workspace_->adjoints_.size() - 1};
  }

  /// Records `step(tape, dy)`, which adds the share of y's adjoint to the adjoints of what y was made from.
  /// It runs only if something has contributed to y, and dy's memory is reused after it.
  template <Index Columns, class E, class Step>
  constexpr void record(Var<B, Columns, Gradient::tracked, E> y, Step step) {
    record_slots<E>(std::array{y.adjoint}, step);
  }
  /// The same for an op of several results, some perhaps constant: `step(tape)` asks for their adjoints itself, as not
  /// every result need have one.
  template <class... Ys, class Step>
  constexpr void record_all(const std::tuple<Ys...>& ys, Step step) {
    std::array<Index, (Index{Ys::tracked} + ...)> slots{};
    Index count = 0;
    const auto note = [&](auto y) {
      if constexpr (decltype(y)::tracked) slots[count++] = y.adjoint;
    };
    std::apply([&](auto... y) { (note(y), ...); }, ys);
    record_slots<void>(slots, step);
  }

  /// Whether anything has contributed to y.
  template <Index Columns, class E>
  [[nodiscard]] constexpr bool has_adjoint(Var<B, Columns, Gradient::tracked, E> y) const {
    return workspace_->adjoints_[y.adjoint].present;
  }
  /// A constant value has none.
  template <Index Columns, class E>
  [[nodiscard]] constexpr bool has_adjoint(Var<B, Columns, Gradient::none, E>) const {
    return false;
  }
  /// requires: y has one
  template <Index Columns, class E>
  [[nodiscard]] constexpr Pointer<B, E> adjoint(Var<B, Columns, Gradient::tracked, E> y) const {
    return adjoint_at<E>(y.adjoint);
  }

  /// Where to store (first time) or add (later) a share of x's adjoint.
  template <Index Columns, class E>
  constexpr Contribution<B, E> contribute(Var<B, Columns, Gradient::tracked, E> x) {
    auto& slot = workspace_->adjoints_[x.adjoint];
    const bool accumulate = slot.present;
    if (!accumulate) slot = {workspace_->pool_.acquire(x.size() * sizeof(E)), true};
    return {this->adjoint(x), accumulate};
  }
  /// A constant value gathers nothing: kernels compute no share for it.
  template <Index Columns, class E>
  constexpr Contribution<B, E> contribute(Var<B, Columns, Gradient::none, E>) {
    return {};
  }

  /// The same for kernels that can only add: the first time it is zeroed.
  template <Index Columns, class E>
  constexpr Pointer<B, E> contribute_zeroed(Var<B, Columns, Gradient::tracked, E> x) {
    const auto dx = contribute(x);
    if (!dx.accumulate) run(0, [=](auto on) { fill(dx.data, x.size(), 0.0F, on); });
    return dx.data;
  }

  /// A constant value gathers nothing.
  template <Index Columns, class E>
  constexpr Pointer<B, E> contribute_zeroed(Var<B, Columns, Gradient::none, E>) {
    return {};
  }

  /// y's adjoint becomes x's, without a copy where x has none yet and its elements are the same. requires: same shape.
  template <Index Columns, class Ey, class Ex>
  constexpr void pass_adjoint(Var<B, Columns, Gradient::tracked, Ey> y, Var<B, Columns, Gradient::tracked, Ex> x) {
    auto &from = workspace_->adjoints_[y.adjoint], &to = workspace_->adjoints_[x.adjoint];
    if (std::is_same_v<Ey, Ex> && !to.present) {
      to = from;
      from.present = false;
    } else {
      const auto dx = contribute(x);
      run(x.size(), [=, dy = adjoint(y)](auto on) { scale(dx.data, dy, 1.0F, x.size(), dx.accumulate, on); });
    }
  }
  /// A constant value takes nothing.
  template <Index Columns, class Ey, class Ex>
  constexpr void pass_adjoint(Var<B, Columns, Gradient::tracked, Ey>, Var<B, Columns, Gradient::none, Ex>) {}

  /// Runs the records back to record number `first`, dropping values, adjoints and records on the way.
  constexpr void unwind(Index first, typename Inference<B>::Mark bottom) {
    auto& w = *workspace_;
    while (w.records_.size() > first) {
      auto* const record = w.records_.back().record;
      const bool outer = std::exchange(w.reversing_, true);
      record->undo(*this);
      w.reversing_ = outer;
      if (std::is_constant_evaluated()) delete record;
      w.records_.pop_back();
      if (w.records_.size() == first) {
        w.values_.rewind(bottom);
      } else {
        const auto& below = w.records_.back();
        w.values_.rewind(below.values);
        w.closures_.rewind(below.closures);
      }
    }
  }

  /// How many ops are recorded.
  [[nodiscard]] constexpr Index records() const { return workspace_->records_.size(); }

  /// d(seed · loss) into every parameter's gradient and into the adjoints of values that no op made (`track`), which
  /// can be read until the workspace is reset. All values are gone afterwards.
  constexpr void backward(Var<B, 1, Gradient::tracked> loss, float seed = 1.0F) {
    const auto dloss = contribute(loss).data;
    run(0, [=](auto on) { fill(dloss, 1, seed, on); });
    unwind(0, {});
  }
  /// The same from any value y(rows, Columns), given its gradient: what a loss outside of graft says of y.
  /// requires: dy has y's rows
  template <Index Columns, class E>
  constexpr void backward(Var<B, Columns, Gradient::tracked, E> y, Var<B, Columns, Gradient::none, E> dy) {
    if (dy.rows != y.rows) fail("backward: a gradient of ", dy.rows, " rows for a value of ", y.rows);
    const auto to = contribute(y);
    run(0, [=, n = y.size()](auto on) { scale(to.data, dy.data, 1.0F, n, to.accumulate, on); });
    unwind(0, {});
  }
  /// The same, from numbers of the host's, row by row.
  /// \throws Error where they are more or fewer than y has
  template <Index Columns>
  void backward(Var<B, Columns, Gradient::tracked> y, std::span<const float> dy) {
    if (dy.size() != y.size())
      fail("backward: a gradient of ", dy.size(), " numbers for a value of ", y.rows, " rows of ", Columns);
    backward(y, Var<B, Columns>{y.rows, this->numbers(dy.data(), dy.size())});
  }

  /// The same memory, nothing recorded.
  [[nodiscard]] constexpr Silent<B> silent() const { return Silent<B>(*workspace_); }

 private:
  template <class, class, Index, class>
  friend struct RecordOf;

  [[nodiscard]] constexpr bool is_present(Index slot) const { return workspace_->adjoints_[slot].present; }
  template <class E>
  [[nodiscard]] constexpr Pointer<B, E> adjoint_at(Index slot) const {
    return workspace_->pool_.template at<E>(workspace_->adjoints_[slot].block);
  }
  constexpr void retire(Index number) {
    auto& slot = workspace_->adjoints_[number];
    if (slot.present) workspace_->pool_.release(slot.block);
    slot.present = false;
  }

  template <class E, Index Count, class Step>
  constexpr void record_slots(std::array<Index, Count> slots, Step step) {
    static_assert(std::is_trivially_destructible_v<Step>,
                  "graft: a backward step may capture only views (Var, Pointer, numbers): it is never destroyed, "
                  "so memory that it owned would leak");
    if constexpr (std::is_trivially_destructible_v<Step>) {
      using Kind = RecordOf<B, Step, Count, E>;
      auto& w = *workspace_;
      Record<B>* record = nullptr;
      if (std::is_constant_evaluated()) record = new Kind(slots, step);
      else record = ::new (static_cast<void*>(w.closures_.template allocate<Kind>(1))) Kind(slots, step);
      w.records_.push_back({record, w.values_.mark(), w.closures_.mark(), w.adjoints_.size()});
    }
  }
};

}  // namespace graft
