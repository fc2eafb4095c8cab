#include <graft/checkpoints/base/tokenizer_files.hpp>

std::vector<std::string> seeds() {
  return {
      R"({"added_tokens":[{"id":4,"content":"<e>","special":true}],"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel"}]},"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"c":3},"merges":[["a","b"]]}})",
      R"({"model":{"type":"Unigram","unk_id":0,"vocab":[["<u>",0],["a",-1],["ab",-1.5],["\u2581",-2]]},"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"String":"b"},"content":"c"},{"type":"Strip"}]},"pre_tokenizer":{"type":"Metaspace","prepend_scheme":"first"},"decoder":{"type":"Metaspace"},"added_tokens":[{"id":4,"content":"<e>","normalized":true,"lstrip":true}]})",
      R"({"model":{"type":"WordPiece","unk_token":"u","vocab":{"u":0,"a":1,"##b":2}},"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"decoder":{"type":"WordPiece"},"post_processor":{"type":"BertProcessing","sep":["a",1],"cls":["u",0]}})",
      R"({"model":{"type":"BPE","byte_fallback":true,"unk_token":"u","vocab":{"u":0,"a":1},"merges":[]},"normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAAAYQA="},"decoder":{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1}]},"post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}],"pair":[],"special_tokens":{}}})",
      R"({"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a+|b"}},"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const graft::Tokenizer tokenizer(graft::tokenizer_parts(graft::parse_json(text, "fuzz.json"), "fuzz.json"));
    const auto ids = tokenizer.encode("abab<e>c \xc3\xa9");
    static_cast<void>(tokenizer.decode(ids));
    static_cast<void>(tokenizer.encode_pair("a", "b"));
    graft::TokenStream stream(tokenizer);
    for (const auto id : ids) static_cast<void>(stream(id));
  } catch (const graft::Error&) {
  } catch (const nlohmann::json::exception&) {}
  return 0;
}
