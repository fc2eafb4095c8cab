#include <graft/io/bitsandbytes.hpp>
#include <graft/io/safetensors.hpp>

#include <boost/test/unit_test.hpp>

using namespace graft;

BOOST_AUTO_TEST_SUITE(io_bitsandbytes)

const std::filesystem::path folder = GRAFT_TEST_DATA_DIR;

/// The matrix of make_bitsandbytes.py
std::vector<float> matrix(Index size) {
  std::vector<float> all(size);
  for (Index i = 0; i < size; ++i)
    all[i] = (static_cast<float>(i * 40503 % 65536) / 65536.0F - 0.5F) * (1.0F + static_cast<float>(i % 977) / 977.0F);
  return all;
}
std::string hashed(const std::vector<float>& values) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const std::byte b : std::as_bytes(std::span(values)))
    h = (h ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3U;
  return std::to_string(h);
}

BOOST_AUTO_TEST_CASE(values_are_those_of_bitsandbytes_to_the_bit) {
  SafetensorsFile file(folder / "io/bitsandbytes.safetensors");
  std::deque<std::vector<std::byte>> memory;
  join_bitsandbytes(file.tensors, memory, "file");
  BOOST_TEST(file.tensors.size() == 3U);
  for (const auto& [name, type] : {std::pair("nested", ElementType::Nf4DoubleQuant),
                                   std::pair("plain", ElementType::Nf4), std::pair("over_rows", ElementType::F32)}) {
    const StoredTensor& tensor = file.tensors.at(name + std::string(".weight"));
    BOOST_TEST((tensor.type == type), name);
    BOOST_TEST(hashed(to_floats(tensor, name)) == file.metadata.at(name).get<std::string>(), name);
  }
}
BOOST_AUTO_TEST_CASE(bytes_are_those_of_bitsandbytes) {
  SafetensorsFile file(folder / "io/bitsandbytes.safetensors");
  std::deque<std::vector<std::byte>> memory;
  join_bitsandbytes(file.tensors, memory, "file");
  const StoredTensor& tensor = file.tensors.at("nested.weight");
  std::vector<std::byte> bytes(tensor.bytes);
  Nf4DoubleQuant::encode_rows(bytes.data(), matrix(5 * 3328).data(), 5, 3328);
  // The mean of the scales alone is summed in another order.
  const Index row = Nf4DoubleQuant::row_bytes(3328);
  for (Index o = 0; o < 5; ++o) {
    BOOST_TEST(std::abs(quantized::load<float>(&bytes[o * row]) - quantized::load<float>(tensor.data + o * row)) <
               1e-7F);
    for (Index g = 8; g < Nf4DoubleQuant::header_bytes(3328); g += 4)
      BOOST_TEST(std::abs(quantized::load<float>(&bytes[o * row + g]) -
                          quantized::load<float>(tensor.data + o * row + g)) < 1e-7F);
    Index other = 0;
    for (Index i = Nf4DoubleQuant::header_bytes(3328); i < row; ++i)
      other += bytes[o * row + i] != tensor.data[o * row + i] ? 1 : 0;
    BOOST_TEST(other == 0U);
  }
  std::vector<std::byte> plain(4 * Nf4::row_bytes(128));
  Nf4::encode_row(plain.data(), matrix(512).data(), 512);
  BOOST_TEST(std::equal(plain.begin(), plain.end(), file.tensors.at("plain.weight").data));
}
BOOST_AUTO_TEST_CASE(what_is_broken_is_refused) {
  const auto refused = [](const auto& spoil, const std::string& says) {
    SafetensorsFile file(folder / "io/bitsandbytes.safetensors");
    spoil(file.tensors);
    std::deque<std::vector<std::byte>> memory;
    BOOST_CHECK_EXCEPTION(join_bitsandbytes(file.tensors, memory, "file"), Error,
                          [&says](const Error& e) { return std::string(e.what()).find(says) != std::string::npos; });
  };
  refused([](TensorMap& t) { t.erase("nested.weight.absmax"); }, "\"nested.weight.absmax\" is missing");
  refused([](TensorMap& t) { t.at("nested.weight").bytes -= 1; }, "has 8319 bytes, not 8320");
  refused([](TensorMap& t) { t.at("nested.weight.nested_quant_map").data = t.at("nested.weight").data; },
          "other numbers");
  std::string state = R"({"quant_type": "fp4", "blocksize": 64, "shape": [4, 128]})";
  const auto stated = [&state](TensorMap& t) {
    auto& tensor = t.at("plain.weight.quant_state.bitsandbytes__nf4");
    tensor.data = std::as_bytes(std::span(state)).data();
    tensor.bytes = state.size();
  };
  refused(stated, "this is fp4");
  state = R"({"quant_type": "nf4", "blocksize": 64, "shape": [4294967296, 4294967296]})";
  refused(stated, "no matrix's");
  state = R"({"quant_type": "nf4", "blocksize": 64, "shape": [8, 128]})";
  refused(stated, "bytes, not 512");
}

BOOST_AUTO_TEST_SUITE_END()
