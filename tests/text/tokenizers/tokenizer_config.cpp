#include <graft/io/files.hpp>
#include <graft/text/tokenizers/tokenizer_config.hpp>
#include <graft/text/tokenizers/tokenizer_json.hpp>

#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_tokenizers_tokenizer_config)

/// As Transformers puts together what stands in a folder (make_folders.py).
BOOST_AUTO_TEST_CASE(folders_are_read_as_transformers_does) {
  const auto all = read_json(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/folders.json");
  BOOST_TEST_REQUIRE(all.at("cases").size() > 10U);
  for (const auto& one : all.at("cases")) {
    const Folder folder("graft-tokenizer-config-test");
    for (const auto& [name, content] : one.at("files").items()) write_json(folder.path / name, content);
    const Json& json =
        one.at("files").contains("tokenizer.json") ? one.at("files").at("tokenizer.json") : all.at("tokenizer.json");
    const Tokenizer tokenizer(tokenizer_parts(TokenizerConfig(folder.path).applied_to(json), "tokenizer.json"));
    BOOST_TEST_CONTEXT(one.at("name")) {
      for (Index i = 0; i < all.at("texts").size(); ++i) {
        const auto ids = tokenizer.encode_whole(all.at("texts")[i].get<std::string>()).ids;
        const auto want = one.at("ids")[i].get<std::vector<Id>>();
        BOOST_TEST(ids == want, boost::test_tools::per_element());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_config_is_refused) {
  const auto refuses = [](const std::string& name, const std::string& text, const std::string& why) {
    const Folder folder("graft-tokenizer-config-test");
    write_file(folder.path / name, text);
    BOOST_CHECK_EXCEPTION(TokenizerConfig(folder.path), Error, [&](const Error& e) {
      return std::string(e.what()).find(why) != std::string::npos &&
             std::string(e.what()).find(name) != std::string::npos;
    });
  };
  refuses("tokenizer_config.json", "[1]", "no JSON object");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "y"}}})", "is no id");
  refuses("tokenizer_config.json", R"({"added_tokens_decoder": ["x"]})", "no object");
  refuses("added_tokens.json", R"({"x": "y"})", "has no id");
  const Folder folder("graft-tokenizer-config-test");
  write_json(folder.path / "tokenizer_config.json", {{"tokenizer_class", "LlamaTokenizer"}, {"bos_token", nullptr}});
  BOOST_CHECK_THROW(TokenizerConfig(folder.path).applied_to({{"model", {{"vocab", Json::object()}}}}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
