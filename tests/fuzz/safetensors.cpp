#include "io/files.hpp"

std::vector<std::string> seeds() {
  return {
      made::safetensors("{}", 0),
      made::safetensors(
          R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}})",
          22)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    graft::Json metadata;
    for (const auto& [name, tensor] :
         graft::parse_safetensors({reinterpret_cast<const std::byte*>(data), size}, "fuzz.safetensors", &metadata))
      if (tensor.type != graft::ElementType::Other) graft::to_floats(tensor, name);
  } catch (const graft::Error&) {}
  return 0;
}
