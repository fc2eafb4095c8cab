#include <graft/runtime/toolchain.hpp>

#include "folder.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(runtime_toolchain)

const Json stated = Json::parse(R"({
  "compiler": "c++", "flags": ["-O2", "-DX='y z'"], "libraries": ["-ldl"], "include": "../../include",
  "kernels": "../../lib/graft/libgraft_kernels.a",
  "programs": "../../lib/graft/programs", "methods": [["lora", "LoRA<8, Alpha<16>>"], ["base", "FrozenBase"]],
  "storage": "Bf16"})");

BOOST_AUTO_TEST_CASE(places_are_relative_to_the_file) {
  const Folder folder("graft-toolchain");
  std::filesystem::create_directories(folder.path / "share/graft");
  const auto file = folder.path / "share/graft/toolchain.json";
  write_json(file, stated);
  const auto by = Toolchain::read(file);
  BOOST_TEST(by.include == folder.path / "include");
  BOOST_TEST(by.kernels == folder.path / "lib/graft/libgraft_kernels.a");
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

BOOST_AUTO_TEST_SUITE_END()
