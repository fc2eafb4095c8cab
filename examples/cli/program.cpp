#include "program.hpp"

#include "build_settings.hpp"

#include <graft/checkpoints/model_header.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>

#include <dlfcn.h>
#include <unistd.h>

namespace cli {

namespace {

namespace fs = std::filesystem;

/// Fowler, Noll and Vo's hash, of 64 bits.
class Hash {
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

std::string environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : otherwise;
}
std::string quoted(const std::string& text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? "'\\''" : std::string(1, c);
  return all + "'";
}

/// What a program is made of.
struct Sources {
  std::string model, train, serve;
  std::string method;  ///< as C++ spells it
  std::string title;   ///< for people
};

Sources sources_of(const ProgramRequest& r) {
  const auto& family = graft::model_family(r.config.family, "the model");
  Sources s;
  s.method = graft::type_text(r.method);
  std::string name, headers;
  for (const char c : s.method) name += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  for (const auto& header : graft::headers_of(r.method)) headers += "#include <" + header + ">\n";
  for (const auto& header : r.headers) {
    const auto path = fs::absolute(header).string();
    if (path.find_first_of("\"\n\\") != path.npos) graft::fail("--include: ", path, ": a header whose path has quotes or backslashes cannot be included");
    headers += "#include \"" + path + "\"\n";
  }
  s.title = std::string(family.name) + " of " + std::to_string(r.config.blocks) + " blocks, " + std::to_string(r.config.width) + " wide, with " + s.method;
  s.model = "#pragma once\n#include \"engine_of.hpp\"\n#include <graft/models/" + std::string(family.header) + ".hpp>\n#include <graft/peft.hpp>\n" + headers + "\nnamespace program {\nusing namespace graft;\n\n" +
            graft::config_struct(r.config) + "\nusing Method =\n#line 1 \"the method\"\n" + s.method + "\n;\nusing Model = " + graft::model_template(r.config) + "<Config, Method, Cpu, " + r.storage +
            ">;\nconstexpr const char* method = \"" + name + "\";\n\n}  // namespace program\n";
  s.train = "#include \"model.hpp\"\n\nnamespace program {\nextern cli::EngineOf<Model>::Fit* const fit;\ncli::EngineOf<Model>::Fit* const fit = cli::Trains<Model>::fit;\n}  // namespace program\n";
  s.serve = "#include \"model.hpp\"\n\nnamespace program {\nextern cli::EngineOf<Model>::Fit* const fit;\n}  // namespace program\n\n"
            "extern \"C\" cli::Engine* graft_program() { return new cli::EngineOf<program::Model>(program::method, program::fit); }\n";
  return s;
}

/// Where programs built ahead lie: beside the command line.
fs::path built_ahead() {
  std::error_code error;
  const auto self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : self.parent_path() / "programs";
}
fs::path cache_folder() {
  const std::string home = environment("HOME", "/tmp");
  return fs::path(environment("GRAFT_PROGRAMS", environment("XDG_CACHE_HOME", home + "/.cache") + "/graft/programs"));
}

std::string compiler() { return environment("GRAFT_CXX", build_settings::compiler); }
bool compiler_there() { return std::system(("command -v " + quoted(compiler()) + " > /dev/null 2>&1").c_str()) == 0 && fs::exists(fs::path(build_settings::include) / "graft/graft.hpp"); }

/// What the program depends on beside its sources: the compiler, its flags, this CPU, graft's headers.
void add_surroundings(Hash& hash) {
  hash.add(compiler());
  hash.add(build_settings::flags);
  std::ifstream cpu("/proc/cpuinfo");
  for (std::string line; std::getline(cpu, line);)
    if (line.starts_with("flags")) {
      hash.add(line);
      break;
    }
  std::vector<fs::path> headers{fs::path(build_settings::cli) / "engine.hpp", fs::path(build_settings::cli) / "engine_of.hpp"};
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(build_settings::include) / "graft"))
    if (entry.is_regular_file()) headers.push_back(entry.path());
  std::sort(headers.begin(), headers.end());
  for (const auto& header : headers) {
    hash.add(header.string());
    hash.add(graft::read_file(header));
  }
}

std::unique_ptr<Engine> open(const fs::path& library) {
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) graft::fail(library.string(), ": this program cannot be opened: ", ::dlerror(), ". Delete it, and it is made anew");
  auto* const make = reinterpret_cast<Engine* (*)()>(::dlsym(handle, "graft_program"));
  if (make == nullptr) graft::fail(library.string(), ": this is no program of graft's. Delete it, and it is made anew");
  return std::unique_ptr<Engine>(make());  // the library stays open to the end of the process
}

