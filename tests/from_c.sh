#!/usr/bin/env bash
# The example in C: what it says of mistakes, and, where there is a model, that an answer is learnt, saved and read again.
# usage: from_c.sh PROGRAM [MODEL.gguf]
set -euo pipefail
program=$1 model=${2:-}
fail() { echo "from_c.sh: $*" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if "$program" /nowhere.gguf "$folder/adapter" > "$folder/out" 2> "$folder/error"; then fail "a missing model succeeded"; fi
grep -q "^compiled: SmolLM2_135M lora = LoRA<8, Alpha<16>>" "$folder/out" || fail "the list of instances"
grep -q "graft_open: .*/nowhere.gguf" "$folder/error" || fail "the error for a missing model"
if [ -z "$model" ] || [ ! -f "$model" ]; then
  echo "no model file: the rest is skipped"
  exit 0
fi
"$program" "$model" "$folder/adapter" > "$folder/out"
cat "$folder/out"
[ "$(grep -c "^Three people and a patient compiler." "$folder/out")" = 2 ] || fail "the answer was not learnt and read again"
echo "graft works from C"
