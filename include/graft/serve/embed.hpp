/// \file
/// A row for every text: the mean of what an encoder makes of its tokens, of length 1 (Reimers and Gurevych 2019).
///   e = m / |m|,   m(C) = mean_t h(t,C)
#pragma once

#include <graft/autodiff/tape.hpp>
#include <graft/layers/attention_context.hpp>
#include <graft/models/parts/admitted.hpp>

#include <cmath>

namespace graft {

/// Texts as token ids, their own tokens included (Tokenizer::encode_whole), to rows of C numbers. They are read in
/// passes of about `pass_tokens`.
/// \param model       an encoder
/// \param texts       ids, one list a text
/// \param pass_tokens tokens of a pass: what bounds the memory
/// \return a row of length 1 for each text
/// \throws Error where a text has no token, or one that the model does not know
template <class Model>
std::vector<std::vector<float>> embed(const Model& model, const std::vector<std::vector<Id>>& texts,
                                      Index pass_tokens = 2048) {
  using B = typename Model::backend;
  constexpr Index width = Model::config::width;
  std::vector<std::vector<float>> rows;
  Workspace<B> workspace;
  for (Index done = 0; done < texts.size();) {
    Batch batch;
    for (; done < texts.size() && (batch.tokens.empty() || batch.tokens.size() + texts[done].size() <= pass_tokens);
         ++done) {
      if (texts[done].empty()) fail("embed: text ", done, " has no token");
      // every token's row, wherever prompts move it
      batch.append_labelled(texts[done], std::vector<Id>(texts[done].size(), 0));
    }
    const Batch& prepared = admitted<Model>(batch);
    workspace.reset();
    Inference<B> tape(workspace);
    const auto h = model.hidden(tape, place(tape, prepared));
    const auto values = download<B>(h.data, h.size());
    for (Index s = 0; s < batch.sequences(); ++s) {
      std::vector<float> mean(width);
      for (auto t = static_cast<Index>(batch.starts[s]); t < static_cast<Index>(batch.starts[s + 1]); ++t)
        for (Index c = 0; c < width; ++c) mean[c] += values[static_cast<Index>(prepared.rows[t]) * width + c];
      double square = 0;
      for (const float x : mean) square += static_cast<double>(x) * static_cast<double>(x);
      const auto scale = static_cast<float>(1 / std::max(std::sqrt(square), 1e-12));
      for (float& x : mean) x *= scale;
      rows.push_back(std::move(mean));
    }
  }
  return rows;
}

}  // namespace graft
