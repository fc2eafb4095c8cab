#!/usr/bin/env bash
# Builds and runs every test. Installs what is missing if it may, fetches the model for the tests on it, and says what
# it skips.   usage: tests/run.sh [--fuzz-seconds N] [CTEST OPTIONS…]
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=5
if [ "${1:-}" = --fuzz-seconds ]; then fuzz=$2; shift 2; fi
. examples/quickstart/packages.sh
need_packages g++ cmake make clang-format libeigen3-dev libxsimd-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev libsentencepiece-dev libcli11-dev libboost-test-dev doxygen python3 python3-pip
build="${GRAFT_BUILD:-build-tests}"
model=$(examples/fetch_model.sh) || { echo "the model could not be fetched: tests on it are skipped"; model=; }
configured=$(mktemp)
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRAFT_FUZZ_SECONDS="$fuzz" -DGRAFT_SMOLLM2_GGUF="$model" \
  -DGRAFT_CLI_METHODS="lora=LoRA<8, Alpha<16>>" -DGRAFT_INSTANCE_PRESETS=SmolLM2_135M -DGRAFT_INSTANCE_METHODS="lora=LoRA<8, Alpha<16>>" ${GRAFT_SHARED_DIR:+-DGRAFT_SHARED_DIR="$GRAFT_SHARED_DIR"} ${GRAFT_CMAKE_OPTIONS:-} > "$configured" 2>&1 \
  || { cat "$configured"; rm "$configured"; echo "configuring failed" >&2; exit 1; }
grep -E "^-- graft" "$configured" || true
rm "$configured"
cmake --build "$build" --parallel "$(nproc)"
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" "$@"
