/// \file
/// The public judge of backends: every kernel of B against `reference`, on sizes with odd tails.
#pragma once

#include <graft/backend/backend.hpp>
#include <graft/backend/host/span_loss.hpp>
#include <graft/backend/host/squared_error.hpp>
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

  /// `kernel(tag, values, floats)`: `sizes` elements E and `float_sizes` floats are handed over as pointers, filled
  /// with the same random numbers in [−bound, bound].
  template <class E = float, class Kernel>
  void compare(const std::string& name, const std::vector<Index>& sizes, const std::vector<Index>& float_sizes,
               const Kernel& kernel, float bound = 1.0F) {
    const auto drawn = [&](const std::vector<Index>& wanted) {
      std::vector<std::vector<float>> all;
      for (const Index size : wanted) {
        all.emplace_back(size);
        fill_uniform(all.back().data(), size, bound, {7, ++stream_}, reference{});
      }
      return all;
    };
    const auto values = drawn(sizes), floats = drawn(float_sizes);
    const auto wanted = run<reference, E>(values, floats, kernel), found = run<B, E>(values, floats, kernel);
    double difference = 0;
    for (Index v = 0; v < wanted.size(); ++v) {
      double largest = 1e-6, worst = 0;
      for (Index i = 0; i < wanted[v].size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(wanted[v][i])));
        const double apart = std::abs(static_cast<double>(wanted[v][i]) - static_cast<double>(found[v][i]));
        if (!(apart <= worst)) worst = apart;
      }
      if (!(worst / largest <= difference)) difference = worst / largest;
    }
    results.push_back({name + (std::is_same_v<E, Bfloat16> ? ", Bf16 values" : ""), difference});
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

  template <class On, class E>
  static std::vector<E*> placed(std::vector<Buffer<On>>& buffers, const std::vector<std::vector<float>>& all) {
    std::vector<E*> pointers;
    for (const auto& v : all) {
      const std::vector<E> elements(v.begin(), v.end());
      buffers.emplace_back(v.size() * sizeof(E));
      pointers.push_back(buffers.back().template as<E>());
      upload<On>(pointers.back(), std::span<const E>(elements));
    }
    return pointers;
  }

  template <class On, class E, class Kernel>
  std::vector<std::vector<float>> run(const std::vector<std::vector<float>>& values,
                                      const std::vector<std::vector<float>>& floats, const Kernel& kernel) {
    std::vector<Buffer<On>> buffers;
    const auto v = placed<On, E>(buffers, values);
    const auto f = placed<On, float>(buffers, floats);
    kernel(On{}, v, f);
    std::vector<std::vector<float>> out;
    for (Index i = 0; i < v.size(); ++i) {
      const auto elements = download<On>(v[i], values[i].size());
      out.emplace_back();
      for (const E e : elements) out.back().push_back(static_cast<float>(e));
    }
    for (Index i = 0; i < f.size(); ++i) out.push_back(download<On>(f[i], floats[i].size()));
    return out;
  }

  std::vector<Buffer<B>> mine_;
  std::vector<Buffer<reference>> theirs_;
  std::uint64_t stream_ = 0;
};

