/// \file
/// How kernels of two backends are compared.
#pragma once

#include <graft/backend/kernels.hpp>
#include <graft/backend/reference.hpp>

#include <cmath>
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
        const RandomKey key{7, ++stream_};
        for (Index i = 0; i < size; ++i) all.back()[i] = bound * (2.0F * uniform01(key, i) - 1.0F);
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

  /// `kernel(v, f, on)` as one launch of kernels, or `kernel(v, f, ids, on)` with whole numbers.
  template <class E = float, class Kernel>
  void check(const std::string& name, const std::vector<Index>& sizes, const std::vector<Index>& floats, Kernel kernel,
             float bound = 1.0F) {
    compare<E>(
        name, sizes, floats, [=](auto tag, auto v, auto f) { launch(tag, [=](auto on) { kernel(v, f, on); }); }, bound);
  }
  template <class E = float, class Kernel>
  void with_ids(const std::string& name, const std::vector<Index>& sizes, const std::vector<Index>& floats,
                const std::vector<Id>& host, Kernel kernel, float bound = 1.0F) {
    compare<E>(
        name, sizes, floats,
        [&](auto tag, auto v, auto f) {
          const Id* const there = this->template ids<decltype(tag)>(host);
          launch(tag, [=](auto on) { kernel(v, f, there, on); });
        },
        bound);
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

}  // namespace backend

}  // namespace graft
