// Text into a tokenizer, rows into examples, templates: anything a data set can hold.
#include <graft/text/dataset.hpp>
#include <graft/text/encode_parts.hpp>
#include <graft/text/formatter.hpp>

std::vector<std::string> seeds() {
  return {
      "a b <e> the\n12 \xf0\x9f\x98\x80",
      R"({"prompt":"ab","completion":"ba"})",
      R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})",
      R"({"text":"abab"})",
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null,"tool_calls":[{"id":1}]},{"role":"tool","content":"5","name":"f"},{"role":"assistant","content":"b","weight":0,"thinking":"c"}],"tools":"[1]","chat_template_kwargs":{"x":[]}})",
      "{% for m in messages if m.role != 'x' %}{{ loop.index ~ m['content'] | trim | upper }}{% else %}-{% endfor "
      "%}{%- set ns = namespace(n=[1, 2][0]) %}{# c #}{{ ns.n + 2 if ns is defined }}",
      "{% macro f(a, b=2) %}{{ a[1:] * b }}{% endmacro %}{{ f('xy') }}{{ {'a': messages}|tojson(indent=2) }}"};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const graft::Tokenizer tokenizer = [] {
    std::vector<std::string> tokens(graft::splitter::byte_letters().begin(), graft::splitter::byte_letters().end());
    for (const char* token : {"ab", "abab", "<e>"}) tokens.emplace_back(token);
    return graft::Tokenizer(graft::byte_level_parts(std::move(tokens), {{"a", "b"}, {"ab", "ab"}}, {258},
                                                    {R"(\p{N})", graft::splitter::gpt2_pattern}));
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
    if (from > to || (p > 0 && (from < encoded.parts[p - 1].first || from + 1 < encoded.parts[p - 1].last)))
      __builtin_trap();
    const auto said = tokenizer.decode(std::span(ids).subspan(from, to - from), true);
    if (said.find(parts[p]) == std::string::npos) __builtin_trap();  // a part's tokens have all of it
  }
  try {
    const graft::ChatTemplate chat(text);
    static_cast<void>(chat.render(graft::OrderedJson::array({graft::text_message("user", text)}), true));
  } catch (const graft::Error&) {}
  static const auto formatters = [] {
    std::vector<graft::Formatter> made;
    for (const char* jinja :
         {"{% for m in messages %}{{ m.role ~ m.content ~ '\n' }}{% endfor %}",
          "{{ tools|tojson if tools }}{% for m in messages %}{{ m.role }}:{% if m.role == 'assistant' %}{% generation "
          "%}{{ m.thinking if loop.last }}{{ m.content }}{{ m.tool_calls }}<e>{% endgeneration %}{% endif %}{% endfor "
          "%}",
          "{% for m in messages %}{{ m.role ~ ':' }}{{ m.thinking if loop.last }}{% for p in m.content %}{{ p.text "
          "}}{% endfor %}<e>\n{% endfor %}{% if add_generation_prompt %}assistant:{% else %}end{% endif %}"})
      made.push_back({tokenizer, graft::ChatTemplate(jinja, "", "end")});
    made.push_back({tokenizer});
    made.push_back({.tokenizer = tokenizer, .end = 258, .kind = graft::ExampleKind::pair});
    made.push_back({.tokenizer = tokenizer, .kind = graft::ExampleKind::text_class, .classes = {"a", "b"}});
    return made;
  }();
  for (graft::Formatter formatter : formatters)
    for (const auto turns : {graft::Turns::all, graft::Turns::last}) try {
        formatter.turns = turns;
        const auto made = formatter.example({graft::parse_json<graft::OrderedJson>(text, "row"), "row"});
        for (std::size_t i = 0; formatter.kind == graft::ExampleKind::next_token && i < made.ids.size(); ++i)
          if (made.labels[i] >= 0 && made.labels[i] != made.ids[i]) __builtin_trap();
      } catch (const graft::Error&) {}
  return 0;
}
