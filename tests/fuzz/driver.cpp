// Where there is no libFuzzer: mutates seed inputs for a number of seconds and feeds them to the target. The sanitizers
// the program is built with do the finding.   usage: fuzz_X [-max_total_time=SECONDS] [-seed=N]
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::vector<std::string> seeds();

int main(int argc, char** argv) {
  double seconds = 5;
  unsigned seed = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "-max_total_time=", 16) == 0) seconds = std::atof(argv[i] + 16);
    if (std::strncmp(argv[i], "-seed=", 6) == 0) seed = static_cast<unsigned>(std::atoi(argv[i] + 6));
  }
  std::mt19937_64 random(seed);
  const auto corpus = seeds();
  const auto below = [&random](std::size_t n) { return static_cast<std::size_t>(random() % (n == 0 ? 1 : n)); };
  const auto run = [](const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  };
  for (const auto& input : corpus) run(input);
  const auto began = std::chrono::steady_clock::now();
  std::size_t count = corpus.size();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() < seconds) {
    std::string input = corpus[below(corpus.size())];
    for (std::size_t changes = 1 + below(6); changes != 0; --changes) {
      const std::size_t at = below(input.size());
      switch (below(7)) {
        case 0:
          if (!input.empty()) input[at] = static_cast<char>(random());
          break;
        case 1:
          if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
          break;
        case 2:
          input.resize(at);
          break;
        case 3:
          input.insert(at, std::string(1 + below(9), static_cast<char>(random())));
          break;
        case 4:
          input.erase(at, 1 + below(9));
          break;
        case 5:  // a length or a count, enormous, small or negative
          if (input.size() >= 8 && at + 8 <= input.size()) {
            const std::uint64_t values[] = {
                0, 1, ~0ULL, 1ULL << 63U, 1ULL << 40U, 10'000'000'000ULL, input.size(), random()};
            const std::uint64_t value = values[below(8)];
            std::memcpy(input.data() + at, &value, 8);
          }
          break;
        default: {
          const std::string& other = corpus[below(corpus.size())];
          input.insert(at, other.substr(below(other.size()), below(64)));
        }
      }
    }
    run(input);
    ++count;
  }
  std::printf("%zu inputs, nothing found\n", count);
}
