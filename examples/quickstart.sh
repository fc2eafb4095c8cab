#!/usr/bin/env bash
# From nothing to a fine-tuned language model: SmolLM2-135M learns to write the one-line synopsis of a Debian package
# from its description, through LoRA, on this machine's CPU.
#
#   examples/quickstart.sh [--quick] [--model FILE.gguf|FOLDER] [--output FOLDER] [--seed N] [--no-install]
#
#   --quick       100 examples instead of 800: two to four minutes, building included, instead of ten
#   --model       any GGUF or Hugging Face folder of a language model that graft reads; default: SmolLM2-135M-Instruct, fetched
#   --output      where adapter/, report.html, result.json (what was learned) and cost.json (what it took) go; default: quickstart-run
#   --seed        of initial values and order; default: 1
#   --no-install  never install anything, only say what is missing
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD quick= model= output=quickstart-run seed=1 install=yes
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --model) model=$2; shift ;;
    --output) output=$2; shift ;;
    --seed) seed=$2; shift ;;
    --no-install) install= ;;
    -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "quickstart.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
say() { printf '\n== %s\n' "$*"; }
began=$(date +%s)
cache="${GRAFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/graft}"
mkdir -p "$cache"

say "1. what is needed"
. examples/quickstart/packages.sh
need_packages g++ cmake make libeigen3-dev libxsimd-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev libsentencepiece-dev libcli11-dev python3 python3-pip

say "2. the model"
[ -n "$model" ] || model=$(examples/fetch_model.sh)
[ -e "$model" ] || { echo "quickstart.sh: there is no model at $model" >&2; exit 1; }
model=$(realpath "$model")
echo "$model"

say "3. the data: Debian's own package descriptions"
data="$cache/synopses"
if [ ! -f "$data/train.jsonl" ] || [ ! -f "$data/heldout.jsonl" ]; then
  mkdir -p "$data"
  examples/quickstart/descriptions.sh > "$data/descriptions.txt"
  python3 examples/quickstart/synopses.py "$data/descriptions.txt" "$data"
  rm "$data/descriptions.txt"
fi
echo "$(wc -l < "$data/train.jsonl") examples to learn from, $(wc -l < "$data/heldout.jsonl") held out"

say "4. building for this CPU"
build="${GRAFT_BUILD:-build-quickstart}"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRAFT_BUILD_TESTS=OFF -DGRAFT_BUILD_BENCH=OFF -DGRAFT_CLI_BUILD_AHEAD=OFF > "$cache/configure.log" || { cat "$cache/configure.log" >&2; exit 1; }
cmake --build "$build" --target graft-cli --parallel
"$build/examples/cli/graft" build --model "$model" --method lora  # the program for this model and method; kept, so that it is compiled once
training=$(date +%s)

say "5. training, with a look at held-out examples before and after"
more=()
[ -z "$quick" ] || more=(--limit 100 --rouge 10)
"$build/examples/cli/graft" train --model "$model" --data "$data/train.jsonl" --held-out "$data/heldout.jsonl" \
  --instruction $'Write the one-line synopsis of this software package.\n\n' --seed "$seed" \
  --title "Quickstart: synopses of Debian packages" --output "$output" "${more[@]}"
ended=$(date +%s)

say "done in $((ended - began)) s ($((ended - training)) s without installing, fetching and building)"
echo "look at $output/report.html in a browser; try the adapter on a description of your own:"
echo "  $build/examples/cli/graft generate --model $model --adapter $output/adapter --instruction 'Write the one-line synopsis of this software package.
' --prompt 'YOUR DESCRIPTION'"
