// 14. A storage of your own: frozen weights in 4 bits, one scale for each 32.
// You will learn: what a storage says, what it costs, and that a model, a plan and a trainer ask for nothing more.
// Read first: 02, 03.   Run: 14_your_own_storage
//     It prints bytes of a row, whether errors are within half a step, bytes of the frozen weights, and a loss.
#include <graft/graft.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace graft;

// w ≈ d (q − 8),   q in 1 … 15, d = max|w| / 7 in half precision.   Blocks cuts rows, and fills the last block up.
struct Signed4 : quantized::Blocks<Signed4> {
  static constexpr const char* name = "Signed4";
  static constexpr Index block = 32, block_bytes = 18;

  static void encode(std::byte* to, const float* x) {
    float most = 0;
    for (Index i = 0; i < block; ++i) most = std::max(most, std::abs(x[i]));
    const std::uint16_t d = float_to_half(most / 7);
    const float inverse = d != 0 ? 1 / half_to_float(d) : 0;
    const auto q = [&](Index i) {
      return static_cast<unsigned>(std::clamp(std::lround(x[i] * inverse) + 8L, 1L, 15L));
    };
    quantized::store(to, d);
    for (Index j = 0; j < 16; ++j) to[2 + j] = static_cast<std::byte>(q(j) | (q(16 + j) << 4U));
  }
  static void decode(float* to, const std::byte* from) {
    const float d = quantized::load_half(from);
    quantized::decode_nibbles(to, from + 2, [d](unsigned q) { return d * (static_cast<float>(q) - 8); });
  }
};
static_assert(QuantizedStorage<Signed4>);

struct Tiny : LlamaDefaults {
  static constexpr Index vocabulary = 64, width = 32, blocks = 2, heads = 4, groups = 2, head_width = 8,
                         feed_forward = 64;
};

int main() {
  constexpr Index n = 70;  // the last block is not full
  std::vector<float> row(n), back(n);
  for (Index i = 0; i < n; ++i) row[i] = standard_normal({1, 0}, i);
  std::vector<std::byte> bytes(Signed4::row_bytes(n));
  Signed4::encode_row(bytes.data(), row.data(), n);
  Signed4::decode_row(back.data(), bytes.data(), n);
  float worst = 0;
  for (Index i = 0; i < n; ++i)
    worst = std::max(worst, std::abs(row[i] - back[i]) / quantized::load_half(bytes.data() + i / 32 * 18));
  std::printf("a row of %zu: %zu bytes; within half a step: %s\n", n, bytes.size(), worst < 0.51F ? "yes" : "no");

  using Model = Llama<Tiny, LoRA<4>, reference, Signed4>;
  using AsFloats = Llama<Tiny, LoRA<4>, reference>;
  std::printf("frozen weights: %zu bytes, as floats %zu\n", plan<Model>(Tokens{7}).frozen,
              plan<AsFloats>(Tokens{7}).frozen);

  Model model;
  model.initialize({.key = {1, 0}, .deviation = 0.2F});
  Trainer trainer(model, AdamW{.learning_rate = 1e-2F});
  Batch batch;
  batch.append({1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4, 5, 6, 7});
  const double first = trainer.step(batch).loss;
  for (int i = 0; i < 30; ++i) trainer.step(batch);
  std::printf("the loss falls: %s\n", trainer.step(batch).loss < 0.95 * first ? "yes" : "no");
}
