// 03. LoRA by hand, as a method of your own.
// You will learn: that a method is a function from a place to a layer, and that its gradient needs no line.
// Read first: 01, 02.   Run: 03_lora_by_hand   It prints how a tiny model's loss falls with the method written here.
#include <graft/backend.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/train/trainer.hpp>

#include <cstdio>

using namespace graft;

/// y = base(x) + x Aᵀ Bᵀ
template <class Base>
struct Beside {
  using backend = typename Base::backend;
  using adapted = Base;  // says: a method made this layer
  static constexpr Index in = Base::in, out = Base::out;
  template <class S>
  using frozen = Beside<Frozen<Base, S>>;

  Base base;
  Parameter<backend, Trainable, 2, in> a;
  Parameter<backend, Trainable, out, 2> b;

  template <class T, Gradient G>
  constexpr auto operator()(T& tape, Var<backend, in, G> x) const {
    return add_matmul(tape, base(tape, x), matmul(tape, x, a), b, 1.0F);
  }
  template <class Self, class F>
  static constexpr void visit(Self& self, F&& f, const Path& path) {
    Base::visit(self.base, f, path);
    f(Path{&path, "a"}, self.a);
    f(Path{&path, "b"}, self.b);
  }
  void initialize(Initializer& initializer) {
    base.initialize(initializer);
    a.assign(initializer.normal(2 * in, 0.3F));
    b.assign(std::vector<float>(2 * out, 0.0F));
  }
};

/// The method: at queries put something beside the layer, elsewhere leave it.
struct Mine {
  template <class Where, class L>
  using at = std::conditional_t<std::is_same_v<typename Where::site, Query>, Beside<L>, L>;
};

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 40, width = 16, blocks = 2, heads = 2, groups = 1, head_width = 8,
                         feed_forward = 32;
};

int main() {
  using Model = Llama<Tiny, Mine, reference>;
  static_assert(Model::trainable_parameters == 2 * (2 * 16 + 16 * 2));
  Model model;
  model.initialize({.key = {1, 0}, .deviation = 0.3F});
  Trainer trainer(model, AdamW{.learning_rate = 5e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5, 6, 7});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 60; ++i) trainer.step(batch);
  const double last = trainer.step(batch).loss;
  std::printf("%zu parameters trained, the loss falls: %s\n", Model::trainable_parameters,
              last < 0.95 * first ? "yes" : "no");
}
