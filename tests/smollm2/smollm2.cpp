// The real model against what PyTorch computed of it. Needs the model file: GRAFT_SMOLLM2_GGUF.
#include <graft/graft.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(smollm2)

using Model = Llama<SmolLM2_135M, LoRA<2, On<Query, Value>, Alpha<8>>, Cpu>;
const std::filesystem::path shared = GRAFT_SMOLLM2_SHARED, gguf = GRAFT_SMOLLM2_GGUF;

BOOST_AUTO_TEST_CASE(tokenizers) {
  const ModelFiles files(gguf);
  const auto from_gguf = load_tokenizer(files);
  const Tokenizer from_json(tokenizer_parts(read_json(shared / "tokenizer.json"), "tokenizer.json"));
  const auto rows = read_jsonl(shared / "tokenizer.jsonl");
  BOOST_TEST(rows.size() > 0U);
  for (const auto& row : rows) {
    const auto text = row.json.at("text").get<std::string>();
    const auto ids = row.json.at("ids").get<std::vector<Id>>();
    BOOST_TEST((from_gguf.encode(text) == ids), text);
    BOOST_TEST((from_json.encode(text) == ids), text);
    BOOST_TEST((from_gguf.decode(ids, true) == text), text);
  }
}

std::vector<float> last_logits(const Model& model, const std::vector<Id>& ids) {
  Generator generator(model);
  return generator.next(ids);
}

BOOST_AUTO_TEST_CASE(logits_losses_greedy_tokens_and_gradients) {
  auto model = load<Model>(gguf);
  const ModelFiles files(gguf);
  const auto tokenizer = load_tokenizer(files);
  const auto expected = read_json(shared / "expected.json");
  const SafetensorsFile tensors(shared / "expected.safetensors");
  Workspace<Cpu> workspace;
  for (const bool adapter : {false, true}) {
    if (adapter) load_adapter(model, shared / "adapter");
    for (Index i = 0; i < expected.size(); ++i) {
      const auto ids = tokenizer.encode(expected[i].at("text").get<std::string>());
      const std::string prefix = "prompt" + std::to_string(i) + ".";
      const auto wanted_ids = to_integers(tensors.tensors.at(prefix + "ids"), "ids");
      BOOST_TEST((std::vector<std::int64_t>(ids.begin(), ids.end()) == wanted_ids));
      const auto found = last_logits(model, ids),
                 wanted =
                     to_floats(tensors.tensors.at(prefix + (adapter ? "adapter" : "base") + "_last_logits"), "logits");
      double worst = 0;
      for (Index v = 0; v < wanted.size(); ++v)
        worst = std::max(worst, std::abs(static_cast<double>(found[v]) - static_cast<double>(wanted[v])));
      BOOST_TEST(worst < 2e-3);
      Batch batch;
      batch.append(ids, ids);
      const double loss = held_out_loss(model, std::span<const Batch>(&batch, 1), workspace).mean();
      BOOST_TEST(std::abs(loss - expected[i].at(adapter ? "adapter_loss" : "base_loss").get<double>()) < 1e-4);
      if (!adapter) {
        auto greedy = expected[i].at("greedy_24").get<std::vector<Id>>();
        const bool stopped = greedy.back() == 2;
        if (stopped) greedy.pop_back();
        Generator generator(model);
        BOOST_TEST((generator(ids, {.max_new_tokens = 24, .stop = {2}}) == greedy));
      }
      if (adapter && i + 1 == expected.size()) {
        Trainer trainer(model);
        trainer.gradient(batch, 1.0F / static_cast<float>(batch.targets.size()));
        // Ours are in float64 to the end (make_gradients.py). The shared folder's come from a loss that was summed in
        // float32, which makes them differ from these by up to 1.9e-3 of the largest entry.
        const auto compare = [&](const std::filesystem::path& path, double tolerance) {
          const SafetensorsFile gradients(path);
          BOOST_TEST(gradients.tensors.size() == 8U);
          for (const auto& [name, tensor] : gradients.tensors) {
            std::string ours = name;
            for (const char* part : {"base_model.model.", ".default"})
              if (const auto at = ours.find(part); at != std::string::npos) ours.erase(at, std::string(part).size());
            const auto slot = std::find_if(trainer.slots().begin(), trainer.slots().end(),
                                           [&](const auto& s) { return s.path == ours; });
            BOOST_REQUIRE_MESSAGE(slot != trainer.slots().end(), ours);
            const auto want = to_floats(tensor, name), have = download<Cpu>(slot->gradient, slot->size);
            double largest = 0, apart = 0;
            for (Index k = 0; k < want.size(); ++k) {
              largest = std::max(largest, std::abs(static_cast<double>(want[k])));
              apart = std::max(apart, std::abs(static_cast<double>(want[k]) - static_cast<double>(have[k])));
            }
            BOOST_TEST(apart < tolerance * largest,
                       path << ": " << name << " is off by " << apart << " of " << largest);
          }
        };
        compare(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "smollm2/gradients.safetensors", 2e-4);
        compare(shared / "gradients.safetensors", 2.5e-3);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
