/// \file
/// The public judge of communicators.
#pragma once

#include <graft/core/fingerprint.hpp>
#include <graft/core/random.hpp>
#include <graft/train/communicator.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace graft {

/// What is wrong with a communicator, in words; nothing where nothing is. Every rank calls it. B: where the floats lie.
template <Backend B = backend::reference, Communicator C>
std::vector<std::string> check_communicator(C ranks) {
  std::vector<std::string> wrong;
  const auto say = [&wrong](const std::string& text, bool right) {
    if (!right) wrong.push_back(text);
  };
  const Index rank = ranks.rank(), count = ranks.ranks();
  say("rank() is not below ranks()", rank < count);
  const auto number = [](Index of, Index i) { return standard_normal({11, of}, i); };
  for (const Index size : {Index{0}, Index{1}, Index{7}, Index{1000}, Index{100'003}}) {
    const std::string of = " of " + std::to_string(size) + " floats";
    const auto summed = [&] {
      std::vector<float> own(size);
      for (Index i = 0; i < size; ++i) own[i] = number(rank, i);
      const Buffer<B> memory(size * sizeof(float));
      upload<B>(memory.as(), std::span<const float>(own));
      ranks.sum(memory.template as<float>(), size, B{});
      return download<B>(memory.template as<float>(), size);
    };
    const auto found = summed(), again = summed();
    bool right = true;
    for (Index i = 0; i < size; ++i) {
      double sum = 0, largest = 1e-6;
      for (Index r = 0; r < count; ++r) {
        sum += static_cast<double>(number(r, i));
        largest += std::abs(static_cast<double>(number(r, i)));
      }
      right = right && std::abs(static_cast<double>(found[i]) - sum) <= 1e-6 * largest;
    }
    say("the sum" + of + " is another", right);
    say("the sum" + of + " is another at another call", found == again);
    Fingerprint bits;
    bits.add(found);
    say("the sum" + of + " has other bits on other ranks", same_on_all(ranks, bits.value()));
  }
  double counts[] = {static_cast<double>(rank + 1), std::ldexp(1.0, 40) + static_cast<double>(rank), 0.0};
  ranks.sum(std::span<double>(counts));
  const auto n = static_cast<double>(count);
  say("counts are not added up exactly",
      counts[0] == n * (n + 1) / 2 && counts[1] == n * std::ldexp(1.0, 40) + n * (n - 1) / 2 && counts[2] == 0.0);
  return wrong;
}

}  // namespace graft
