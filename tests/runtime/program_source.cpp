#include <graft/runtime/program_source.hpp>

#include "error.hpp"
#include "folder.hpp"

#include <graft/checkpoints/description/method_text.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

namespace {

ProgramRequest request(const char* method) {
  return {.config = {.family = "llama",
                     .architecture = "LlamaForCausalLM",
                     .vocabulary = 64,
                     .width = 32,
                     .blocks = 3,
                     .heads = 4,
                     .groups = 2,
                     .head_width = 8,
                     .feed_forward = 48},
          .method = read_method(method, OwnMethods::allowed)};
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_program_source)

BOOST_AUTO_TEST_CASE(hashes) {  // FNV-1a, and where each text ends
  const auto of = [](const std::vector<std::string>& texts) {
    TextHash hash;
    for (const auto& text : texts) hash.add(text);
    return hash.hex();
  };
  BOOST_TEST(of({}) == "cbf29ce484222325");
  BOOST_TEST(of({""}) == "af64724c8602eb6e");
  BOOST_TEST(of({"ab"}) == "e7202e190542452f");
  BOOST_TEST(of({"a", "b"}) == "d2b371819297f98a");
}

BOOST_AUTO_TEST_CASE(the_source_names_nothing_of_this_machine) {
  const auto source = program_source(request("LoRA<8, Alpha<16>>"));
  for (const auto* part : {&source.model, &source.train, &source.serve})
    BOOST_TEST(!has(*part, std::filesystem::current_path().string()));
  BOOST_TEST(source.title == "llama of 3 blocks, 32 wide, with LoRA<8, Alpha<16>>");
  BOOST_TEST(source.method == "LoRA<8, Alpha<16>>");
  BOOST_TEST(has(source.model, "<Config, Method, Cpu, Bf16>;"));
  BOOST_TEST(has(source.model, "\nLoRA<8, Alpha<16>>\n;"));
  BOOST_TEST(has(source.serve, "graft::EngineOf<program::Model>"));
}

BOOST_AUTO_TEST_CASE(headers_of_ones_own) {
  auto own = request("Mine<3>");
  own.headers = {"/somewhere/mine.hpp"};
  BOOST_TEST(has(program_source(own).model, "#include \"/somewhere/mine.hpp\"\n"));
  own.headers = {"/somewhere/\"\n#error.hpp"};
  BOOST_TEST(
      has(error_of([&] { static_cast<void>(program_source(own)); }), "quotes or backslashes cannot be included"));
}

// A name follows from the source, and in a cache from all else as well.
BOOST_AUTO_TEST_CASE(names) {
  const auto lora = request("LoRA<8>"), base = request("FrozenBase");
  const auto source = program_source(lora);
  BOOST_TEST(name_ahead(source) == name_ahead(program_source(lora)));
  BOOST_TEST(name_ahead(source) != name_ahead(program_source(base)));
  BOOST_TEST(name_ahead(source).size() == 16U + 3U);

  const Folder folder("graft-program-source");
  std::filesystem::create_directories(folder.path / "include/graft");
  Toolchain by;
  by.compiler = "c++";
  by.include = folder.path / "include";
  const auto before = name_cached(source, lora, by);
  BOOST_TEST(before == name_cached(source, lora, by));
  by.flags = {"-O2"};
  BOOST_TEST(before != name_cached(source, lora, by));
  by.flags = {};
  by.compiler = "mine++";
  BOOST_TEST(before != name_cached(source, lora, by));
  by.compiler = "c++";
  BOOST_TEST(before == name_cached(source, lora, by));
  write_file(folder.path / "include/graft/new.hpp", "//");
  BOOST_TEST(before != name_cached(source, lora, by));

  auto own = lora;
  own.headers = {folder.path / "mine.hpp"};
  write_file(own.headers[0], "// one");
  const auto one = name_cached(source, own, by);
  write_file(own.headers[0], "// two");
  BOOST_TEST(one != name_cached(source, own, by));
}

BOOST_AUTO_TEST_SUITE_END()
