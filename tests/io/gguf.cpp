#include "folder.hpp"
#include "io/files.hpp"

#include <graft/io/gguf_writer.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;
using made::Bytes, made::error_of;

BOOST_AUTO_TEST_SUITE(io_gguf)

std::string parse_error(const std::string& file) {
  return error_of([&] { const Gguf gguf(made::bytes(file), "model.gguf"); });
}

#define SAYS(text, part) BOOST_TEST((text).find(part) != std::string::npos, (text))

BOOST_AUTO_TEST_CASE(values_and_tensors) {
  const float numbers[6] = {1, 2, 3, 4, 5, 6};
  const auto file =
      made::gguf({made::text_value("general.architecture", "llama"), made::count_value("llama.block_count", 7)},
                 {{"a", {3, 2}, 0, std::string(reinterpret_cast<const char*>(numbers), sizeof numbers)}});
  const Gguf gguf(made::bytes(file), "model.gguf");
  BOOST_TEST(gguf.get<std::string>("general.architecture") == "llama");
  BOOST_TEST(gguf.get<std::int64_t>("llama.block_count") == 7);
  BOOST_TEST(gguf.tensors.at("a").shape == (std::vector<Index>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(to_floats(gguf.tensors.at("a"), "a")[4] == 5.0F);
}

BOOST_AUTO_TEST_CASE(quantised_blocks) {
  Bytes q8, q40, q41;
  q8.number(std::uint16_t{0x3800});  // d = 0.5
  for (int i = 0; i < 32; ++i) q8.number(static_cast<std::int8_t>(i - 16));
  q40.number(std::uint16_t{0x4000});                                // d = 2
  q41.number(std::uint16_t{0x4000}).number(std::uint16_t{0xbc00});  // d = 2, m = −1
  for (int i = 0; i < 16; ++i) {
    q40.number(static_cast<std::uint8_t>(i | ((15 - i) << 4)));
    q41.number(static_cast<std::uint8_t>(i | ((15 - i) << 4)));
  }
  const auto file = made::gguf({}, {{"q8", {32}, 8, q8.text}, {"q40", {32}, 2, q40.text}, {"q41", {32}, 3, q41.text}});
  const Gguf gguf(made::bytes(file), "model.gguf");
  const auto a = to_floats(gguf.tensors.at("q8"), ""), b = to_floats(gguf.tensors.at("q40"), ""),
             c = to_floats(gguf.tensors.at("q41"), "");
  for (int i = 0; i < 16; ++i) {
    const auto low = static_cast<Index>(i), high = low + 16;
    BOOST_TEST(a[low] == 0.5F * static_cast<float>(i - 16));
    BOOST_TEST(b[low] == 2.0F * static_cast<float>(i - 8));
    BOOST_TEST(b[high] == 2.0F * static_cast<float>(7 - i));
    BOOST_TEST(c[low] == 2.0F * static_cast<float>(i) - 1.0F);
    BOOST_TEST(c[high] == 2.0F * static_cast<float>(15 - i) - 1.0F);
  }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_an_error) {
  const auto file =
      made::gguf({made::text_value("general.architecture", "llama")}, {{"a", {3}, 0, std::string(12, 'x')}});
  for (std::size_t n = 0; n + 32 < file.size(); ++n) BOOST_TEST(!parse_error(file.substr(0, n)).empty(), n);
}

BOOST_AUTO_TEST_CASE(hostile_headers) {
  Bytes head;
  head.number(std::uint32_t{0x46554747}).number(std::uint32_t{3});
  SAYS(parse_error(Bytes{head}.number(~std::uint64_t{0}).number(std::uint64_t{0}).text),
       "claims 18446744073709551615 tensors");
  SAYS(parse_error(Bytes{head}.number(std::uint64_t{0}).number(std::uint64_t{1} << 60U).text), "metadata values");
  SAYS(parse_error(
           Bytes{head}.number(std::uint64_t{0}).number(std::uint64_t{1}).number(std::uint64_t{10'000'000'000}).text +
           std::string(64, 'x')),
       "within a string");
  SAYS(parse_error(made::gguf(
           {Bytes{}.string("k").number(std::uint32_t{9}).number(std::uint32_t{4}).number(std::uint64_t{1} << 62U).text},
           {})),
       "elements of an array");
  SAYS(parse_error(made::gguf({Bytes{}.string("k").number(std::uint32_t{77}).text}, {})), "unknown type 77");
  SAYS(parse_error(made::gguf({}, {{"a", {std::uint64_t{1} << 40U, std::uint64_t{1} << 40U}, 0, ""}})),
       "impossible shape");
  SAYS(parse_error(made::gguf({}, {{"a", {1000}, 0, "short"}})), "lie outside the file");
  SAYS(parse_error(made::gguf({}, {{"a", {31}, 3, std::string(20, 'x')}})), "impossible shape");
  SAYS(parse_error("GGML" + std::string(60, '\0')), "not a GGUF file");
  SAYS(parse_error(made::gguf({made::count_value("general.alignment", 0)}, {})), "general.alignment");
}

/// llama.cpp's gguf-split: "…-00001-of-00003.gguf" has the metadata, all have tensors.
BOOST_AUTO_TEST_CASE(a_model_in_several_files) {
  const Folder folder("graft-gguf-split");
  const auto path = [&](int i) { return folder.path / ("m-0000" + std::to_string(i + 1) + "-of-00003.gguf"); };
  const auto write = [&](int i, std::uint32_t number, const std::string& tensor, std::uint32_t tensors = 3) {
    write_gguf(path(i),
               {{"general.architecture", std::string("llama")},
                {"split.no", number},
                {"split.count", std::uint32_t{3}},
                {"split.tensors.count", tensors}},
               {{tensor, {2}, {static_cast<float>(i), 7}}});
  };
  for (int i = 0; i < 3; ++i) write(i, static_cast<std::uint32_t>(i), "t" + std::to_string(i));
  {
    const GgufFile file(path(0));
    BOOST_TEST(file.content.tensors.size() == 3U);
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(to_floats(file.content.tensors.at("t" + std::to_string(i)), "t")[0] == static_cast<float>(i));
  }
  const auto error = [&](int i) { return error_of([&] { const GgufFile file(path(i)); }); };
  SAYS(error(1), "name the first, " + path(0).string());
  write(2, 1, "t2");
  SAYS(error(0), path(2).string() + ": says that it is another part");
  write(2, 2, "t1");
  SAYS(error(0), "\"t1\" is in another part too");
  write(2, 2, "t2");
  write(0, 0, "t0", 4);
  SAYS(error(0), "3 tensors, and split.tensors.count is 4");
  std::filesystem::remove(path(2));
  SAYS(error(0), "in 3 parts, and " + path(2).string() + " is not there");
  write(0, 0, "t0");
  std::filesystem::rename(path(0), folder.path / "other.gguf");
  SAYS(error_of([&] { const GgufFile file(folder.path / "other.gguf"); }),
       "does not end with \"-00001-of-00003.gguf\"");
}

BOOST_AUTO_TEST_CASE(rows_of_queries_are_put_back) {
  std::vector<float> w(8);  // 2 heads of width 4, rows of one number: file order 0 2 1 3
  for (Index i = 0; i < 8; ++i) w[i] = static_cast<float>(i);
  const auto out = unpermuted(w, 2, 1);
  BOOST_TEST(out == (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(io_ggml_blocks)

BOOST_AUTO_TEST_CASE(every_block_format) {
  const GgufFile file(std::filesystem::path(GRAFT_TEST_DATA_DIR) / "io/blocks.gguf");
  Index formats = 0;
  for (const auto& [name, tensor] : file.content.tensors) {
    if (name.ends_with(".expected")) continue;
    const auto have = to_floats(tensor, name), want = to_floats(file.content.tensors.at(name + ".expected"), name);
    BOOST_REQUIRE(have.size() == want.size());
    float largest = 0, worst = 0;
    for (Index i = 0; i < have.size(); ++i) {
      largest = std::max(largest, std::abs(want[i]));
      worst = std::max(worst, std::abs(have[i] - want[i]));
    }
    BOOST_TEST(worst <= 1e-6F * largest,
               name << " (" << tensor.type_name << "): off by " << worst << " of " << largest);
    ++formats;
  }
  BOOST_TEST(formats == 12U);
}

BOOST_AUTO_TEST_SUITE_END()
