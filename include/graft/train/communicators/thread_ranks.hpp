/// \file
/// Several ranks in one process, a thread each: for tests, and to try how a run of many ranks goes.
#pragma once

#include <graft/core/buffer.hpp>
#include <graft/core/error.hpp>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace graft {

/// One of the ranks that `on_ranks` starts.
class ThreadRanks {
 public:
  /// The number of this rank.
  [[nodiscard]] Index rank() const { return rank_; }
  [[nodiscard]] Index ranks() const { return meeting_->given.size(); }

  template <class B>
  void sum(Pointer<B> floats, Index count, B) {
    auto own = download<B>(floats, count);
    add_up(std::span(own));
    upload<B>(floats, std::span<const float>(own));
  }
  void sum(std::span<double> numbers) { add_up(numbers); }

  template <class Body>
  friend void on_ranks(Index count, const Body& body);

 private:
  struct Given {
    const void* data = nullptr;
    Index count = 0;
  };
  struct Meeting {
    std::mutex mutex;
    std::condition_variable changed;
    Index here = 0, round = 0;
    bool over = false;  ///< a rank has ended
    std::exception_ptr failure{};
    std::vector<Given> given;
  };

  ThreadRanks(Meeting& meeting, Index rank) : meeting_(&meeting), rank_(rank) {}

  /// Waits for all.
  void meet() const {
    std::unique_lock lock(meeting_->mutex);
    const Index round = meeting_->round;
    if (++meeting_->here == ranks()) {
      meeting_->here = 0;
      ++meeting_->round;
      meeting_->changed.notify_all();
    } else {
      meeting_->changed.wait(lock, [&] { return meeting_->round != round || meeting_->over; });
    }
    if (meeting_->round == round) fail("rank ", rank_, " waits for a rank that has ended");
  }

  /// In the order of the ranks, by each for itself.
  template <class T>
  void add_up(std::span<T> own) const {
    meeting_->given[rank_] = {own.data(), own.size()};
    meet();
    std::vector<T> sums(own.size(), T(0));
    bool alike = true;
    for (const auto& [data, count] : meeting_->given) {
      alike = alike && count == own.size();
      for (Index i = 0; alike && i < count; ++i) sums[i] += static_cast<const T*>(data)[i];
    }
    meet();  // everybody has read
    if (!alike) fail("rank ", rank_, " adds up ", own.size(), " numbers, and another rank more or fewer");
    std::copy(sums.begin(), sums.end(), own.begin());
  }

  Meeting* meeting_;
  Index rank_;
};

/// Calls body(ranks) on `count` threads, each with a rank of its own, and waits for all of them. What the first throws
/// that throws is thrown on; the others end where they wait for it.
template <class Body>
void on_ranks(Index count, const Body& body) {
  ThreadRanks::Meeting meeting;
  meeting.given.resize(count);
  std::vector<std::thread> threads;
  for (Index rank = 0; rank < count; ++rank)
    threads.emplace_back([&meeting, &body, rank] {
      std::exception_ptr failure;
      try {
        body(ThreadRanks(meeting, rank));
      } catch (...) { failure = std::current_exception(); }
      const std::lock_guard lock(meeting.mutex);
      if (!meeting.failure) meeting.failure = failure;
      meeting.over = true;
      meeting.changed.notify_all();
    });
  for (auto& thread : threads) thread.join();
  if (meeting.failure) std::rethrow_exception(meeting.failure);
}

}  // namespace graft
