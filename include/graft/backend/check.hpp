/// \file
/// The public judge of backends: every kernel of B against `reference`, on sizes with odd tails.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/reference.hpp>

#include <string>
#include <vector>

namespace graft {

/// One kernel's agreement: the largest difference, relative to the largest value of the reference.
struct BackendCheck {
  std::string kernel;
  double difference = 0;
};

namespace backend {

/// Runs the same kernel on `reference` and on B over copies of the same memory, and compares all of it afterwards.
template <class B>
class Checker {
 public:
  std::vector<BackendCheck> results;

  /// `kernel(on, pointers)`: `sizes` floats are handed over as pointers, filled with the same random values.
  template <class Kernel>
  void compare(const char* name, const std::vector<Index>& sizes, const Kernel& kernel, float bound = 1.0F) {
    std::vector<std::vector<float>> values;
    for (const Index size : sizes) {
      values.emplace_back(size);
      fill_uniform(values.back().data(), size, bound, {7, ++stream_}, reference{});
    }
    const auto wanted = run<reference>(values, kernel), found = run<B>(values, kernel);
    double difference = 0;
    for (Index v = 0; v < values.size(); ++v) {
      double largest = 1e-6, worst = 0;
      for (Index i = 0; i < values[v].size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(wanted[v][i])));
        const double apart = std::abs(static_cast<double>(wanted[v][i]) - static_cast<double>(found[v][i]));
        if (!(apart <= worst)) worst = apart;
      }
      if (!(worst / largest <= difference)) difference = worst / largest;
    }
    results.push_back({name, difference});
  }

  /// Integers for kernels, alive as long as the checker.
  template <class On>
  const Id* ids(const std::vector<Id>& host) {
    memory<On>().emplace_back(host.size() * sizeof(Id));
    const auto device = memory<On>().back().template as<Id>();
    upload<On>(device, std::span<const Id>(host));
    return device;
  }
  template <class On>
  std::byte* bytes(Index count) {
    memory<On>().emplace_back(count);
    return memory<On>().back().template as<std::byte>();
  }

 private:
  template <class On>
  auto& memory() {
    if constexpr (std::is_same_v<On, B>) return mine_;
    else return theirs_;
  }

  template <class On, class Kernel>
  std::vector<std::vector<float>> run(const std::vector<std::vector<float>>& values, const Kernel& kernel) {
    std::vector<Buffer<On>> buffers;
    std::vector<float*> pointers;
    for (const auto& v : values) {
      buffers.emplace_back(v.size() * sizeof(float));
      pointers.push_back(buffers.back().template as<float>());
      upload<On>(pointers.back(), std::span<const float>(v));
    }
    kernel(On{}, pointers);
    std::vector<std::vector<float>> out;
    for (Index i = 0; i < values.size(); ++i) out.push_back(download<On>(pointers[i], values[i].size()));
    return out;
  }

  std::vector<Buffer<B>> mine_;
  std::vector<Buffer<reference>> theirs_;
  std::uint64_t stream_ = 0;
};

}  // namespace backend