/// The kernels that take values of elements E.
template <class E, class B>
void check_elements(Checker<B>& c) {
  const Index rows = 37, in = 70, out = 133, n = rows * in;
  const auto on_device = [](auto tag, const auto& kernel) { launch<decltype(tag)>(kernel); };
  const auto check = [&](const char* name, const std::vector<Index>& sizes, const std::vector<Index>& floats,
                         auto kernel, float bound = 1.0F) {
    c.template compare<E>(
        name, sizes, floats, [=](auto tag, auto v, auto f) { on_device(tag, [=](auto on) { kernel(v, f, on); }); },
        bound);
  };
  const auto with_ids = [&](const char* name, const std::vector<Index>& sizes, const std::vector<Index>& floats,
                            std::vector<Id> host, auto kernel) {
    c.template compare<E>(name, sizes, floats, [&c, host, kernel, on_device](auto tag, auto v, auto f) {
      const Id* const ids = c.template ids<decltype(tag)>(host);
      on_device(tag, [=](auto on) { kernel(v, f, ids, on); });
    });
  };
  for (const bool more : {false, true}) {
    check("matmul", {rows * out, n}, {out * in},
          [=](auto v, auto f, auto on) { matmul(v[0], v[1], f[0], rows, in, out, 0.5F, more, on); });
    check("matmul, few rows", {3 * out, 3 * in}, {out * in},
          [=](auto v, auto f, auto on) { matmul(v[0], v[1], f[0], 3, in, out, 0.5F, more, on); });
    check("matmul_input", {n, rows * out}, {out * in},
          [=](auto v, auto f, auto on) { matmul_input(v[0], v[1], f[0], rows, in, out, 2.0F, more, on); });
    check(
        "silu_input", {n, n, n}, {}, [=](auto v, auto, auto on) { silu_input(v[0], v[1], v[2], n, more, on); }, 4.0F);
    check(
        "gelu_input", {n, n, n}, {}, [=](auto v, auto, auto on) { gelu_input(v[0], v[1], v[2], n, more, on); }, 4.0F);
    check(
        "swiglu_inputs", {n, n, n, n, n}, {},
        [=](auto v, auto, auto on) { swiglu_inputs(v[0], more, v[1], !more, v[2], v[3], v[4], n, on); }, 4.0F);
    check("scale", {n, n}, {n}, [=](auto v, auto f, auto on) {
      scale(v[0], v[1], 0.3F, n, more, on);
      scale(v[0], f[0], 0.3F, n, more, on);
      scale(f[0], v[0], 0.3F, n, more, on);
    });
    check("scale_by", {n, n}, {1}, [=](auto v, auto f, auto on) { scale_by(v[0], v[1], f[0], n, more, on); });
    check("multiply", {n, n, n}, {}, [=](auto v, auto, auto on) { multiply(v[0], v[1], v[2], n, more, on); });
    check("dropout", {n, n}, {}, [=](auto v, auto, auto on) { dropout(v[0], v[1], n, 0.25F, {3, 4}, more, on); });
    check("rms_norm_input", {n, n, n}, {in, rows},
          [=](auto v, auto f, auto on) { rms_norm_input(v[0], v[1], v[2], f[0], f[1], rows, in, more, on); });
    check("rms_norm_input of floats", {n}, {n, n, in, rows},
          [=](auto v, auto f, auto on) { rms_norm_input(f[0], v[0], f[1], f[2], f[3], rows, in, more, on); });
    check("layer_norm_input", {n, n, n}, {in, rows, rows},
          [=](auto v, auto f, auto on) { layer_norm_input(v[0], v[1], v[2], f[0], f[1], f[2], rows, in, more, on); });
  }
  check("matmul_weight", {rows * out, n}, {out * in},
        [=](auto v, auto f, auto on) { matmul_weight(f[0], v[0], v[1], rows, in, out, 2.0F, on); });
  check("matmul_weight, narrow", {rows * 3, n}, {3 * in},
        [=](auto v, auto f, auto on) { matmul_weight(f[0], v[0], v[1], rows, in, 3, 2.0F, on); });
  check("add_bias", {n}, {in}, [=](auto v, auto f, auto on) { add_bias(v[0], f[0], rows, in, on); });
  check("add_bias_weight", {n}, {in}, [=](auto v, auto f, auto on) { add_bias_weight(f[0], v[0], rows, in, on); });
  check("fill and copy", {n, n, n}, {}, [=](auto v, auto, auto on) {
    fill(v[0], n, 2.5F, on);
    copy(v[1], v[2], n, on);
  });
  check(
      "silu", {n, n}, {}, [=](auto v, auto, auto on) { silu(v[0], v[1], n, on); }, 4.0F);
  check(
      "gelu", {n, n}, {}, [=](auto v, auto, auto on) { gelu(v[0], v[1], n, on); }, 4.0F);
  check(
      "swiglu", {n, n, n}, {}, [=](auto v, auto, auto on) { swiglu(v[0], v[1], v[2], n, on); }, 4.0F);
  check("rms_norm", {n, n}, {rows, in},
        [=](auto v, auto f, auto on) { rms_norm(v[0], f[0], v[1], f[1], rows, in, 1e-5F, on); });
  check("rms_norm of floats", {n}, {rows, n, in},
        [=](auto v, auto f, auto on) { rms_norm(v[0], f[0], f[1], f[2], rows, in, 1e-5F, on); });
  check("rms_norm_weight", {n, n}, {in, rows},
        [=](auto v, auto f, auto on) { rms_norm_weight(f[0], v[0], v[1], f[1], rows, in, on); });
  check("layer_norm", {n, n}, {rows, rows, in, in},
        [=](auto v, auto f, auto on) { layer_norm(v[0], f[0], f[1], v[1], f[2], f[3], rows, in, 1e-5F, on); });
  check("layer_norm_weight", {n, n}, {in, rows, rows},
        [=](auto v, auto f, auto on) { layer_norm_weight(f[0], v[0], v[1], f[1], f[2], rows, in, on); });
  with_ids("gather", {5 * in, n}, {}, {3, 0, 36, 3, 9},
           [=](auto v, auto, const Id* ids, auto on) { gather(v[0], v[1], ids, 5, in, on); });
  with_ids("place_rows", {n, 4 * in}, {}, {3, 0, 36, 9},
           [=](auto v, auto, const Id* ids, auto on) { place_rows(v[0], ids, v[1], 4, in, on); });
  with_ids("scatter_add", {n, 5 * in}, {}, {3, 0, 36, 3, 9},
           [=](auto v, auto, const Id* ids, auto on) { scatter_add(v[0], v[1], ids, 5, in, on); });
  with_ids("rotary", {3 * 60}, {3 * 10}, {0, 5, 900}, [=](auto v, auto f, const Id* ids, auto on) {
    rotary_table(f[0], ids, 3, 10, backend::RotaryFrequencies{1e4F}, on);
    rotary(v[0], f[0], 3, 6, 10, 10, 1.0F, on);
    rotary(v[0], f[0], 3, 3, 20, 10, -1.0F, on);
  });
  // Sequences of 3, 137 and 10 queries; the keys begin elsewhere, in a cache; the last sequence continues the second
  // one. Besides, one query at a time against a cache with room behind each sequence's keys, as decoding has it.
  {
    const Index kv = 100 * 2 * 64;
    with_ids("attention of single queries", {2 * 6 * 64, 2 * 6 * 64, kv, kv}, {2 * 6}, {0, 1, 2, 0, 50, 23, 90},
             [=](auto v, auto f, const Id* i, auto on) {
               attention(v[0], f[0], v[1], v[2], v[3],
                         backend::AttentionShape{i, i + 3, i + 5, nullptr, 2, 6, 2, 64, true, {}}, on);
             });
  }
  const Index heads = 6, groups = 2, d = 12, queries = 150, keys = 160, q = queries * heads * d, kv = keys * groups * d;
  // In the last two modes, a window of 40 keys and capped scores as well.
  const auto shape = [=](const Id* ids, bool causal, bool prefix, bool ruled) {
    return backend::AttentionShape{ids,     ids + 4,
                                   nullptr, prefix ? ids + 8 : nullptr,
                                   3,       heads,
                                   groups,  d,
                                   causal,  ruled ? AttentionRule{0.4F, 1.5F, 40} : AttentionRule{}};
  };
  for (const int mode : {0, 1, 2, 3, 4}) {
    const bool causal = mode != 1, prefix = mode == 2 || mode == 4, ruled = mode > 2;
    const std::vector<Id> ids{0, 3, 140, 150, 0, 3, 145, 160, -1, -1, 1};
    with_ids(ruled    ? "attention by a rule"
             : prefix ? "attention with a prefix"
                      : "attention",
             {q, q, kv, kv}, {queries * heads}, ids, [=](auto v, auto f, const Id* i, auto on) {
               attention(v[0], f[0], v[1], v[2], v[3], shape(i, causal, prefix, ruled), on);
             });
    with_ids(ruled    ? "attention_inputs by a rule"
             : prefix ? "attention_inputs with a prefix"
                      : "attention_inputs",
             {q, kv, kv, q, q, q, kv, kv}, {queries * heads}, ids, [=](auto v, auto f, const Id* i, auto on) {
               attention(v[4], f[0], v[5], v[6], v[7], shape(i, causal, prefix, ruled), on);
               attention_inputs(
                   backend::AttentionGradients<E>{v[0], v[1], mode == 0 ? nullptr : v[2], true, false, true}, v[3],
                   v[4], f[0], v[5], v[6], v[7], shape(i, causal, prefix, ruled), on);
             });
  }
}

