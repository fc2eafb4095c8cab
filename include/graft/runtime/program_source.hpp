/// \file
/// What a program for a type of model is made of, and under which name it is kept.
#pragma once

#include <graft/checkpoints/base/model_header.hpp>
#include <graft/checkpoints/description/method_description.hpp>
#include <graft/runtime/toolchain.hpp>

namespace graft {

/// A type of model, as data.
struct ProgramRequest {
  StatedConfig config;
  MethodDescription method;
  std::string storage = "Bf16";
  std::vector<std::filesystem::path> headers{};  ///< of methods of the user's own
};

/// Its translation units: what trains, and the rest. Nothing of a file reaches them but what graft knows it to be.
struct ProgramSource {
  std::string model, train, serve;
  std::string method;  ///< as C++ spells it
  std::string title;   ///< for people
};

/// Fowler, Noll and Vo's hash of texts, of 64 bits.
class TextHash {
 public:
  void add(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    value_ = (value_ ^ 0xFFU) * 1'099'511'628'211U;  // where one text ends
  }
  [[nodiscard]] std::string hex() const {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value_));
    return text;
  }

 private:
  std::uint64_t value_ = 14'695'981'039'346'656'037U;
};

[[nodiscard, gnu::cold]] inline ProgramSource program_source(const ProgramRequest& r) {
  const auto& family = model_family(r.config.family, "the model");
  ProgramSource s;
  s.method = type_text(r.method);
  std::string name, headers;
  for (const char c : s.method) name += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  for (const auto& header : headers_of(r.method)) headers += "#include <" + header + ">\n";
  for (const auto& header : r.headers) {
    const auto path = std::filesystem::absolute(header).string();
    if (path.find_first_of("\"\n\\") != path.npos)
      fail("--include: ", path, ": a header whose path has quotes or backslashes cannot be included");
    headers += "#include \"" + path + "\"\n";
  }
  s.title = std::string(family.name) + " of " + std::to_string(r.config.blocks) + " blocks, " +
            std::to_string(r.config.width) + " wide, with " + s.method;
  s.model = "#pragma once\n#include <graft/runtime/engine_of.hpp>\n#include <" + family.path() +
            ">\n#include <graft/peft.hpp>\n" + headers + "\nnamespace program {\nusing namespace graft;\n\n" +
            config_struct(r.config) + "\nusing Method =\n#line 1 \"the method\"\n" + s.method +
            "\n;\nusing Model = " + model_template(r.config) + "<Config, Method, Cpu, " + r.storage +
            ">;\nconstexpr const char* method = \"" + name + "\";\n\n}  // namespace program\n";
  const std::string declared =
      "#include \"model.hpp\"\n\nnamespace program {\nextern StartTraining<Model>* const training;\n";
  s.train = declared + "StartTraining<Model>* const training = start_training<Model>;\n}  // namespace program\n";
  s.serve = declared +
            "}  // namespace program\n\nextern \"C\" graft::Engine* graft_program() {\n"
            "  return new graft::EngineOf<program::Model>(program::method, program::training);\n}\n";
  return s;
}

/// The name of a program built ahead: of its source alone, as it lies beside the headers that it was made with.
[[nodiscard, gnu::cold]] inline std::string name_ahead(const ProgramSource& source) {
  TextHash hash;
  hash.add(source.model);
  return hash.hex() + ".so";
}

/// The name of a program in a cache: of all that it depends on, its source, the compiler, its flags, this CPU and all
/// headers.
[[nodiscard, gnu::cold]] inline std::string name_cached(const ProgramSource& source, const ProgramRequest& request,
                                                        const Toolchain& by) {
  TextHash hash;
  hash.add(source.model);
  for (const auto& header : request.headers) hash.add(read_file(header));
  hash.add(by.compiler);
  hash.add(quoted(by.flags));
  std::ifstream cpu("/proc/cpuinfo");
  for (std::string line; std::getline(cpu, line);)
    if (line.starts_with("flags")) {
      hash.add(line);
      break;
    }
  std::vector<std::filesystem::path> headers;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(by.include / "graft"))
    if (entry.is_regular_file()) headers.push_back(entry.path());
  std::sort(headers.begin(), headers.end());
  for (const auto& header : headers) {
    hash.add(header.lexically_relative(by.include).string());
    hash.add(read_file(header));
  }
  return hash.hex() + ".so";
}

}  // namespace graft