/// Every kernel of B beside `reference`. Differences of about 1e-6 are rounding; products with weights stored as Bf16
/// differ by about 1e-2 where the backend rounds activations too.
template <class B>
std::vector<BackendCheck> check_backend() {
  using backend::put;
  backend::Checker<B> c;
  const Index rows = 37, in = 70, out = 133, n = rows * in;
  const auto on_device = [](auto tag, const auto& kernel) { launch<decltype(tag)>(kernel); };
  for (const bool more : {false, true}) {
    c.compare("matmul", {rows * out, n, out * in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { matmul(p[0], p[1], p[2], rows, in, out, 0.5F, more, on); }); });
    c.compare("matmul, few rows", {3 * out, 3 * in, out * in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { matmul(p[0], p[1], p[2], 3, in, out, 0.5F, more, on); }); });
    c.compare("matmul_input", {n, rows * out, out * in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { matmul_input(p[0], p[1], p[2], rows, in, out, 2.0F, more, on); }); });
    const auto frozen = [&](const char* name, auto storage, bool input) {
      c.compare(name, {rows * out, n, out * in}, [=, &c](auto tag, auto p) {
        using On = decltype(tag);
        auto* const packed = c.template bytes<On>(packed_bytes(out, in, storage, tag));
        on_device(tag, [=](auto on) {
          pack(packed, p[2], out, in, storage, on);
          if (input) matmul_frozen_input(p[1], p[0], packed, rows, in, out, more, storage, on);
          else matmul_frozen(p[0], p[1], packed, rows, in, out, more, storage, on);
          lookup_frozen(p[2], nullptr, packed, out, out, in, storage, on);
        });
      });
    };
    frozen("matmul_frozen F32", F32{}, false);
    frozen("matmul_frozen_input F32", F32{}, true);
    frozen("matmul_frozen Bf16", Bf16{}, false);
    frozen("matmul_frozen_input Bf16", Bf16{}, true);
    c.compare("silu_input", {n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { silu_input(p[0], p[1], p[2], n, more, on); }); }, 4.0F);
    c.compare("gelu_input", {n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { gelu_input(p[0], p[1], p[2], n, more, on); }); }, 4.0F);
    c.compare("swiglu_inputs", {n, n, n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { swiglu_inputs(p[0], more, p[1], !more, p[2], p[3], p[4], n, on); }); }, 4.0F);
    c.compare("scale", {n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { scale(p[0], p[1], 0.3F, n, more, on); }); });
    c.compare("multiply", {n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { multiply(p[0], p[1], p[2], n, more, on); }); });
    c.compare("dropout", {n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { dropout(p[0], p[1], n, 0.25F, {3, 4}, more, on); }); });
    c.compare("rms_norm_input", {n, n, n, in, rows}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { rms_norm_input(p[0], p[1], p[2], p[3], p[4], rows, in, more, on); }); });
    c.compare("layer_norm_input", {n, n, n, in, rows, rows}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { layer_norm_input(p[0], p[1], p[2], p[3], p[4], p[5], rows, in, more, on); }); });
  }
  c.compare("matmul_weight", {out * in, rows * out, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { matmul_weight(p[0], p[1], p[2], rows, in, out, 2.0F, on); }); });
  c.compare("matmul_weight, narrow", {3 * in, rows * 3, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { matmul_weight(p[0], p[1], p[2], rows, in, 3, 2.0F, on); }); });
  c.compare("add_bias", {n, in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { add_bias(p[0], p[1], rows, in, on); }); });
  c.compare("add_bias_weight", {in, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { add_bias_weight(p[0], p[1], rows, in, on); }); });
  c.compare("fill and copy", {n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { fill(p[0], n, 2.5F, on); copy(p[1], p[2], n, on); }); });
  c.compare("silu", {n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { silu(p[0], p[1], n, on); }); }, 4.0F);
  c.compare("gelu", {n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { gelu(p[0], p[1], n, on); }); }, 4.0F);
  c.compare("swiglu", {n, n, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { swiglu(p[0], p[1], p[2], n, on); }); }, 4.0F);
  c.compare("rms_norm", {n, rows, n, in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { rms_norm(p[0], p[1], p[2], p[3], rows, in, 1e-5F, on); }); });
  c.compare("rms_norm_weight", {in, n, n, rows}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { rms_norm_weight(p[0], p[1], p[2], p[3], rows, in, on); }); });
  c.compare("layer_norm", {n, rows, rows, n, in, in}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { layer_norm(p[0], p[1], p[2], p[3], p[4], p[5], rows, in, 1e-5F, on); }); });
  c.compare("layer_norm_weight", {in, n, n, rows, rows}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { layer_norm_weight(p[0], p[1], p[2], p[3], p[4], rows, in, on); }); });
  c.compare("adamw", {n, n, n, n}, [=](auto tag, auto p) {
    on_device(tag, [=](auto on) {
      multiply(p[2], p[2], p[2], n, false, on);
      adamw(p[0], p[1], p[2], p[3], n, {0.1F, 0.9F, 0.99F, 1e-6F, 0.01F, 0.3F, 0.2F, 0.5F}, on);
    });
  });
  c.compare("add_squares", {1, n}, [=](auto tag, auto p) { on_device(tag, [=](auto on) { add_squares(p[0], p[1], n, on); }); });

  const auto with_ids = [&](const char* name, std::vector<Index> sizes, std::vector<Id> host, auto kernel, float bound = 1.0F) {
    c.compare(name, sizes, [&c, host, kernel, on_device](auto tag, auto p) {
      const Id* const ids = c.template ids<decltype(tag)>(host);
      on_device(tag, [=](auto on) { kernel(p, ids, on); });
    }, bound);
  };
  with_ids("gather", {5 * in, n}, {3, 0, 36, 3, 9}, [=](auto p, const Id* ids, auto on) { gather(p[0], p[1], ids, 5, in, on); });
  with_ids("scatter_add", {n, 5 * in}, {3, 0, 36, 3, 9}, [=](auto p, const Id* ids, auto on) { scatter_add(p[0], p[1], ids, 5, in, on); });
  with_ids("rotary", {3 * 60}, {0, 5, 900}, [=](auto p, const Id* ids, auto on) { rotary(p[0], ids, 3, 6, 10, 1e4F, 1.0F, on); });
  with_ids("cross_entropy", {1, 3, 3 * out}, {7, -1, 132}, [=](auto p, const Id* ids, auto on) { cross_entropy(p[0], p[1], p[2], ids, 3, out, on); }, 5.0F);
  with_ids("cross_entropy_input", {3 * out, 1, 3 * out, 3}, {7, -1, 132}, [=](auto p, const Id* ids, auto on) { cross_entropy_input(p[0], p[1], p[2], p[3], ids, 3, out, true, on); }, 5.0F);
  // Three sequences, one longer than a tile; the second part of the ids are the starts of the keys, more than the queries.
  const Index heads = 6, groups = 2, d = 12, queries = 150, keys = 160;
  const auto shape = [=](const Id* ids, bool causal) { return backend::AttentionShape{ids, ids + 4, 3, heads, groups, d, causal}; };
  for (const bool causal : {true, false}) {
    with_ids("attention", {queries * heads * d, queries * heads, queries * heads * d, keys * groups * d, keys * groups * d}, {0, 3, 140, 150, 0, 3, 145, 160},
             [=](auto p, const Id* ids, auto on) { attention(p[0], p[1], p[2], p[3], p[4], shape(ids, causal), on); });
    with_ids("attention_inputs", {queries * heads * d, keys * groups * d, keys * groups * d, queries * heads * d, queries * heads * d, queries * heads, queries * heads * d, keys * groups * d, keys * groups * d},
             {0, 3, 140, 150, 0, 3, 145, 160}, [=](auto p, const Id* ids, auto on) {
               attention(p[4], p[5], p[6], p[7], p[8], shape(ids, causal), on);
               attention_inputs(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], shape(ids, causal), on);
             });
  }
  return c.results;
}

}  // namespace graft
