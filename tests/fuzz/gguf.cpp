#include "io/files.hpp"

#include <graft/checkpoints/base/tokenizer_files.hpp>

std::vector<std::string> seeds() {
  using namespace made;
  const auto strings = Bytes{}
                           .string("tokenizer.ggml.tokens")
                           .number(std::uint32_t{9})
                           .number(std::uint32_t{8})
                           .number(std::uint64_t{2})
                           .string("a")
                           .string("b")
                           .text;
  const auto numbers = Bytes{}
                           .string("n")
                           .number(std::uint32_t{9})
                           .number(std::uint32_t{5})
                           .number(std::uint64_t{2})
                           .number(std::int32_t{1})
                           .number(std::int32_t{2})
                           .text;
  return {gguf({}, {}), gguf({text_value("general.architecture", "llama"), count_value("llama.block_count", 2),
                              real_value("x", 1.5F), strings, numbers},
                             {{"token_embd.weight", {4, 2}, 0, std::string(32, 'x')},
                              {"q", {32, 1}, 8, std::string(34, 'y')},
                              {"r", {32}, 3, std::string(20, 'z')}})};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const graft::Gguf gguf({reinterpret_cast<const std::byte*>(data), size}, "fuzz.gguf");
    for (const auto& [name, tensor] : gguf.tensors)
      if (tensor.type != graft::ElementType::Other && tensor.bytes < 1U << 20U) graft::to_floats(tensor, name);
    graft::tokenizer_parts(gguf);
  } catch (const graft::Error&) {}
  return 0;
}
