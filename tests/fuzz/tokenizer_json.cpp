#include <graft/models/tokenizer_files.hpp>

std::vector<std::string> seeds() {
  return {R"({"added_tokens":[{"id":4,"content":"<e>","special":true}],"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel"}]},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"c":3},"merges":[["a","b"]]}})",
          R"({"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a+|b"}},"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const graft::Tokenizer tokenizer(graft::tokenizer_parts(graft::parse_json(text, "fuzz.json"), "fuzz.json"));
    static_cast<void>(tokenizer.decode(tokenizer.encode("abab<e>c")));
  } catch (const graft::Error&) {
  } catch (const nlohmann::json::exception&) {
  }
  return 0;
}
