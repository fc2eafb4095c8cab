/// \file
/// A model's types as C++, from what its files state: the config struct, the template of its family, and a header with
/// both.
#pragma once

#include <graft/checkpoints/base/stated_config.hpp>
#include <graft/checkpoints/description/method_description.hpp>

#include <iomanip>
#include <sstream>

namespace graft {

/// The config struct as C++: `struct Config : graft::LlamaDefaults { … };`
[[nodiscard, gnu::cold]] inline std::string config_struct(const StatedConfig& c, const std::string& name = "Config") {
  const std::string_view type = model_family(c.family, "config").type;
  std::ostringstream out;
  struct Member {
    const char* name;
    double value, otherwise = -1;  ///< what the family's defaults say, if it is left out then
  };
  const auto members = [&out](const char* kind, std::initializer_list<Member> all) {
    const char* before = "  static constexpr ";
    std::string after;
    for (const auto& [member, value, otherwise] : all) {
      if (value == otherwise) continue;
      out << before << (after.empty() ? kind + std::string(" ") : "") << member << " = ";
      std::ostringstream number, longer;
      longer.precision(9);
      number << value;
      longer << value;
      if (std::abs(std::stod(number.str()) - value) > 1e-7 * std::abs(value)) number.swap(longer);
      if (std::string_view(kind) == "bool") out << (value != 0 ? "true" : "false");
      else
        out << number.str()
            << (std::string_view(kind) != "float"                       ? ""
                : number.str().find_first_of(".e") == std::string::npos ? ".0F"
                                                                        : "F");
      before = ", ";
      after = ";\n";
    }
    out << after;
  };
  const auto divisors = [&out](const char* member, const std::vector<double>& values) {
    if (values.empty()) return;
    out << "  static constexpr std::array<float, " << values.size() << "> " << member << "{";
    for (const double& v : values)
      out << (&v == &values[0] ? "" : ", ") << std::setprecision(9) << v << (v == std::floor(v) ? ".0F" : "F");
    out << "};\n";
  };
  const auto n = [](auto value) { return static_cast<double>(value); };
  const char *const size = "graft::Index", *const real = "float", *const flag = "bool";
  out << "struct " << name << " : graft::" << type << "Defaults {\n";
  members(size, {{"vocabulary", n(c.vocabulary)},
                 {"width", n(c.width)},
                 {"blocks", n(c.blocks)},
                 {"heads", n(c.heads)},
                 {"groups", n(c.groups)},
                 {"head_width", n(c.head_width)},
                 {"feed_forward", n(c.feed_forward)}});
  members(real, {{"norm_epsilon", c.norm_epsilon}});
  if (type == "Bert" || type == "Roberta")
    members(size, {{"positions", n(c.positions)}, {"token_types", n(c.token_types)}});
  else members(flag, {{"tied_head", n(c.tied_head)}});
  if (const auto task = task_of(c); task == Task::text_class || task == Task::token_class)
    members(size, {{"classes", n(c.classes)}});
  if (task_of(c) == Task::text_class && type != "Bert" && type != "Roberta")
    members("std::ptrdiff_t", {{"pad", n(c.pad), -1}});
  if (type == "Gpt2") members(size, {{"positions", n(c.positions)}});
  if (type == "T5") {
    members(size, {{"encoder_blocks", n(c.encoder_blocks)}, {"buckets", n(c.buckets)}, {"farthest", n(c.farthest)}});
    members(flag, {{"scaled_head", n(c.scaled_head)}, {"gated", n(c.gated)}});
  }
  if (type == "Llama" || type == "Phi3" || type == "Gemma") {
    members(real, {{"rope_base", c.rope_base},
                   {"rope_factor", c.rope_factor, 1},
                   {"rope_low", c.rope_low, 1},
                   {"rope_high", c.rope_high, 4}});
    members(real, {{"rope_ramp_begin", c.rope_ramp_begin, 0},
                   {"rope_ramp_end", c.rope_ramp_end, 0},
                   {"rope_amplitude", c.rope_amplitude, 1}});
    divisors("rope_short", c.rope_short);
    divisors("rope_long", c.rope_long);
    members(size, {{"rotary_width", n(c.rotary_width), 0},
                   {"rope_original", n(c.rope_original), 0},
                   {"window", n(c.window), 0},
                   {"full_every", n(c.full_every), 0}});
  }
  if (type == "Llama") {
    members(flag, {{"qkv_bias", n(c.qkv_bias), 0},
                   {"output_bias", n(c.output_bias), 0},
                   {"mlp_bias", n(c.mlp_bias), 0},
                   {"head_norm", n(c.head_norm), 0}});
    members(size, {{"no_rope_every", n(c.no_rope_every), 0}});
  }
  if (type == "Gemma") {
    members(real, {{"local_rope_base", c.local_rope_base, 10'000},
                   {"attention_scale", c.attention_scale},
                   {"attention_cap", c.attention_cap, 0},
                   {"logit_cap", c.logit_cap, 0}});
    members(flag, {{"head_norm", n(c.head_norm), 0}});
  }
  out << "};\n";
  return out.str();
}

/// The template of a model of this family for this task: "graft::Llama", "graft::BertClassifier", …
[[nodiscard, gnu::cold]] inline std::string model_template(const StatedConfig& c) {
  const std::string type = "graft::" + std::string(model_family(c.family, "config").type);
  switch (task_of(c)) {
    case Task::next_token:
    case Task::pair:
      return type;
    case Task::text_class:
      return type + "Classifier";
    case Task::token_class:
      return type + "TokenClassifier";
    case Task::answer:
      return type + "QuestionAnswering";
    case Task::fill_in:
      return type + "MaskedLM";
    case Task::embedding:
      return type + "Encoder";
  }
  return type;
}

/// A header that names the types of a model: namespace <name> { struct Config; using Method; template … using Model; }
/// `headers`: of methods of one's own.
[[nodiscard, gnu::cold]] inline std::string model_header(const StatedConfig& c, const std::string& name,
                                                         const MethodDescription& method,
                                                         const std::vector<std::string>& headers = {}) {
  std::string text = "// Generated by graft_add_model\n#pragma once\n\n#include <" +
                     model_family(c.family, "config").path() + ">\n#include <graft/peft.hpp>\n";
  for (const auto& header : headers_of(method)) text += "#include <" + header + ">\n";
  for (const auto& header : headers) text += "#include \"" + header + "\"\n";
  return text + "\nnamespace " + name + " {\n\n" + config_struct(c) +
         "\nusing Method = " + type_text(method, "graft::") +
         ";\n\ntemplate <class Backend, class... Policies>\nusing Model = " + model_template(c) +
         "<Config, Method, Backend, Policies...>;\n\n}  // namespace " + name + "\n";
}

}  // namespace graft
