// 10. On the weights of a host.
// You will learn: how a program that has weights of its own trains adapters over them, of a whole model and of one
// layer.
// Read first: 07, 09.   Run: 10_on_a_hosts_weights
//     It prints whether both learn, and that the host's weights are neither copied nor written.
#include <graft/backend/xsimd/xsimd_cpu.hpp>
#include <graft/models/families/llama/llama.hpp>
#include <graft/peft.hpp>
#include <graft/plan/plan.hpp>
#include <graft/train/trainer.hpp>

#include <cstdio>

using namespace graft;

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
};
using Model = Llama<Tiny, LoRA<4>, Cpu, SharedBase>;

/// An engine that runs models by itself and has their weights in memory, by name.
struct Engine {
  std::map<std::string, std::vector<float>> weights;

  Engine() {
    Model::base drawn;  // stands for whatever filled the engine
    drawn.initialize({.key = {1, 0}, .deviation = 0.3F});
    Model::base::visit(drawn, [this](const Path& path, const auto& p) { weights[path.str()] = p.read(); });
    auto& projection = weights["projection"];
    for (Index i = 0; i < 32 * 64; ++i) projection.push_back(0.1F * standard_normal({2, 0}, i));
  }
};

int main() {
  Engine engine;
  const auto kept = engine.weights;
  static_assert(plan<Model>(Tokens{7}).frozen == 0);  // nothing of the base is graft's

  Model::base base;
  borrow(base,
         [&engine](const std::string& name, Index, Index) { return std::span<const float>(engine.weights.at(name)); });
  Model model(base);
  Batch text;
  text.append({5, 9, 7, 3, 11, 6, 2}, {5, 9, 7, 3, 11, 6, 2});
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  const double first = trainer.step(text).loss;
  for (int i = 0; i < 30; ++i) trainer.step(text);
  std::printf("a model over the engine's weights, the loss falls: %s\n",
              trainer.step(text).loss < 0.9 * first ? "yes" : "no");

  // One layer. The engine computes everything else, and the gradient of what the layer yields: here it wants y(4,32) to
  // be one.
  Adapted<LoRA<8>, Linear<Cpu, 64, 32>> layer;
  layer.base.weight.borrow(engine.weights.at("projection"));
  Initializer draw = Initializer::over_base(1);
  layer.initialize(draw);
  Trainer alone(layer, AdamW{.learning_rate = 1e-2F});
  std::vector<float> x(4 * 64), dy(4 * 32);
  for (Index i = 0; i < x.size(); ++i) x[i] = standard_normal({3, 0}, i);
  double begun = 0, loss = 0;
  for (int step = 0; step < 50; ++step) {
    alone.workspace().reset();
    Tape<Cpu> tape(alone.workspace());
    const auto y = layer(tape, Var<Cpu, 64>{4, tape.numbers(x.data(), x.size())});
    loss = 0;
    for (Index i = 0; i < dy.size(); ++i) {
      dy[i] = y.data[i] - 1.0F;
      loss += 0.5 * static_cast<double>(dy[i] * dy[i]);
    }
    if (step == 0) begun = loss;
    tape.backward(y, dy);
    alone.apply(1, loss);
  }
  std::printf("a layer over one of them, the loss falls: %s\n", loss < 0.1 * begun ? "yes" : "no");
  std::printf("the engine's weights are as they were: %s\n", engine.weights == kept ? "yes" : "no");
}