/// The products with weights kept as S of values of elements X, results in elements Y.
template <class S, class X, class Y, class B>
void check_products(Checker<B>& c, const std::string& name) {
  const auto step = [&](const std::string& what, Index rows, Index in, Index wide, Index rank, Index other_rank,
                        bool more, Index members = 1) {
    const Index small = 24;
    c.template compare<X>(
        what + name, {rows * in, rows * in, rows * rank, rows * std::max<Index>(other_rank, 1)},
        {wide * in, small * in, rank * in, wide * rank, other_rank * in, small * other_rank, rank * in, wide * rank,
         rows * in, 64 * in},
        [=, &c](auto tag, auto v, auto f) {
          using On = decltype(tag);
          const auto weight = [&](Index outs, const float* from) {
            auto* const packed = c.template bytes<On>(packed_bytes(outs, in, S{}, tag));
            launch<On>([=](auto on) { pack(packed, from, outs, in, S{}, on); });
            return packed;
          };
          const auto *const w = weight(wide, f[0]), *const w2 = weight(small, f[1]);
          auto* const y = reinterpret_cast<Y*>(c.template bytes<On>(rows * wide * sizeof(Y)));
          auto* const y2 = reinterpret_cast<Y*>(c.template bytes<On>(rows * small * sizeof(Y)));
          std::vector<Id> owner_of(rows);
          for (Index t = 0; t < rows; ++t) owner_of[t] = static_cast<Id>(t * members / rows);
          const backend::Members together{members, members > 1 ? c.template ids<On>(owner_of) : nullptr};
          launch<On>([=](auto on) {
            const Id twice[] = {static_cast<Id>(wide - 1), 2};
            lookup_frozen(f[9], twice, w, 2, wide, in, S{}, on);
            const backend::Branch<Y, X> branches[] = {{w, wide, rank, f[2], f[3], 0.5F, v[2], y, together},
                                                      {w2, small, other_rank, f[4], f[5], -2.0F, v[3], y2}};
            project(branches, 2, v[0], static_cast<const Y*>(nullptr), rows, in, S{}, on);
            scale(f[8], y, 1.0F, std::min(rows * wide, rows * in), true, on);
            scale(f[8], y2, 1.0F, std::min(rows * small, rows * in), true, on);
            backend::BranchGradient<Y, X> back[] = {
                {w, wide, rank, f[2], f[3], 0.5F, v[2], y, f[6], f[7], nullptr, together},
                {w2, small, other_rank, f[4], f[5], -2.0F, v[3], y2, nullptr, nullptr, nullptr}};
            project_backward(back, 2, v[1], more, v[0], rows, in, S{}, on);
            project(branches, 1, v[0], static_cast<const Y*>(y), rows, in, S{}, on);
            scale(f[8], y, 1.0F, std::min(rows * wide, rows * in), true, on);
          });
        });
  };
  step("project, ", 37, 70, 133, 5, 0, false);
  step("project of steps, ", 70, 96, 192, 24, 16, true);
  step("project of one row, ", 1, 64, 40, 3, 2, false);
  step("project of a bank, ", 50, 64, 70, 40, 16, true, 4);
  c.template compare<X>(
      "vocabulary_loss, " + name, {5 * 64, 5 * 64}, {1, 5, 400 * 64},
      [&c](auto tag, auto v, auto f) {
        using On = decltype(tag);
        auto* const w = c.template bytes<On>(packed_bytes(400, 64, S{}, tag));
        auto* const work = reinterpret_cast<float*>(
            c.template bytes<On>(sizeof(float) * vocabulary_workspace<X>(5, 400, 64, S{}, tag)));
        const Id* const targets = c.template ids<On>({7, 0, 399, 200, 7});
        launch<On>([=](auto on) {
          pack(w, f[2], 400, 64, S{}, on);
          vocabulary_loss(f[0], f[1], v[0], v[1], w, targets, 5, 64, 400, work, S{}, on);
        });
      },
      2.0F);
}

}  // namespace backend

