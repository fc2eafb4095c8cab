// What a method that puts rows or keys before a text makes of generation.
#pragma once

#include "peft/holds.hpp"

namespace holding {

/// Logits after each token of a text, all at once and one by one through the cache.
template <class M, class B>
void generates() {
  Llama<Config, M, B> model;
  tiny::fill(model);
  const std::vector<Id> text{3, 1, 4, 15, 9, 2, 6};
  Batch whole;
  whole.append(text, std::vector<Id>(text.size(), -1));
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  const auto logits = model.logits(tape, model.hidden(tape, place(tape, decltype(model)::prepared(whole))));
  const auto all = download<B>(logits.data, logits.size());
  Generator generator(model, 64);
  for (Index t = 0; t < text.size(); ++t) {
    std::vector<Id> read;
    if (t == 0) read = model.ahead.text.tokens();
    read.push_back(text[t]);
    const auto next = generator.next(read);
    double worst = 0;
    for (Index v = 0; v < Config::vocabulary; ++v)
      worst = std::max(
          worst, static_cast<double>(std::abs(next[v] - all[(model.ahead.text.count + t) * Config::vocabulary + v])));
    BOOST_TEST(worst < 1e-4);
  }
}

}  // namespace holding
