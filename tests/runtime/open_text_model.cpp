#include <graft/runtime/open_text_model.hpp>

#include "error.hpp"
#include "runtime/model_folder.hpp"
#include "runtime/pretended.hpp"

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::error_of;

namespace {

struct Named : made::Pretended {
  explicit Named(const char* name) : name_(name) {}
  [[nodiscard]] const char* method() const override { return name_; }

 private:
  const char* name_;
};
template <Index Width>
bool fits(const StatedConfig& stated) {
  return stated.width == Width;
}

constexpr CompiledEngine compiled_in[] = {
    {"Other", "lora", "LoRA<8>", fits<32>,
     []() -> std::unique_ptr<Engine> { return std::make_unique<Named>("other"); }},
    {"Small", "lora", "LoRA<8>", fits<16>, []() -> std::unique_ptr<Engine> { return std::make_unique<Named>("one"); }}};

}  // namespace

// What a library has that engines were compiled into.
std::span<const CompiledEngine> graft::compiled_engines() { return compiled_in; }

BOOST_AUTO_TEST_SUITE(runtime_open_text_model)

BOOST_AUTO_TEST_CASE(an_engine_that_was_compiled_in) {
  const made::ModelFolder folder("graft-open");
  for (const char* method : {"lora", "LoRA<8>"})
    BOOST_TEST(open_text_model(folder.path, method)->engine().method() == std::string("one"));
}

BOOST_AUTO_TEST_CASE(others_are_programs_where_there_is_a_toolchain) {
  const made::ModelFolder folder("graft-open");
  const auto file = folder.path / "toolchain.json";
  write_json(file, {{"compiler", "no-such-compiler"},
                    {"flags", Json::array()},
                    {"libraries", Json::array()},
                    {"include", "include"},
                    {"programs", "programs"},
                    {"methods", Json::array({Json::array({"dora", "DoRA<4>"})})},
                    {"storage", "Bf16"}});
  ::setenv("GRAFT_TOOLCHAIN", file.c_str(), 1);
  const auto error_with = [&](const char* method) {
    return error_of([&] { static_cast<void>(open_text_model(folder.path, method)); });
  };
  const auto short_name = error_with("dora"), unknown = error_with("Lora<8>");
  ::unsetenv("GRAFT_TOOLCHAIN");
  BOOST_TEST(short_name.find("no program for llama of 2 blocks, 16 wide, with DoRA<4> is there") == 0U, short_name);
  BOOST_TEST(unknown.find("--method: ") == 0U, unknown);
}

BOOST_AUTO_TEST_SUITE_END()