/// Every kernel of B beside `reference`. Differences of about 1e-6 are rounding; those named Bf16 differ by up to about
/// 1e-2, the last bit of a bfloat16, where sums are rounded in another order.
template <class B>
std::vector<BackendCheck> check_backend() {
  backend::Checker<B> c;
  backend::check_elements<float>(c);
  backend::check_elements<Bfloat16>(c);
  backend::check_products<F32, float, float>(c, "F32");
  backend::check_products<Bf16, Bfloat16, Bfloat16>(c, "Bf16");
  backend::check_products<Bf16, Bfloat16, float>(c, "Bf16 to floats");
  backend::check_products<Bf16, float, float>(c, "Bf16 of floats");
  backend::check_products<Q8_0, Bfloat16, Bfloat16>(c, "Q8_0");
  backend::check_products<Q4_1, Bfloat16, Bfloat16>(c, "Q4_1");
  backend::check_products<Nf4, Bfloat16, Bfloat16>(c, "Nf4");
  backend::check_products<Nf4DoubleQuant, Bfloat16, Bfloat16>(c, "Nf4DoubleQuant");
  backend::check_products<Int8, Bfloat16, Bfloat16>(c, "Int8");
  const Index rows = 37, in = 70, out = 133, n = rows * in;
  const auto on_device = [](auto tag, const auto& kernel) { launch<decltype(tag)>(kernel); };
  // A trained weight has a gradient besides.
  c.template compare<Bfloat16>(
      "project of a trained weight", {n, rows * out, n}, {out * in, out * in, 0, 0}, [=](auto tag, auto v, auto f) {
        on_device(tag, [=](auto on) {
          const auto* const w = reinterpret_cast<const std::byte*>(f[0]);
          const backend::Branch<Bfloat16, Bfloat16> branch{w, out, 0, nullptr, nullptr, 0.0F, nullptr, v[1]};
          const backend::BranchGradient<Bfloat16, Bfloat16> back{w,       out,  0,       nullptr, nullptr, 0.0F,
                                                                 nullptr, v[1], nullptr, nullptr, f[1]};
          project(&branch, 1, v[0], static_cast<const Bfloat16*>(nullptr), rows, in, Trained{}, on);
          project_backward(&back, 1, v[2], true, v[0], rows, in, Trained{}, on);
        });
      });
  c.compare("adamw", {}, {n, n, n, n}, [=](auto tag, auto, auto f) {
    on_device(tag, [=](auto on) {
      multiply(f[2], f[2], f[2], n, false, on);
      adamw(f[0], f[1], f[2], f[3], n, {0.1F, 0.9F, 0.99F, 1e-6F, 0.01F, 0.3F, 0.2F, 0.5F}, on);
    });
  });
  c.compare("adamw8bit", {}, {n, backend::adamw8bit_state_bytes(n) / sizeof(float), n}, [=](auto tag, auto, auto f) {
    on_device(tag, [=](auto on) {
      fill(f[1], backend::adamw8bit_state_bytes(n) / sizeof(float), 0.0F, on);
      for (const std::uint32_t seed : {1U, 2U})
        adamw8bit(f[0], f[1], f[2], n, {0.1F, 0.9F, 0.99F, 1e-6F, 0.01F, 0.3F, 0.2F, 0.5F}, seed, on);
      fill(f[1], backend::adamw8bit_state_bytes(n) / sizeof(float), 0.0F, on);  // bytes, not floats to compare
    });
  });
  c.compare("add_squares", {}, {1, n},
            [=](auto tag, auto, auto f) { on_device(tag, [=](auto on) { add_squares(f[0], f[1], n, on); }); });
  const auto losses = [&](const char* name, const std::vector<Index>& sizes, auto kernel) {
    c.compare(
        name, {}, sizes,
        [&c, kernel, on_device](auto tag, auto, auto f) {
          const Id* const ids = c.template ids<decltype(tag)>({7, -1, 132});
          on_device(tag, [=](auto on) { kernel(f, ids, on); });
        },
        5.0F);
  };
  c.compare("largest_of_rows", {}, {3, 3 * 700}, [&c, on_device](auto tag, auto, auto f) {
    auto* const ids = reinterpret_cast<Id*>(c.template bytes<decltype(tag)>(3 * sizeof(Id)));
    on_device(tag, [=](auto on) {
      largest_of_rows(ids, f[1], 3, 700, on);
      for (Index t = 0; t < 3; ++t) f[0][t] = static_cast<float>(ids[t]);
    });
  });
  losses("cross_entropy", {1, 3, 3 * out},
         [=](auto f, const Id* ids, auto on) { cross_entropy(f[0], f[1], f[2], ids, 3, out, on); });
  losses("cross_entropy_input", {3 * out, 1, 3 * out, 3},
         [=](auto f, const Id* ids, auto on) { cross_entropy_input(f[0], f[1], f[2], f[3], ids, 3, out, true, on); });
  c.compare("squared_error", {}, {1, n, n},
            [=](auto tag, auto, auto f) { on_device(tag, [=](auto on) { squared_error(f[0], f[1], f[2], n, on); }); });
  c.compare("squared_error_input", {}, {n, 1, n, n}, [=](auto tag, auto, auto f) {
    on_device(tag, [=](auto on) { squared_error_input(f[0], f[1], f[2], f[3], n, true, on); });
  });
  const auto spans = [&](const char* name, const std::vector<Index>& sizes, auto kernel) {
    c.compare(name, {}, sizes, [&c, kernel, on_device](auto tag, auto, auto f) {
      const Id *const texts = c.template ids<decltype(tag)>({0, 3, 3, 9}), *const places =
                                                                               c.template ids<decltype(tag)>(
                                                                                   {1, 2, 3, 8});
      on_device(tag, [=](auto on) { kernel(f, texts, places, on); });
    });
  };
  spans("span_loss", {1, 4, 18},
        [=](auto f, const Id* texts, const Id* places, auto on) { span_loss(f[0], f[1], f[2], texts, places, 4, on); });
  spans("span_loss_input", {18, 1, 18, 4}, [=](auto f, const Id* texts, const Id* places, auto on) {
    span_loss_input(f[0], f[1], f[2], f[3], texts, places, 4, on);
  });
  return c.results;
}

}  // namespace graft
