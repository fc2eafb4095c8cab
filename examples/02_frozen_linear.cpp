// 02. A frozen layer.
// You will learn: what freezing removes, by type: gradient, tape step, saved input.
// Read first: 01.   Run: 02_frozen_linear   It prints parameters, records and bytes of a trained and of a frozen layer.
#include <graft/backend.hpp>
#include <graft/layers.hpp>

#include <cstdio>

using namespace graft;

template <class L>
void show(const char* name) {
  L layer;
  Initializer initializer{.key = {1, 0}};
  layer.initialize(initializer);
  Workspace<reference> workspace;
  Tape<reference> tape(workspace);
  const auto x = tape.value<64>(10);
  launch<reference>([&](auto on) { fill(x.data, x.size(), 1.0F, on); });
  layer(tape, x);  // of a constant value
  std::printf("%-8s %5zu trained parameters, %zu records, %5zu bytes of gradient\n", name, trainable_parameters(layer),
              tape.records(), decltype(layer.weight)::gradient_bytes());
}

int main() {
  show<Linear<reference, 64, 32>>("trained");
  show<Frozen<Linear<reference, 64, 32>>>("frozen");
  show<Frozen<Linear<reference, 64, 32>, Bf16>>("bf16");
}
