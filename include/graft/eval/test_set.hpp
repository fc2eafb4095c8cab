/// \file
/// What a model of any kind is judged by on held-out examples: of classes the accuracy, of numbers how far they are
/// off, of answers how they match, of a model that writes ROUGE of its greedy answers.
#pragma once

#include <graft/eval/accuracy.hpp>
#include <graft/eval/answer_match.hpp>
#include <graft/eval/correlation.hpp>
#include <graft/eval/figure.hpp>
#include <graft/eval/rouge.hpp>
#include <graft/serve/generate.hpp>
#include <graft/text/formatter.hpp>

#include <concepts>

namespace graft {

/// A model that can be asked for what its kind says: scores of examples, or texts behind prompts.
template <class M>
concept Asked = requires(M& model, const std::vector<Example>& examples, const std::vector<std::vector<Id>>& prompts,
                         const GenerateOptions& options) {
  { model.kind() } -> std::same_as<ExampleKind>;
  { model.classes() } -> std::convertible_to<Index>;
  { model.logits(examples) } -> std::same_as<std::vector<std::vector<float>>>;
  { model.write(prompts, options) } -> std::same_as<std::vector<std::vector<Id>>>;
};

/// Held-out rows, and the examples that `formatter` made of them.
struct TestSet {
  const Formatter& formatter;            ///< what made the examples
  const std::vector<Example>& examples;  ///< what the loss is measured on
  const std::vector<Row>& rows;
  Index prompts = 0;  ///< of a model that writes: rows with prompt and completion that are answered for ROUGE, at most
  Index new_tokens = 32;  ///< of such an answer, at most
};

/// Whether models of a kind tell classes apart.
[[nodiscard]] constexpr bool classifies(ExampleKind kind) {
  return kind == ExampleKind::text_class || kind == ExampleKind::token_class;
}

/// Figures, and the texts that were answered, row by row, where the model answers in texts.
struct Measured {
  HeldOutFigures figures;              ///< the figures
  std::vector<std::string> answers{};  ///< what was answered, row by row
};

/// \return the figures of ROUGE, none where no row has a completion; `answers` gets what was written
template <Asked M>
std::vector<Figure> rouge_figures(M& model, const TestSet& set, std::vector<std::string>& answers) {
  std::vector<std::vector<Id>> prompts;
  while (prompts.size() < std::min(set.prompts, set.rows.size()) && set.rows[prompts.size()].has("completion"))
    prompts.push_back(set.formatter.prompt_ids(set.rows[prompts.size()]));
  if (prompts.empty()) return {};
  const auto made =
      model.write(prompts, GenerateOptions{.max_new_tokens = set.new_tokens, .stop = set.formatter.ends()});
  double one = 0, two = 0, longest = 0;
  for (Index i = 0; i < prompts.size(); ++i) {
    answers.push_back(repaired(set.formatter.tokenizer.decode(made[i])));
    const auto score = rouge(answers.back(), set.rows[i].get("completion"));
    one += score.one.f;
    two += score.two.f;
    longest += score.l.f;
  }
  const auto count = static_cast<double>(prompts.size());
  return {
      {"rouge1", "ROUGE-1", one / count}, {"rouge2", "ROUGE-2", two / count}, {"rougeL", "ROUGE-L", longest / count}};
}

/// \return the figures of numbers that texts have
[[nodiscard]] inline std::vector<Figure> number_figures(std::span<const std::vector<float>> scores,
                                                        std::span<const Example> examples) {
  std::vector<double> said, wanted;
  for (Index i = 0; i < scores.size(); ++i) {
    said.push_back(static_cast<double>(scores[i][0]));
    wanted.push_back(static_cast<double>(examples[i].number));
  }
  return {{"mean_squared_error", "mean squared error", mean_squared_error(said, wanted)},
          {"pearson", "Pearson's correlation", correlation(said, wanted)}};
}

/// \return the figures of answers that stand in texts; `answers` gets what was said
[[nodiscard]] inline std::vector<Figure> answer_figures(std::span<const std::vector<float>> scores, const TestSet& set,
                                                        std::vector<std::string>& answers) {
  AnswerMatch sum;
  for (Index i = 0; i < scores.size(); ++i) {
    answers.push_back(set.formatter.answer(set.rows[i], scores[i]));
    const auto match = answer_match(answers.back(), Formatter::answers_of(set.rows[i]));
    sum.exact += match.exact;
    sum.f1 += match.f1;
  }
  const auto count = static_cast<double>(scores.size());
  return {{"exact_match", "exact match", sum.exact / count}, {"f1", "F1", sum.f1 / count}};
}

/// All that a model is judged by beside its loss, which was measured already (eval/perplexity.hpp).
template <Asked M>
Measured measure(M& model, const TestSet& set, double loss) {
  Measured made{.figures = {.loss = loss}};
  const ExampleKind kind = model.kind();
  auto& figures = made.figures.others;
  if (writes(kind)) figures = rouge_figures(model, set, made.answers);
  if (writes(kind) || kind == ExampleKind::fill_in) return made;
  made.figures.loss_name = "loss";
  const auto scores = model.logits(set.examples);
  if (classifies(kind)) figures = {{"accuracy", "accuracy", accuracy(scores, set.examples, model.classes())}};
  else if (kind == ExampleKind::text_number) figures = number_figures(scores, set.examples);
  else figures = answer_figures(scores, set, made.answers);
  return made;
}

}  // namespace graft
