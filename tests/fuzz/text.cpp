// Text into a tokenizer, rows into examples, templates: anything a data set can hold.
#include <graft/text/dataset.hpp>

std::vector<std::string> seeds() {
  return {"a b <e> the\n12 \xf0\x9f\x98\x80", R"({"prompt":"ab","completion":"ba"})", R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})", R"({"text":"abab"})",
          "{% for m in messages if m.role != 'x' %}{{ loop.index ~ m['content'] | trim | upper }}{% else %}-{% endfor %}{%- set ns = namespace(n=[1, 2][0]) %}{# c #}{{ ns.n + 2 if ns is defined }}",
          "{% macro f(a, b=2) %}{{ a[1:] * b }}{% endmacro %}{{ f('xy') }}{{ {'a': messages}|tojson(indent=2) }}"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const graft::Tokenizer tokenizer = [] {
    std::vector<std::string> tokens(graft::splitter::byte_letters().begin(), graft::splitter::byte_letters().end());
    for (const char* token : {"ab", "abab", "<e>"}) tokens.emplace_back(token);
    return graft::Tokenizer(graft::byte_level_parts(std::move(tokens), {{"a", "b"}, {"ab", "ab"}}, {258}, {R"(\p{N})", graft::splitter::gpt2_pattern}));
  }();
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (tokenizer.decode(tokenizer.encode(text), true) != text) __builtin_trap();  // bytes in, the same bytes out
  try {
    const graft::ChatTemplate chat(text);
    static_cast<void>(chat.render({{"user", text}}, true));
  } catch (const graft::Error&) {
  }
  try {
    const graft::Formatter formatter{tokenizer, graft::ChatTemplate("{% for m in messages %}{{ m.role ~ m.content ~ '\n' }}{% endfor %}"), ""};
    static_cast<void>(formatter.example(graft::parse_json(text, "row"), "row"));
  } catch (const graft::Error&) {
  } catch (const nlohmann::json::exception&) {
  }
  return 0;
}
