// Text into a tokenizer, rows into examples, templates: anything a data set can hold.
#include <graft/text/dataset.hpp>
#include <graft/text/encode_parts.hpp>
#include <graft/text/formatter.hpp>

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
  const auto ids = tokenizer.encode(text);
  if (tokenizer.decode(ids, true) != text) __builtin_trap();  // bytes in, the same bytes out
  const std::size_t first = size / 3, second = first + size / 5;
  const std::vector<std::string> parts{text.substr(0, first), text.substr(first, second - first), text.substr(second)};
  const auto encoded = graft::encode_parts(tokenizer, parts);
  if (encoded.ids != ids || encoded.parts[0].first != 0 || encoded.parts[2].last > ids.size()) __builtin_trap();
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto& [from, to] = encoded.parts[p];
    if (from > to || (p > 0 && (from < encoded.parts[p - 1].first || from + 1 < encoded.parts[p - 1].last))) __builtin_trap();
    const auto said = tokenizer.decode(std::span(ids).subspan(from, to - from), true);
    if (said.find(parts[p]) == std::string::npos) __builtin_trap();  // a part's tokens have all of it
  }
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
