#include <graft/runtime/program.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Sets a variable of the environment for a while.
struct Environment {
  Environment(const char* name, const std::string& value) : name_(name), before_(environment(name)) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_.empty()) ::unsetenv(name_);
    else ::setenv(name_, before_.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string before_;
};

/// A compiler that is a script: what it does with the file that -o names.
Toolchain scripted(const Folder& folder, const std::string& does) {
  const auto script = folder.path / "compiler";
  write_file(script,
             "#!/bin/sh\nfor word; do if [ \"$before\" = -o ]; then out=$word; fi; before=$word; done\n" + does);
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  std::filesystem::create_directories(folder.path / "include/graft");
  write_file(folder.path / "include/graft/graft.hpp", "//");
  Toolchain by;
  by.compiler = script.string();
  by.include = folder.path / "include";
  by.programs = folder.path / "programs";
  return by;
}

const ProgramSource source{.model = "//", .train = "//", .serve = "//", .method = "LoRA<0>", .title = "a model"};

ProgramRequest small() {
  return {.config = {.family = "llama", .architecture = {}, .vocabulary = 64, .width = 32, .blocks = 3, .heads = 4},
          .method = {.kind = "FrozenBase"}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_program)

BOOST_AUTO_TEST_CASE(places) {
  const Environment home("HOME", "/home/me"), cache("XDG_CACHE_HOME", ""), own("GRAFT_PROGRAMS", "");
  BOOST_TEST(program_cache() == "/home/me/.cache/graft/programs");
  const Environment elsewhere("XDG_CACHE_HOME", "/elsewhere");
  BOOST_TEST(program_cache() == "/elsewhere/graft/programs");
  const Environment named("GRAFT_PROGRAMS", "/named");
  BOOST_TEST(program_cache() == "/named");
}

BOOST_AUTO_TEST_CASE(grafts_words_are_told_once_and_the_compilers_where_there_are_none) {
  BOOST_TEST(compiler_in_words("model.hpp:3: note: graft: no\n"
                               "model.hpp:3:1: error: static assertion failed: graft: there is no such site\n"
                               "model.hpp:9:1: error: static assertion failed: graft: there is no such site\n"
                               "model.hpp:9:1: error: what follows from it\n") == "\n  there is no such site");
  BOOST_TEST(compiler_in_words("mine.hpp:1:1: error: expected ';'\nmine.hpp:1: note: here\n") ==
             "\n  mine.hpp:1:1: error: expected ';'");
  BOOST_TEST(compiler_in_words("").empty());
}

BOOST_AUTO_TEST_CASE(files_that_are_no_programs) {
  const Folder folder("graft-program");
  const auto file = folder.path / "text.so";
  write_file(file, "this is no library");
  BOOST_TEST(
      has(error_of([&] { static_cast<void>(open_program_file(file)); }), "text.so: this program cannot be opened: "));
  BOOST_TEST(has(error_of([] { static_cast<void>(open_program_file("libm.so.6")); }),
                 "libm.so.6: this is no program of graft's"));
}

BOOST_AUTO_TEST_CASE(a_build_appears_whole_and_leaves_nothing_else) {
  const Folder folder("graft-program");
  const auto target = folder.path / "programs/made.so";
  const auto by = scripted(folder, "echo \"$@\" >> \"$out\"\n");
  ProgramBuild(source, by, target).run();
  BOOST_TEST(has(read_file(target), "-shared"));
  BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path / "programs"), {}) == 1);
}

BOOST_AUTO_TEST_CASE(kernels_of_other_instructions_are_compiled_anew) {
  const Folder folder("graft-program");
  const auto target = folder.path / "programs/made.so";
  auto by = scripted(
      folder,
      "echo \"$@\" > \"$out\"; case \"$*\" in *-shared*) cat \"${out%program.so}train.o\" >> \"$out\";; esac\n");
  by.kernels = folder.path / "libgraft_kernels.a";
  ProgramBuild(source, by, target).run();  // there are none
  BOOST_TEST(!has(read_file(target), "kernels"));
  BOOST_TEST(!has(read_file(target), "KERNELS"));
  write_file(by.kernels, "kernels");
  ProgramBuild(source, by, target).run();
  BOOST_TEST(has(read_file(target), by.kernels.string()));
  BOOST_TEST(has(read_file(target), "-DGRAFT_KERNELS_COMPILED"));

  const auto kernels = by.kernels;
  by = scripted(folder,
                "echo \"$@\" > \"$out\"; case \"$*\" in *libgraft_kernels*) "
                "echo 'undefined reference to KernelsCompiledFor<…>::the_same_instructions';; esac\n");
  by.kernels = kernels;
  ProgramBuild(source, by, target).run();
  BOOST_TEST(has(read_file(target), "-shared"));
  BOOST_TEST(!has(read_file(target), "kernels"));
}

BOOST_AUTO_TEST_CASE(a_build_that_fails_says_why) {
  const Folder folder("graft-program");
  const auto target = folder.path / "programs/made.so";
  auto by = scripted(folder, "case $out in *train.o) echo 'm:1:1: error: graft: the rank is 0'; exit 1;; esac\n");
  BOOST_TEST(error_of([&] { ProgramBuild(source, by, target).run(); }) ==
             "the method does not make a model:\n    LoRA<0>\n  the rank is 0");
  by = scripted(folder, "case $1 in -shared) echo 'no such library'; exit 1;; esac\n");
  BOOST_TEST(error_of([&] { ProgramBuild(source, by, target).run(); }) ==
             "the program does not link:\nno such library\n");
  BOOST_TEST(std::filesystem::is_empty(folder.path / "programs"));
}

BOOST_AUTO_TEST_CASE(without_a_compiler_what_was_built_ahead_is_named) {
  const Folder folder("graft-program");
  auto by = scripted(folder, ": > \"$out\"\n");
  const auto name = name_ahead(program_source(small()));
  build_program(small(), by.programs, by);
  BOOST_TEST(std::filesystem::exists(by.programs / name));

  by.compiler = (folder.path / "gone").string();
  auto other = small();
  other.config.blocks = 4;
  const auto said = error_of([&] { static_cast<void>(open_program(other, by)); });
  BOOST_TEST(has(said, "no program for llama of 4 blocks, 32 wide, with FrozenBase is there"), said);
  BOOST_TEST(has(said, "Built ahead:\n  llama of 3 blocks, 32 wide, with FrozenBase"), said);
  // That which is there is opened without one, and needs to be a program.
  BOOST_TEST(
      has(error_of([&] { static_cast<void>(open_program(small(), by)); }), name + ": this program cannot be opened"));
}

BOOST_AUTO_TEST_CASE(what_was_compiled_is_kept) {
  const Folder folder("graft-program");
  const Environment cache("GRAFT_PROGRAMS", (folder.path / "cache").string());
  const auto by = scripted(folder, "echo run >> '" + (folder.path / "runs").string() + "'; : > \"$out\"\n");
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(has(error_of([&] { static_cast<void>(open_program(small(), by)); }), "this program cannot be opened"));
  BOOST_TEST(read_file(folder.path / "runs") == "run\nrun\nrun\n");  // two halves, and the link
}

BOOST_AUTO_TEST_SUITE_END()
