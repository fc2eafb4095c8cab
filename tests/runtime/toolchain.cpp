#include "folder.hpp"

#include <graft/runtime/model_choice.hpp>
#include <graft/runtime/program_source.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_toolchain)

const Json stated = Json::parse(R"({
  "compiler": "c++", "flags": ["-O2", "-DX='y z'"], "libraries": ["-ldl"], "include": "../../include",
  "programs": "../../lib/graft/programs", "methods": [["lora", "LoRA<8, Alpha<16>>"], ["base", "FrozenBase"]],
  "storage": "Bf16"})");

BOOST_AUTO_TEST_CASE(places_are_relative_to_the_file) {
  const Folder folder("graft-toolchain");
  std::filesystem::create_directories(folder.path / "share/graft");
  const auto file = folder.path / "share/graft/toolchain.json";
  write_json(file, stated);
  const auto by = Toolchain::read(file);
  BOOST_TEST(by.include == folder.path / "include");
  BOOST_TEST(by.programs == folder.path / "lib/graft/programs");
  BOOST_TEST(by.methods.front().second == "LoRA<8, Alpha<16>>");
  BOOST_TEST(quoted(by.flags) == R"('-O2' '-DX='\''y z'\''')");
  BOOST_TEST(!by.works());  // there are no headers
  ::setenv("GRAFT_CXX", "mine++", 1);
  BOOST_TEST(Toolchain::read(file).compiler == "mine++");
  ::unsetenv("GRAFT_CXX");
  ::setenv("GRAFT_TOOLCHAIN", file.c_str(), 1);
  BOOST_TEST(Toolchain::find().value().storage == "Bf16");
  ::unsetenv("GRAFT_TOOLCHAIN");
  BOOST_TEST(own_path() == std::filesystem::canonical("/proc/self/exe"));
  write_file(file, "{\"compiler\": 3}");
  BOOST_CHECK_EXCEPTION((void)Toolchain::read(file), Error, [](const Error& e) {
    return std::string(e.what()).find("toolchain.json: the key \"compiler\"") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(what_a_user_names_becomes_a_type) {
  const Folder folder("graft-toolchain");
  const auto file = folder.path / "toolchain.json";
  write_json(file, stated);
  const auto by = Toolchain::read(file);
  const auto type = [&](const ModelChoice& choice) {
    return type_text(choose_model(choice, Purpose::train, {}, {}, by).program.method);
  };
  BOOST_TEST(type({}) == "LoRA<8, Alpha<16>>");
  BOOST_TEST(type({.method = "base"}) == "FrozenBase");
  BOOST_TEST(type({.method = "LoRA<4,On<Value,Query>>"}) == "LoRA<4, On<Query, Value>>");
  BOOST_CHECK_EXCEPTION(type({.method = "Lora"}), Error,
                        [](const Error& e) { return std::string(e.what()).starts_with("--method: "); });
  const auto plain = choose_model({}, Purpose::train, {}, {}, by);
  BOOST_TEST(plain.program.config.width == 576U);
  BOOST_TEST(plain.program.storage == "Bf16");
  BOOST_TEST(choose_model({.storage = "Nf4"}, Purpose::train, {}, {}, by).program.storage == "Nf4");

  // The source names nothing of this machine; its name follows from it, and that in a cache from all else as well.
  const auto source = program_source(plain.program);
  for (const auto* part : {&source.model, &source.train, &source.serve})
    BOOST_TEST(part->find(std::filesystem::current_path().string()) == std::string::npos);
  BOOST_TEST(source.title == "llama of 30 blocks, 576 wide, with LoRA<8, Alpha<16>>");
  BOOST_TEST(name_ahead(source) == name_ahead(program_source(plain.program)));
  BOOST_TEST(name_ahead(source) !=
             name_ahead(program_source(choose_model({.method = "base"}, Purpose::train, {}, {}, by).program)));
  std::filesystem::create_directories(folder.path / "include/graft");
  auto here = by;
  here.include = folder.path / "include";
  const auto before = name_cached(source, plain.program, here);
  BOOST_TEST(before == name_cached(source, plain.program, here));
  write_file(here.include / "graft/new.hpp", "//");
  BOOST_TEST(before != name_cached(source, plain.program, here));
}

BOOST_AUTO_TEST_SUITE_END()
