#!/usr/bin/env bash
# Graft beside PyTorch + HF PEFT, in turn, on this machine: tokens per second and peak resident memory.
#
#   bench/run.sh [--json FILE] [--rounds N] [--python PYTHON] [--peers FOLDER]
#
#   --python  a Python with torch, transformers and peft (see the README beside the peers' scripts); without one only graft
#             is measured
#   --peers   folder of the PyTorch scripts (default: ../shared/bench)
# The checked build answers first: kernels against `reference`, loss against float32 weights.
set -euo pipefail
cd "$(dirname "$0")/.."
json= rounds=3 python= peers="${GRAFT_SHARED_DIR:-../shared}/bench"
while [ $# -gt 0 ]; do
  case $1 in
    --json) json=$(realpath -m "$2"); shift ;;
    --rounds) rounds=$2; shift ;;
    --python) python=$(cd "$(dirname "$2")" && pwd)/$(basename "$2"); shift ;;
    --peers) peers=$2; shift ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
model=$(examples/fetch_model.sh)
build="${GRAFT_BUILD:-build-bench}"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRAFT_BUILD_TESTS=OFF -DGRAFT_BUILD_EXAMPLES=OFF > /dev/null
cmake --build "$build" --target bench_lora --parallel > /dev/null
"$build/bench/bench_lora" "$model" step
peers=$(realpath "$peers" 2> /dev/null || true)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ -n "$python" ] && [ -d "$peers" ]; then
  hf="${GRAFT_CACHE:-$HOME/.cache/graft}/peer"
  mkdir -p "$hf"
  [ -f "$hf/smollm2-hf/model.safetensors" ] || (cd "$hf" && "$python" "$peers/gguf_to_hf.py" > /dev/null 2>&1)
else
  echo "no --python or no peers: only graft is measured"
  python=
fi
for round in $(seq "$rounds"); do
  for work in step instruction; do
    GRAFT_BENCH_UNCHECKED=1 "$build/bench/bench_lora" "$model" $work 3 320 | tee -a "$folder/graft-$work"
    [ -n "$python" ] || continue
    if [ $work = step ]; then (cd "$hf" && "$python" "$peers/peft_step.py" --dtype bf16 --steps 3 2> /dev/null) | tee -a "$folder/peer-$work"
    else (cd "$hf" && "$python" "$peers/peft_instruction.py" --batches 3 2> /dev/null) | tee -a "$folder/peer-$work"; fi
  done
done
"${python:-python3}" - "$folder" "$json" "$rounds" <<'PY'
import json, os, re, statistics, sys
folder, out, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
def read(name, pattern):
    try: text = open(os.path.join(folder, name)).read()
    except FileNotFoundError: return None
    return statistics.median(float(x) for x in re.findall(pattern, text))
rows = []
for work, title, peer_speed in (("step", "LoRA r=8 all linears, 4x256, Bf16 frozen", r"median ([\d.]+)"), ("instruction", "instruction batches, LoRA r=8 all linears, Bf16 frozen", r"([\d.]+) useful")):
    for unit, ours, theirs in (("tokens/s", r"mean ([\d.]+)" if work == "instruction" else r"median ([\d.]+)", peer_speed), ("GB", r"peak ([\d.]+)", r"peak ([\d.]+)")):
        g, p = read("graft-" + work, ours), read("peer-" + work, theirs)
        rows.append({"name": title, "graft": g, "peer": p, "ratio": round(g / p, 3) if p else None, "unit": unit})
print(f"\nmedians of {rounds} rounds\n{'work':58} {'graft':>8} {'PyTorch':>8} {'ratio':>7}")
for r in rows: print(f"{r['name'] + ', ' + r['unit']:58} {r['graft']:8.2f} {r['peer'] if r['peer'] else float('nan'):8.2f} {r['ratio'] if r['ratio'] else float('nan'):7.2f}")
if out: open(out, "w").writelines(json.dumps(r) + "\n" for r in rows)
PY
