// Text into a tokenizer, rows into examples, templates: anything a data set can hold.
#include <graft/text/dataset.hpp>

std::vector<std::string> seeds() {
  return {"a b <e> the\n12 \xf0\x9f\x98\x80", R"({"prompt":"ab","completion":"ba"})", R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})", R"({"text":"abab"})",
          "<|im_start|>system\\nBe kind.<|im_end|>"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const graft::Tokenizer tokenizer = [] {
    graft::TokenizerParts parts;
    for (graft::Index byte = 0, extra = 256; byte < 256; ++byte) {
      const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      const auto point = visible ? byte : extra++;
      parts.tokens.push_back(point < 0x80 ? std::string(1, static_cast<char>(point)) : std::string{static_cast<char>(0xC0U | (point >> 6U)), static_cast<char>(0x80U | (point & 0x3FU))});
    }
    for (const char* token : {"ab", "abab", "<e>"}) parts.tokens.emplace_back(token);
    parts.merges = {{"a", "b"}, {"ab", "ab"}};
    parts.special = {258};
    parts.patterns = {graft::digit_pattern, graft::gpt2_pattern};
    return graft::Tokenizer(std::move(parts));
  }();
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (tokenizer.decode(tokenizer.encode(text), true) != text) __builtin_trap();  // bytes in, the same bytes out
  try {
    const graft::ChatTemplate chat(text);
    static_cast<void>(chat.render({{"user", text}}, true));
  } catch (const graft::Error&) {
  }
  try {
    const graft::Formatter formatter{tokenizer, graft::ChatTemplate("<|im_start|><|im_end|>"), ""};
    static_cast<void>(formatter.example(graft::parse_json(text, "row"), "row"));
  } catch (const graft::Error&) {
  } catch (const nlohmann::json::exception&) {
  }
  return 0;
}
