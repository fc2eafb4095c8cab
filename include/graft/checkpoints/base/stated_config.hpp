/// \file
/// What a model's files state of it — config.json or GGUF metadata — under the names of a config struct
/// (checkpoints/base/model_header.hpp writes it as C++). Who reads it: checkpoints/base/config_files.hpp.
#pragma once

#include <graft/core/types.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft {

/// The members of all families' config structs; a family uses its own.
struct StatedConfig {
  std::string family;                 ///< as config.json's model_type has it: "llama", "gemma2", …
  std::string architecture;           ///< the class in config.json, like "BertForMaskedLM"; empty for GGUF
  std::vector<std::string> notes{};   ///< what people should know of the files
  std::vector<std::string> labels{};  ///< names of classes by number, where the files say them
  std::ptrdiff_t pad = -1;            ///< the token that fills up batches; −1: none
  Index vocabulary = 0, width = 0, blocks = 0, heads = 0, groups = 0, head_width = 0, feed_forward = 0, positions = 0,
        token_types = 0, classes = 0, encoder_blocks = 0, buckets = 0, farthest = 0;
  bool gated = false;
  double rope_base = 10'000, norm_epsilon = 1e-6, rope_factor = 1, rope_low = 1, rope_high = 4,
         local_rope_base = 10'000, rope_ramp_begin = 0, rope_ramp_end = 0, rope_amplitude = 1;
  std::vector<double> rope_short{}, rope_long{};  ///< divisors of rotary frequencies, pair by pair
  Index rope_original = 0, rotary_width = 0, window = 0, full_every = 0, no_rope_every = 0;
  double attention_scale = 0, attention_cap = 0, logit_cap = 0;
  bool head_norm = false, tied_head = false, scaled_head = false, qkv_bias = false, output_bias = false,
       mlp_bias = false;

  /// YaRN (Peng et al. 2023) over `original` positions: pairs that turn `fast` times within them, and more, turn as
  /// they did; those that turn `slow` times or less are slower by the factor. `whole`: the ramp begins and ends at
  /// whole pairs.
  [[gnu::cold]] void set_yarn(Index original_positions, double fast, double slow, bool whole) {
    rope_original = original_positions;
    const auto original = static_cast<double>(original_positions);
    const auto turned = static_cast<double>(rotary_width == 0 ? head_width : rotary_width);
    const auto pair_of = [&](double turns) {
      return turned * std::log(original / (turns * 6.283185307179586)) / (2 * std::log(rope_base));
    };
    rope_ramp_begin = std::max(whole ? std::floor(pair_of(fast)) : pair_of(fast), 0.0);
    rope_ramp_end = std::min(whole ? std::ceil(pair_of(slow)) : pair_of(slow), turned - 1);
    if (rope_ramp_end <= rope_ramp_begin) rope_ramp_end = rope_ramp_begin + 0.001;
    rope_amplitude = yarn_amplitude(1);
  }
  [[nodiscard]] double yarn_amplitude(double by) const {
    return rope_factor <= 1 ? 1 : 0.1 * by * std::log(rope_factor) + 1;
  }
};

/// What a model is for.
enum class Task {
  next_token,   ///< …ForCausalLM
  pair,         ///< …ForConditionalGeneration
  text_class,   ///< …ForSequenceClassification: a class, or with one output a number
  token_class,  ///< …ForTokenClassification
  answer,       ///< …ForQuestionAnswering: where in a text an answer stands
  fill_in,      ///< …ForMaskedLM
  embedding     ///< …Encoder: no head
};

inline constexpr std::pair<Task, std::string_view> task_endings[] = {{Task::next_token, "ForCausalLM"},
                                                                     {Task::pair, "ForConditionalGeneration"},
                                                                     {Task::text_class, "ForSequenceClassification"},
                                                                     {Task::token_class, "ForTokenClassification"},
                                                                     {Task::answer, "ForQuestionAnswering"},
                                                                     {Task::fill_in, "ForMaskedLM"},
                                                                     {Task::embedding, "Encoder"}};

}  // namespace graft
