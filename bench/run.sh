#!/usr/bin/env bash
# Graft beside PyTorch + HF PEFT, and beside llama.cpp, in turn, on this machine: the whole table of speed and memory, and what
# share of the machine's peak each kernel reaches.
#
#   bench/run.sh [--json FILE] [--rounds N] [--python PYTHON] [--only WORD]
#
#   --python  a Python with torch, transformers, peft and gguf (bench/peer.py says which), and perhaps llama-cpp-python;
#             without one only graft is measured
#   --rounds  how often all of it is measured; medians are printed (default 3)
#   --only    only works whose name contains WORD
#   --json    one object a line: name, graft, peer, ratio, unit
# Programs are built as they are needed, and no others. Answers are checked first: kernels against `reference`, losses against float32 weights.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
[ "${1:-}" != -h ] && [ "${1:-}" != --help ] || { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0; }
model=$(examples/fetch_model.sh)
build="${GRAFT_BUILD:-build-bench}"
configured=$(mktemp)
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRAFT_BUILD_TESTS=OFF -DGRAFT_BUILD_EXAMPLES=OFF > "$configured" 2>&1 || { cat "$configured"; exit 1; }
rm "$configured"
exec python3 bench/run.py --folder "$here" --build "$build" --model "$model" "$@"