/// Of a compiler's output, what a user can act on: graft's own words, and the compiler's of a header or a method of the user's.
std::string in_words(const std::string& output) {
  std::string words, errors;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") == line.npos) continue;
    if (const auto at = line.find("graft: "); at != line.npos && words.find(line.substr(at + 7)) == words.npos) words += "\n  " + line.substr(at + 7);
    if (line.find("error: ") != line.npos && errors.size() < 2000) errors += "\n  " + line.substr(0, 400);
  }
  return words.empty() ? errors : words;
}

fs::path compile(const Sources& sources, const fs::path& library) {
  const auto folder = library.parent_path() / (library.stem().string() + ".building-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const struct Remove {
    const fs::path& folder;
    ~Remove() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  } remove{folder};
  graft::write_file(folder / "model.hpp", sources.model);
  graft::write_file(folder / "train.cpp", sources.train);
  graft::write_file(folder / "serve.cpp", sources.serve);
  const auto run = [&](const std::string& what, const std::string& log) {
    return std::system((build_settings::launcher + std::string(" ") + quoted(compiler()) + " " + what + " > " + quoted((folder / log).string()) + " 2>&1").c_str());
  };
  const auto object = [&](const char* half) {
    return run(std::string(build_settings::flags) + " -I" + quoted(build_settings::include) + " -I" + quoted(build_settings::cli) + " -c " + quoted((folder / half).string() + ".cpp") + " -o " + quoted((folder / half).string() + ".o"),
               std::string(half) + ".log");
  };
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&began] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
  const bool live = ::isatty(2) != 0;
  std::fprintf(stderr, "compiling a program for %s%s", sources.title.c_str(), live ? "" : "\n");
  auto train = std::async(std::launch::async, object, "train");
  auto serve = std::async(std::launch::async, object, "serve");
  for (auto* half : {&train, &serve})
    while (half->wait_for(std::chrono::milliseconds(500)) != std::future_status::ready)
      if (live) std::fprintf(stderr, "\rcompiling a program for %s … %.0f s", sources.title.c_str(), seconds());
  bool failed = false;
  for (auto* half : {&train, &serve}) failed = half->get() != 0 || failed;
  if (live) std::fputs("\n", stderr);
  if (failed) {
    std::string output = graft::read_file(folder / "serve.log");
    if (output.find("error: ") == output.npos) output = graft::read_file(folder / "train.log");
    graft::fail("the method does not make a model:\n    ", sources.method, in_words(output));
  }
  const auto made = folder / "program.so";
  if (run("-shared -fopenmp " + quoted((folder / "train.o").string()) + " " + quoted((folder / "serve.o").string()) + " -o " + quoted(made.string()) + " " + build_settings::libraries, "link.log") != 0)
    graft::fail("the program does not link:\n", graft::read_file(folder / "link.log"));
  fs::rename(made, library);
  std::fprintf(stderr, "compiled in %.1f s; kept as %s\n", seconds(), library.c_str());
  return library;
}

/// The name of a program built ahead: of its sources alone.
std::string plain_name(const Sources& sources) {
  Hash hash;
  hash.add(sources.model);
  return hash.hex() + ".so";
}

}  // namespace

std::unique_ptr<Engine> open_program(const ProgramRequest& request) {
  const Sources sources = sources_of(request);
  if (const auto ahead = built_ahead() / plain_name(sources); fs::exists(ahead)) return open(ahead);
  if (!compiler_there()) {
    std::string there;
    if (fs::exists(built_ahead()))
      for (const auto& entry : fs::directory_iterator(built_ahead()))
        if (entry.path().extension() == ".txt") there += "\n  " + graft::read_file(entry.path());
    graft::fail("no program for ", sources.title, " is there, and there is no compiler to make one (\"", compiler(), "\" with graft's headers in ", build_settings::include,
                "; GRAFT_CXX names another). Built ahead:", there.empty() ? " nothing" : there);
  }
  Hash hash;
  hash.add(sources.model);
  for (const auto& header : request.headers) hash.add(graft::read_file(header));
  add_surroundings(hash);
  const auto library = cache_folder() / (hash.hex() + ".so");
  if (!fs::exists(library)) {
    fs::create_directories(library.parent_path());
    compile(sources, library);
  }
  return open(library);
}

void build_program(const ProgramRequest& request, const fs::path& folder) {
  const Sources sources = sources_of(request);
  fs::create_directories(folder);
  const auto library = compile(sources, folder / plain_name(sources));
  graft::write_file(fs::path(library).replace_extension(".txt"), sources.title);
}

const std::vector<std::pair<std::string, std::string>>& named_methods() {
  static const std::vector<std::pair<std::string, std::string>> methods = build_settings::methods;
  return methods;
}

}  // namespace cli
