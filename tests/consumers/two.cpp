#include <graft/graft.hpp>

double other() {
  using namespace graft;
  const Tokenizer letters(byte_level_parts({"a", "b", "ab"}, {{"a", "b"}}, {}, {splitter::gpt2_pattern}));
  return rouge("a b c", "a b d").one.f + static_cast<double>(letters.encode("aab").size());
}
