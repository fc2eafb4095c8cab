#include <graft/models/families/gemma/gemma.hpp>

#include "models/by_hand.hpp"

using namespace graft;
using B = reference;

BOOST_AUTO_TEST_SUITE(models_families_gemma_gemma)

static_assert(std::string_view(GemmaFamily::model_type<Gemma2_2B>) == "gemma2" &&
              std::string_view(GemmaFamily::model_type<Gemma3_270M>) == "gemma3_text");

struct Config : by_hand::TwoColumns<GemmaDefaults> {
  static constexpr float rope_base = 1'000, rope_factor = 4, local_rope_base = 50;
  static constexpr Index head_width = 4;
};

// Blocks that see all of a text turn by another base than those with a window, and are stretched alone.
BOOST_AUTO_TEST_CASE(two_tables_of_turns) {
  Workspace<B> workspace;
  Inference<B> tape(workspace);
  Batch batch;
  batch.append({1, 2}, {-1, -1});
  const auto tables = GemmaFamily::positions_of<Config>(tape, place(tape, batch));
  const auto row = [](auto table) {
    const auto all = download<B>(table.data, 8);
    return std::vector<float>(all.begin() + 4, all.end());
  };
  const auto turned_by = [](float first, float second) {
    return std::vector<float>{std::cos(first), std::cos(second), std::sin(first), std::sin(second)};
  };
  by_hand::close(row(tables.local), turned_by(1, 1 / std::sqrt(50.0F)));
  by_hand::close(row(tables.global), turned_by(0.25F, 0.25F / std::sqrt(1'000.0F)));
}

// Tokens come in √C times their row, and the head that is tied to them reads the row itself.
BOOST_AUTO_TEST_CASE(embedded_tokens_are_scaled) {
  Gemma<Config, FrozenBase, B> model;
  by_hand::still(model);
  Batch batch;
  batch.append({1, 4}, {-1, -1});
  const float root = std::sqrt(2.0F);
  by_hand::close(by_hand::hidden(model, batch), {root, -root, 7 * root, root});
  const auto logits = by_hand::read(
      model, batch, [&](auto& tape, const auto& placed) { return model.logits(tape, model.hidden(tape, placed)); });
  by_hand::close({logits.begin(), logits.begin() + 5}, {0, 2, -2, 0, 6});  // rows · (1, −1)
}

// The gain is 1 + w.
BOOST_AUTO_TEST_CASE(norms_about_one) {
  Gemma<Config, FrozenBase, B> model;
  by_hand::still(model);
  BOOST_TEST((model.final_norm.weight.read() == std::vector<float>{0, 0}));
  model.final_norm.weight.assign(std::vector<float>{1, -1});
  Batch batch;
  batch.append({1}, {-1});
  const auto logits = by_hand::read(
      model, batch, [&](auto& tape, const auto& placed) { return model.logits(tape, model.hidden(tape, placed)); });
  by_hand::close(logits, {2, 2, -2, -2, 14});  // rows · (2, 0)
}

BOOST_AUTO_TEST_SUITE_END()
