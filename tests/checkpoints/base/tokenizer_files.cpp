#include <graft/checkpoints/base/tokenizer_files.hpp>

#include "checkpoints/families/configs.hpp"
#include "folder.hpp"

using namespace graft;
using made::error_of;

BOOST_AUTO_TEST_SUITE(checkpoints_base_tokenizer_files)

/// A model's folder with a tokenizer of the tests.
struct Model : Folder {
  explicit Model(const std::string& tokenizer) : Folder("graft-tokenizer-files-" + tokenizer) {
    write_json(path / "config.json", made::with(made::sizes("llama"), {{"eos_token_id", 7}}));
    write_safetensors(path / "model.safetensors", {{"model.norm.weight", {1}, {1}}});
    if (!tokenizer.empty())
      write_file(path / "tokenizer.json",
                 read_file(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/tokenizers" / tokenizer));
  }
  void write(const char* name, const Json& json) const { write_json(path / name, json); }
  [[nodiscard]] ModelFiles files() const { return ModelFiles(path); }
};

BOOST_AUTO_TEST_CASE(tokens_that_end_texts) {
  const Model model("gpt2.json");
  const auto tokenizer = load_tokenizer(model.files());
  const auto ends = [&] { return end_tokens(model.files(), tokenizer); };
  const Id named = tokenizer.id("<|end|>");  // by its name it ends a turn
  BOOST_TEST(ends() == (std::vector<Id>{7, named}), boost::test_tools::per_element());
  model.write("generation_config.json", {{"eos_token_id", {5, 7, -1, 1'000'000, "x"}}});
  BOOST_TEST(ends() == (std::vector<Id>{5, 7, named}), boost::test_tools::per_element());
  model.write("tokenizer_config.json", {{"eos_token", {{"content", "<|end|>"}}}});
  BOOST_TEST(ends() == (std::vector<Id>{named, 5, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(chat_templates) {
  const Model model("gpt2.json");
  const auto jinja = [&] {
    const auto chat = load_chat_template(model.files());
    return chat ? chat->jinja() : "none";
  };
  BOOST_TEST(jinja() == "none");
  model.write("tokenizer_config.json",
              {{"chat_template", "{{ bos_token }}a"}, {"bos_token", "<s>"}, {"eos_token", "</s>"}});
  BOOST_TEST(jinja() == "{{ bos_token }}a");
  BOOST_TEST(load_chat_template(model.files())->eos() == "</s>");
  BOOST_TEST(load_chat_template(model.files())->render({}, true).text == "<s>a");
  model.write(
      "tokenizer_config.json",
      {{"chat_template", {{{"name", "tool_use"}, {"template", "b"}}, {{"name", "default"}, {"template", "c"}}}}});
  BOOST_TEST(jinja() == "c");
  write_file(model.path / "chat_template.jinja", "d");  // a file of its own counts
  BOOST_TEST(jinja() == "d");
  write_file(model.path / "chat_template.jinja", "{% if");
  BOOST_CHECK_THROW(jinja(), Error);
}

BOOST_AUTO_TEST_CASE(formatters) {
  const Model masked("bert.json"), plain("gpt2.json");
  const auto bert = load_tokenizer(masked.files()), gpt2 = load_tokenizer(plain.files());
  const auto fills = load_formatter(masked.files(), bert, ExampleKind::fill_in, "", 100);
  BOOST_TEST(fills.mask == bert.id("[MASK]"));
  BOOST_TEST(fills.mask == 4);
  BOOST_TEST(fills.longest == 100U);
  BOOST_TEST(fills.vocabulary == 64U);  // rows that the model has
  const auto goes_on = load_formatter(plain.files(), gpt2, ExampleKind::next_token, "Be brief.");
  BOOST_TEST(goes_on.mask == -1);
  BOOST_TEST(goes_on.end == 7);
  BOOST_TEST(goes_on.instruction == "Be brief.");
  BOOST_TEST(!goes_on.chat.has_value());
}

BOOST_AUTO_TEST_CASE(copies_beside_another_model) {
  const Model model("gpt2.json");
  const Folder other("graft-tokenizer-copy");
  model.write("tokenizer_config.json", {{"eos_token", "<|end|>"}});
  save_tokenizer(model.files(), other.path);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
    BOOST_TEST(read_file(other.path / name) == read_file(model.path / name), name);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(other.path), {}) == 2);  // and nothing of the model
}

BOOST_AUTO_TEST_CASE(no_tokenizer) {
  const Model model("");
  const auto error = error_of([&] { (void)load_tokenizer(model.files()); });
  BOOST_TEST(error.find(model.path.string()) != std::string::npos, error);
}

BOOST_AUTO_TEST_SUITE_END()
