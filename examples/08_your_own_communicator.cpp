// 08. Several ranks, and a communicator of your own.
// You will learn: what ranks must be able to do for each other, and that training on two is training on one.
// Read first: 03.   Run: 08_your_own_communicator   It prints what the judge says, and whether two ranks are as one.
#include <graft/backend.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/check_communicator.hpp>
#include <graft/train/communicators/thread_ranks.hpp>
#include <graft/train/trainer.hpp>

#include <cmath>
#include <cstdio>

using namespace graft;

/// Ranks that add up in another way: here what others do, and counted. Over a network these are calls of MPI or NCCL.
struct Counted {
  ThreadRanks others;
  Index* floats_sent;

  [[nodiscard]] Index rank() const { return others.rank(); }
  [[nodiscard]] Index ranks() const { return others.ranks(); }
  /// Of floats in memory of backend B.
  template <class B>
  void sum(Pointer<B> floats, Index count, B on) {
    if (rank() == 0) *floats_sent += count;
    others.sum(floats, count, on);
  }
  /// Of numbers on the host: counts of tokens, losses.
  void sum(std::span<double> numbers) { others.sum(numbers); }
};

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 40, width = 16, blocks = 2, heads = 2, groups = 1, head_width = 8,
                         feed_forward = 32;
};
using Model = Llama<Tiny, LoRA<2>, reference>;

/// The last loss of ten steps, each rank on its own examples.
template <class C>
double last_loss(C ranks, const std::vector<std::vector<Batch>>& shares) {
  Model model;
  model.initialize({.key = {1, 0}, .deviation = 0.3F});
  Trainer trainer(model, AdamW{.learning_rate = 2e-2F}, {}, ranks);
  double loss = 0;
  for (int step = 0; step < 10; ++step) loss = trainer.step(shares[ranks.rank()]).loss;
  return loss;
}

int main() {
  Batch some, more;
  some.append({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5});
  more.append({9, 8, 7, 6}, {9, 8, 7, 6});
  const double alone = last_loss(Alone{}, {{some, more}});
  double together[2] = {};
  Index sent = 0, complaints[2] = {};
  on_ranks(2, [&](ThreadRanks threads) {
    const Counted ranks{threads, &sent};
    complaints[ranks.rank()] = check_communicator(ranks).size();
    if (ranks.rank() == 0) sent = 0;
    together[ranks.rank()] = last_loss(ranks, {{some}, {more}});
  });
  std::printf("%zu complaints; both ranks see one loss: %s; it is that of one rank: %s\n",
              complaints[0] + complaints[1], together[0] == together[1] ? "yes" : "no",
              std::abs(together[0] / alone - 1) < 1e-4 ? "yes" : "no");
  std::printf("%zu floats sent in 10 steps, %zu parameters trained\n", sent, Model::trainable_parameters);
}
