#!/usr/bin/env bash
# What `cmake --install` puts into an empty prefix stands on its own: no text of the source or build tree is in it, and moved elsewhere it
# still trains, generates, evaluates and is found by CMake.   usage: installed.sh CMAKE BUILD SOURCE [GENERATOR]
set -euo pipefail
cmake=$1 build=$2 source=$3 generator=${4:-Unix Makefiles}
fail() { echo "installed.sh: $*" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$cmake" --install "$build" --prefix "$folder/first" > "$folder/out" || { cat "$folder/out"; fail "cmake --install"; }
[ -x "$folder/first/bin/graft" ] || fail "there is no bin/graft in the prefix"
for tree in "$build" "$source" "$folder/first"; do
  found=$(grep -rlE -- "(^|[^A-Za-z0-9_./-])$(sed 's/[][\\.*^$+?(){}|]/\\&/g' <<< "$tree")(/|[^A-Za-z0-9_.-]|\$)" "$folder/first" || true)
  [ -z "$found" ] || fail "$tree is named in $found"
done
mv "$folder/first" "$folder/prefix"  # a prefix can be moved
graft=$folder/prefix/bin/graft
cp "$source/tests/make_model.py" "$folder"
mkdir -p "$folder/consumer"
cp "$source/tests/consumers/one.cpp" "$source/tests/consumers/two.cpp" "$source/tests/consumers/find_package/CMakeLists.txt" "$folder/consumer"
sed -i 's#\.\./##g' "$folder/consumer/CMakeLists.txt"
# From here on nothing of the trees is touched: what a program opens below them is seen and refused.
if strace -o "$folder/trace" true 2> /dev/null; then
  watch() { strace -f -qq -e trace=%file -o "$folder/trace" "$@"; }
  untouched() {
    grep -vE 'ENOENT|readlink|getcwd' "$folder/trace" > "$folder/opened" || true
    if grep -qF -e "\"$build/" -e "\"$source/" "$folder/opened"; then
      grep -F -e "\"$build/" -e "\"$source/" "$folder/trace" | head -n 5
      fail "$1 looked into the source or build tree"
    fi
  }
else
  watch() { "$@"; }
  untouched() { :; }
fi
cd "$folder"
python3 make_model.py "$folder/model"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\": \"$i?\", \"completion\": \" yes\"}"; done > data.jsonl
run() {
  watch env -i PATH="$PATH" HOME="$folder" OMP_NUM_THREADS=2 "$graft" "$@" > out 2> error || { cat error; fail "graft $1"; }
  untouched "graft $1"
}
run train --model model --method 'LoRA<2, On<Query, Value>>' --data data.jsonl --held-out data.jsonl --epochs 2 --find-rate --rouge 1 --new-tokens 2 --output run
grep -q "^compiled in" error || fail "the first run did not say that it compiled: $(cat error)"
[ "$(ls .cache/graft/programs)" ] || fail "no program was kept in the user's cache"
[ "$(grep -c "^  learning rate .*: loss" error)" = 5 ] && grep -q -- "^--find-rate takes [0-9]" error || fail "--find-rate did not say what it took: $(cat error)"
took=$(sed -n 's/^--find-rate takes //p' error)
grep -q "^learning rate $took" error || fail "the run has another rate than $took: $(cat error)"
cp -r run first_run
run train --model model --method 'LoRA<2, On<Query, Value>>' --data data.jsonl --held-out data.jsonl --epochs 2 --find-rate --rouge 1 --new-tokens 2 --output run
cmp run/result.json first_run/result.json || fail "the same search ended otherwise"
run generate --model model --adapter run/adapter --prompt "3?" --new-tokens 2
run eval --model model --adapter run/adapter --data data.jsonl
python3 -c 'import json,sys; e = json.load(open("out")); assert e["loss"] == json.load(open("run/result.json"))["held_out_after"]["loss"], e'
# The library, as a project finds it.
"$cmake" -S consumer -B consumer/build -G "$generator" -DCMAKE_PREFIX_PATH="$folder/prefix" > out 2>&1 || { cat out; fail "find_package(graft)"; }
grep -F -e "=$build/" -e "=$source/" consumer/build/CMakeCache.txt && fail "the consumer was led to the source or build tree"
echo "the installed prefix stands on its own"
