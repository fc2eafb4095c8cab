#!/usr/bin/env bash
# Builds and runs every test. Installs what is missing if it may, fetches the model for the tests on it, and says what
# it skips.   usage: tests/run.sh [--full] [--fuzz-seconds N] [CTEST OPTIONS…]
#   --full  and then what CI has no time for: the unit tests under clang, AddressSanitizer and UBSan, ThreadSanitizer and on
#           ARM (parity too), clang-tidy, fuzzing for ten minutes a parser. Hours; each says how it ended, and the last line all.
set -euo pipefail
cd "$(dirname "$0")/.."
full= fuzz=5
if [ "${1:-}" = --full ]; then full=yes fuzz=600; shift; fi
if [ "${1:-}" = --fuzz-seconds ]; then fuzz=$2; shift 2; fi
. examples/quickstart/packages.sh
need_packages g++ cmake make clang-format-19 doxygen libeigen3-dev libxsimd-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev libsentencepiece-dev libcli11-dev libboost-test-dev python3 python3-pip
build="${GRAFT_BUILD:-build-tests}"
model=$(examples/fetch_model.sh) || { echo "the model could not be fetched: tests on it are skipped"; model=; }
# configured ARGUMENTS…: cmake, quiet where it succeeds but for what graft says
configured() {
  local log
  log=$(mktemp)
  cmake "$@" > "$log" 2>&1 || { cat "$log"; rm "$log"; echo "configuring failed" >&2; return 1; }
  grep -E "^-- graft" "$log" || true
  rm "$log"
}
configured -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRAFT_UNITY_TESTS=ON -DGRAFT_FUZZ_SECONDS="$fuzz" -DGRAFT_SMOLLM2_GGUF="$model" \
  -DGRAFT_CLI_METHODS="lora=LoRA<8, Alpha<16>>" -DGRAFT_INSTANCE_PRESETS=SmolLM2_135M -DGRAFT_INSTANCE_METHODS="lora=LoRA<8, Alpha<16>>" ${GRAFT_SHARED_DIR:+-DGRAFT_SHARED_DIR="$GRAFT_SHARED_DIR"} ${GRAFT_CMAKE_OPTIONS:-}
cmake --build "$build" --parallel "$(nproc)"
all_tests() { ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" "$@"; }
if [ -z "$full" ]; then
  all_tests "$@"
  exit
fi

# What CI has no time for. Each stage is a build folder of its own (CMakePresets.json), and goes on where another failed.
dpkg --print-foreign-architectures | grep -q arm64 || { [ "$(id -u)" = 0 ] && dpkg --add-architecture arm64 && apt-get update -qq; }
need_packages clang-19 clang-tidy-19 libomp-19-dev libclang-rt-19-dev g++-aarch64-linux-gnu qemu-user libboost-test1.74-dev:arm64 libpcre2-dev:arm64 libutf8proc-dev:arm64
said=()
stage() {  # NAME COMMAND…
  local name=$1
  shift
  echo "== $name"
  if "$@"; then said+=("$name: passed"); else said+=("$name: FAILED"); fi
}
unit_under() {  # PRESET TARGETS…: builds them, and runs what they have
  local preset=$1
  shift
  configured --preset "$preset" ${GRAFT_SHARED_DIR:+-DGRAFT_SHARED_DIR="$GRAFT_SHARED_DIR"} && cmake --build "build-$preset" --parallel "$(nproc)" --target "$@" || return 1
  local run=()
  if [ "$preset" = arm ]; then run=(qemu-aarch64); fi
  if [ "$preset" = tsan ]; then export OMP_TOOL_LIBRARIES=/usr/lib/llvm-19/lib/libarcher.so TSAN_OPTIONS=ignore_noninstrumented_modules=1; fi
  for target in "$@"; do
    "${run[@]}" "$(find "build-$preset/tests" -name "$target" -type f -perm -u+x)" --log_level=error || return 1
  done
}
tidy() {  # what has its body in a header is looked at where it is included, and templates where they are used
  clang-tidy-19 --quiet tests/consumers/one.cpp tests/consumers/two.cpp examples/09_adapters_over_one_base.cpp \
    -- -std=c++20 -fopenmp -march=native -Iinclude -isystem /usr/include/eigen3 2> /dev/null
}
stage "all tests, fuzzing $fuzz s a parser" all_tests "$@"
stage "clang 19" unit_under clang unit_tests
stage "clang-tidy 19" tidy
stage "AddressSanitizer and UBSan" unit_under asan unit_tests
stage "ThreadSanitizer" unit_under tsan unit_tests
stage "ARM" unit_under arm unit_tests parity_tests
printf '%s\n' "${said[@]}"
[[ " ${said[*]} " != *FAILED* ]]
