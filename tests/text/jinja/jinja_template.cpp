// Templates, as Jinja runs them for transformers (make_templates.py).
#include <graft/text/jinja/jinja_template.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(text_jinja_jinja_template)

BOOST_AUTO_TEST_CASE(as_jinja) {
  const auto json =
      nlohmann::ordered_json::parse(read_file(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "text/templates.json"));
  jinja::Dict values;
  for (const auto& [name, value] : json.at("values").items()) values.emplace_back(name, jinja::Value(value));
  for (const auto& one : json.at("cases")) {
    const auto text = one.at("template").get<std::string>();
    if (one.contains("refused")) BOOST_CHECK_THROW(static_cast<void>(JinjaTemplate(text)(values)), Error);
    else BOOST_TEST(JinjaTemplate(text)(values).text == one.at("rendered").get<std::string>(), text);
  }
  BOOST_TEST(json.at("cases").size() > 150U);
  BOOST_TEST(JinjaTemplate("{{ range(1, 9223372036854775807, 9223372036854775806) | list }}")({}).text == "[1]");
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  const auto says = [](const char* text, const char* what) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(JinjaTemplate(text)({})), Error,
                          [what](const Error& e) { return std::string(e.what()).find(what) != std::string::npos; });
  };
  says("{% if a %}", "lacks {% endif %}");
  says("{% endfor %}", "{% endfor %} where nothing was opened");
  says("{{ a", "does not close it");
  says("{% include 'x' %}", "{% include %}, which graft does not know");
  says("{{ a | xmlattr }}", "\"xmlattr\", which graft does not know");
  says("{{ a is sameas(b) }}", "\"is sameas\"");
  says("{{ [1] | tojson(separators=(',', ':')) }}", "writes JSON with separators");
  says("{{ a b }}", "cannot be read at \"b");
  says("{{ 'a }}", "does not close");
  says("{{ a() }}", "calls what is no function");
  says("{{ 1 // 0 }}", "divides by 0");
  says("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "does not come to an end");
  says("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nests too deeply");
  says("{% set l = [] %}{% set _ = l.append(l) %}", "nests its values too deeply");
  says("{% set ns = namespace(l=[]) %}{% for i in range(200) %}{% set ns.l = [ns.l] %}{% endfor %}",
       "nests its values too deeply");
  says(("{{ 1" +
        [] {
          std::string more;
          for (int i = 0; i < 3000; ++i) more += "+1";
          return more;
        }() +
        " }}")
           .c_str(),
       "too long");
  says(std::string(500, '(').insert(0, "{{ ").append(" }}").c_str(), "nest too deeply");
}

BOOST_AUTO_TEST_SUITE_END()
