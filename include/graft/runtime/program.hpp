/// \file
/// Programs: engines that are compiled when a type of model is first asked for, and kept, in the user's cache or beside
/// graft where they were built ahead.
#pragma once

#include <graft/runtime/engine.hpp>
#include <graft/runtime/program_source.hpp>

#include <chrono>
#include <future>
#include <sstream>

#include <unistd.h>

namespace graft {

/// Where programs are kept that were compiled on the way.
[[nodiscard, gnu::cold]] inline std::filesystem::path program_cache() {
  const std::string cache = environment("XDG_CACHE_HOME", environment("HOME", "/tmp") + "/.cache");
  return environment("GRAFT_PROGRAMS", cache + "/graft/programs");
}

/// The engine of a program's file; the file stays open to the end of the process. \throws Error
[[nodiscard, gnu::cold]] inline std::unique_ptr<Engine> open_program_file(const std::filesystem::path& file) {
  // Bodies of texts and files are in what this code is part of, and the program finds them there, even in a library
  // that was itself opened.
  if (const auto own = own_path(); own != std::filesystem::canonical("/proc/self/exe"))
    ::dlopen(own.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  void* const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    fail(file.string(), ": this program cannot be opened: ", ::dlerror(), ". Delete it, and it is made anew");
  auto* const make = reinterpret_cast<Engine* (*)()>(::dlsym(handle, "graft_program"));
  if (make == nullptr) fail(file.string(), ": this is no program of graft's. Delete it, and it is made anew");
  return std::unique_ptr<Engine>(make());
}

/// Of a compiler's output, what a user can act on: graft's own words, and the compiler's of a header or a method of the
/// user's.
[[nodiscard, gnu::cold]] inline std::string compiler_in_words(const std::string& output) {
  std::string words, errors;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") == line.npos) continue;
    if (const auto at = line.find("graft: "); at != line.npos && words.find(line.substr(at + 7)) == words.npos)
      words += "\n  " + line.substr(at + 7);
    if (line.find("error: ") != line.npos && errors.size() < 2000) errors += "\n  " + line.substr(0, 400);
  }
  return words.empty() ? errors : words;
}

/// A program under way from its source to a file, in a folder that goes with this object.
class ProgramBuild {
 public:
  /// How a program is compiled into the target.
  ProgramBuild(const ProgramSource& source, const Toolchain& by, std::filesystem::path target)
      : source_(source),
        by_(by),
        target_(std::move(target)),
        folder_(target_.parent_path() / (target_.stem().string() + ".building-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ProgramBuild(const ProgramBuild&) = delete;
  ProgramBuild& operator=(const ProgramBuild&) = delete;
  ~ProgramBuild() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  /// \throws Error in the words of the type, where the method does not make a model
  void run() {
    write_file(folder_ / "model.hpp", source_.model);
    write_file(folder_ / "train.cpp", source_.train);
    write_file(folder_ / "serve.cpp", source_.serve);
    // The kernels that are there may be for another machine's instructions.
    if (!std::filesystem::exists(by_.kernels) || !make(true)) make(false);
    std::fprintf(stderr, "compiled in %.1f s; kept as %s\n", seconds(), target_.c_str());
  }

 private:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }
  /// Compiles and links, to the kernels that are there or with all that are called. Whether it links.
  bool make(bool to_kernels) {
    const bool live = ::isatty(2) != 0;
    std::fprintf(stderr, "compiling a program for %s%s", source_.title.c_str(), live ? "" : "\n");
    auto train = std::async(std::launch::async, [=, this] { return compile("train", to_kernels); });
    auto serve = std::async(std::launch::async, [=, this] { return compile("serve", to_kernels); });
    for (auto* half : {&train, &serve})
      while (half->wait_for(std::chrono::milliseconds(500)) != std::future_status::ready)
        if (live) std::fprintf(stderr, "\rcompiling a program for %s … %.0f s", source_.title.c_str(), seconds());
    const bool both = (train.get() == 0) & (serve.get() == 0);
    if (live) std::fputs("\n", stderr);
    if (!both) refuse();
    return link(to_kernels);
  }
  [[nodiscard]] std::string in_folder(const std::string& name) const { return quoted((folder_ / name).string()); }
  int start(const std::string& arguments, const std::string& log) const {
    return std::system(
        (by_.launcher + " " + quoted(by_.compiler) + " " + arguments + " > " + in_folder(log) + " 2>&1").c_str());
  }
  int compile(const std::string& half, bool to_kernels) const {
    // What a profile names of a source is named without the place where the headers are now.
    const auto headers = by_.include.string();
    return start(quoted(by_.flags) + (to_kernels ? " -DGRAFT_KERNELS_COMPILED" : "") + " -I" + quoted(headers) + " " +
                     quoted("-fmacro-prefix-map=" + headers + "/=") + " -c " + in_folder(half + ".cpp") + " -o " +
                     in_folder(half + ".o"),
                 half + ".log");
  }
  bool link(bool to_kernels) const {
    auto objects = in_folder("train.o") + " " + in_folder("serve.o");
    // Texts and files are found in what opens the program; kernels of the same instructions here, or not at all.
    if (to_kernels) objects += " -Wl,-z,defs,--warn-unresolved-symbols " + quoted(by_.kernels.string());
    if (start("-shared -fopenmp " + objects + " -o " + in_folder("program.so") + " " + quoted(by_.libraries),
              "link.log") != 0)
      fail("the program does not link:\n", read_file(folder_ / "link.log"));
    if (to_kernels && read_file(folder_ / "link.log").find("the_same_instructions") != std::string::npos) return false;
    std::filesystem::rename(folder_ / "program.so", target_);
    return true;
  }
  [[noreturn]] void refuse() const {
    std::string output = read_file(folder_ / "serve.log");
    if (output.find("error: ") == output.npos) output = read_file(folder_ / "train.log");
    fail("the method does not make a model:\n    ", source_.method, compiler_in_words(output));
  }

  const ProgramSource& source_;
  const Toolchain& by_;
  std::filesystem::path target_, folder_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// An engine for a type of model: built ahead, or from the cache, or compiled now, of nothing but what graft knows and
/// the user's headers. \throws Error; where a model has no place for the method, in the words of the type that says so
[[nodiscard, gnu::cold]] inline std::unique_ptr<Engine> open_program(const ProgramRequest& request,
                                                                     const Toolchain& by = Toolchain::here()) {
  const auto source = program_source(request);
  if (const auto ahead = by.programs / name_ahead(source); std::filesystem::exists(ahead))
    return open_program_file(ahead);
  if (!by.works()) {
    std::string there;
    if (std::filesystem::exists(by.programs))
      for (const auto& entry : std::filesystem::directory_iterator(by.programs))
        if (entry.path().extension() == ".txt") there += "\n  " + read_file(entry.path());
    fail("no program for ", source.title, " is there, and there is no compiler to make one (\"", by.compiler,
         "\" with graft's headers in ", by.include.string(),
         "; GRAFT_CXX names another). Built ahead:", there.empty() ? " nothing" : there);
  }
  const auto file = program_cache() / name_cached(source, request, by);
  if (!std::filesystem::exists(file)) {
    std::filesystem::create_directories(file.parent_path());
    ProgramBuild(source, by, file).run();
  }
  return open_program_file(file);
}

/// Compiles a program into a folder of programs built ahead, and says beside it what it is.
[[gnu::cold]] inline void build_program(const ProgramRequest& request, const std::filesystem::path& folder,
                                        const Toolchain& by = Toolchain::here()) {
  const auto source = program_source(request);
  std::filesystem::create_directories(folder);
  const auto file = folder / name_ahead(source);
  ProgramBuild(source, by, file).run();
  write_file(std::filesystem::path(file).replace_extension(".txt"), source.title);
}

}  // namespace graft
