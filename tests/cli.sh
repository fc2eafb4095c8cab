#!/usr/bin/env bash
# The command line as a user meets it.   usage: cli.sh GRAFT [MODEL.gguf]
set -euo pipefail
graft=$1 model=${2:-}
fail() { echo "cli.sh: $*" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
says() { [[ $("${@:2}" 2> "$folder/stderr") == *"$1"* ]] || { cat "$folder/stderr" >&2; fail "${*:2:2} does not say \"$1\""; }; }
says parameter-efficient "$graft" --help
export GRAFT_PROGRAMS="$folder/programs"
for command in train generate eval embed plan explain merge build; do says --method "$graft" $command --help; done
"$graft" plan --tokens 256 --json | python3 -c 'import json,sys; p=json.load(sys.stdin); assert p["total"] == sum(p[k] for k in ("frozen","trainable","gradients","optimizer","values","adjoints")) and "tiles of" in p["kernels"], p'
"$graft" explain | grep -q "blocks 0 to" || fail "explain"
"$graft" explain --format json | python3 -c 'import json,sys; e=json.load(sys.stdin); assert e["trainable_parameters"] == sum(s["trainable"] * max(k["count"], 1) for k in e["kinds"] for s in k["sites"])'
"$graft" explain --format html | grep -q "</html>" || fail "explain as a page"
if "$graft" train 2> "$folder/error"; then fail "train without arguments succeeded"; fi
# A method is read before anything is compiled, and the error points at the character.
export GRAFT_CXX=/no/compiler
refuses() {  # METHOD, where the caret stands, what is said
  if "$graft" plan --method "$1" 2> "$folder/error"; then fail "$1 succeeded"; fi
  grep -qF -- "$3" "$folder/error" && grep -qFx "    $1" "$folder/error" && grep -qx " \{$(($2 + 4))\}^" "$folder/error" || fail "the error for $1: $(cat "$folder/error")"
}
refuses 'LoRA<0>' 0 "LoRA<0> trains nothing: the rank must be at least 1"
refuses 'LoRA<4, On<Quer>>' 11 '"Quer" is no site; did you mean Query?'
refuses 'LoRA<4, Alfa<8>>' 8 'LoRA has no option "Alfa"; did you mean Alpha?'
refuses 'LoRA<4>>' 7 "the method ends here"
refuses 'Lora2<4>' 0 '"Lora2" is no method of graft'"'"'s; did you mean LoRA?'
refuses 'LoRA<8>; inline int x = std::system("touch here")' 7 "the method ends here"
refuses 'LoRA<1000000000000>' 5 "this number is too large"
if "$graft" plan --method 'LoRA<5>' 2> "$folder/error"; then fail "a program without a compiler succeeded"; fi
grep -q "there is no compiler to make one" "$folder/error" || fail "the error without a compiler: $(cat "$folder/error")"
if [ -d "$(dirname "$graft")/programs" ]; then  # where programs are built ahead
  grep -q "with LoRA<8, Alpha<16>>" "$folder/error" || fail "the error without a compiler names nothing built ahead: $(cat "$folder/error")"
  "$graft" plan > /dev/null || fail "a program built ahead needs a compiler"
fi
unset GRAFT_CXX
echo '{"prompt": "a", "completion": "b"}' > "$folder/data.jsonl"
if "$graft" train --model /nowhere.gguf --data "$folder/data.jsonl" 2> "$folder/error"; then fail "a missing model succeeded"; fi
grep -q "/nowhere.gguf: there is nothing of this name" "$folder/error" || fail "the error for a missing model"
# A model that nobody has met: a tiny Qwen3 folder.
python3 "$(dirname "$0")/make_model.py" "$folder/qwen3"
says "head_norm = true" "$graft" describe "$folder/qwen3"
says "graft::Llama" "$graft" inspect "$folder/qwen3"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\": \"$i?\", \"completion\": \" yes\"}"; done > "$folder/tiny.jsonl"
method='LoRA<4, On<Query, Value>>'
tune() { "$graft" train --model "$folder/qwen3" --method "$method" --data "$folder/tiny.jsonl" --held-out "$folder/tiny.jsonl" --epochs 5 --learning-rate "$rate" --output "$folder/$1" "${@:2}" > "$folder/out" 2>&1; }
rate=1e-2
tune tiny --rouge 1 || { cat "$folder/out"; fail "train on a model that was never met"; }
grep -q "^compiled in" "$folder/out" || fail "the first run did not say that it compiled"
cp "$folder/tiny/result.json" "$folder/first.json"
tune tiny --rouge 1 || fail "the second run"
if grep -q "^compiled in" "$folder/out"; then fail "the second run compiled again"; fi
cmp "$folder/first.json" "$folder/tiny/result.json" || fail "the same run twice: another result.json"
python3 - "$folder/tiny" <<'PY'
import json, sys
r, c = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("result", "cost"))
assert r["held_out_after"]["loss"] < r["held_out_before"]["loss"] and r["held_out_after"]["rougeL"] >= 0, r
assert not any("second" in key or key.endswith("resident_bytes") for key in r), r
assert c["train_seconds"] > 0 and c["tokens_per_second"] > 0 and c["peak_resident_bytes"] > 0 and c["measured_bytes"] > 0, c
PY
# What was not measured is absent.
tune bare --rouge 0 --resume --checkpoint-every 2 || { cat "$folder/out"; fail "a run to resume that has not begun"; }
grep -q "there is no $folder/bare/checkpoint.safetensors yet" "$folder/out" || fail "a run that has not begun does not say so"
python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); assert list(r["held_out_after"]) == list(r["held_out_before"]) == ["loss"], r' "$folder/bare/result.json"
grep -q "[ >]0 tokens/s\|ROUGE" "$folder/bare/report.html" "$folder/out" && fail "a figure that was not measured"
cp "$folder/bare/result.json" "$folder/first.json"
tune bare --rouge 0 --resume --checkpoint-every 2 || fail "a run to resume that has ended"
grep -q "^resumed at step 5 of 5$" "$folder/out" || fail "a resumed run does not say so: $(cat "$folder/out")"
grep -q "speed" "$folder/out" "$folder/bare/report.html" && fail "the speed of no step"
cmp "$folder/first.json" "$folder/bare/result.json" || fail "the same run resumed at its end: another result.json"
if rate=2e-2 tune bare --rouge 0 --resume --batch 4; then fail "a run resumed under other settings"; fi
grep -q "batch 8 (now 4), learning rate 0.01 (now 0.02)" "$folder/out" || fail "the error for other settings: $(cat "$folder/out")"
# What cannot have worked.
if rate=0 tune same --checkpoint-every 1; then fail "a run that changed nothing succeeded"; fi
grep -q "training changed nothing: .*the learning rate is 0" "$folder/out" || fail "the error for a run that changed nothing: $(cat "$folder/out")"
[ "$(ls "$folder/same")" = checkpoint.safetensors ] || fail "a run that changed nothing left $(ls "$folder/same")"
if tune none --warmup 5; then fail "a run of warm-up alone succeeded"; fi
grep -q "the warm-up takes 5 steps, and the whole run has 5" "$folder/out" || fail "the error for a warm-up too long: $(cat "$folder/out")"
if tune none --target-rank 2; then fail "a target rank of LoRA succeeded"; fi
grep -q "has ranks to share out; the model has no AdaLoRA" "$folder/out" || fail "the error for a target rank of LoRA: $(cat "$folder/out")"
mkdir -p "$folder/mine/adapter" && touch "$folder/mine/adapter/precious"
if tune mine; then fail "a folder that is no adapter was replaced"; fi
# The model as it is.
says '"loss"' "$graft" eval --model "$folder/qwen3" --method FrozenBase --data "$folder/tiny.jsonl" --rouge 1 --new-tokens 2
"$graft" eval --model "$folder/qwen3" --data "$folder/tiny.jsonl" 2> "$folder/error" | python3 -c 'import json,sys; e = json.load(sys.stdin); assert set(e) == {"examples", "supervised_tokens", "loss", "perplexity"} and e["loss"] == json.load(open(sys.argv[1]))["held_out_before"]["loss"], e' "$folder/tiny/result.json" || fail "eval without an adapter"
[ ! -s "$folder/error" ] || fail "eval without a method compiled another program"
"$graft" generate --model "$folder/qwen3" --prompt "3?" --new-tokens 2 > /dev/null || fail "generate without an adapter"
if method=FrozenBase tune none; then fail "training nothing succeeded"; fi
grep -q "FrozenBase trains nothing" "$folder/out" || fail "the error for training nothing: $(cat "$folder/out")"
"$graft" generate --model "$folder/qwen3" --adapter "$folder/tiny/adapter" --prompt "3?" --new-tokens 2 > /dev/null || fail "generate by the method that the adapter names"
# What it is that was made, without a compiler; what is refused is named all at once.
says "LoRA<4, On<Query, Value>>" env GRAFT_CXX=/no/compiler "$graft" inspect "$folder/tiny/adapter"
"$graft" inspect "$folder/tiny/adapter" --model "$folder/qwen3" --json | python3 -c 'import json,sys; i = json.load(sys.stdin); assert not i["refused"] and i["base"]["family"] == "qwen3" and i["keys"]["r"]["use"] == "read" and {p["site"] for p in i["places"]} == {"Query", "Value"}, i' || fail "inspect as JSON"
says "a checkpoint of a run of graft's, at step 5" "$graft" inspect "$folder/bare/checkpoint.safetensors"
cp -r "$folder/tiny/adapter" "$folder/strange" && rm "$folder/strange/graft.json"
sed -i 's/"use_dora": false/"use_dora": false, "use_qalora": true, "brand_new": 3/' "$folder/strange/adapter_config.json"
if "$graft" inspect "$folder/strange" > "$folder/out"; then fail "an adapter with keys that nobody knows was not refused"; fi
sed -n '/^refused/,$p' "$folder/out" | grep -q "use_qalora is true" && grep -q "brand_new is 3, a key that graft does not know of LORA" "$folder/out" || fail "not all that is refused was named: $(cat "$folder/out")"
# The method beside an adapter is data; as text it is of before 0.2, and read if it is a method.
python3 - "$folder/tiny/adapter/graft.json" <<'PY'
import json, sys
notes = json.load(open(sys.argv[1]))
assert notes["method"] == {"kind": "LoRA", "rank": 4, "On": ["Query", "Value"]}, notes
json.dump({"method": "LoRA<4, On<Value, Query>>"}, open(sys.argv[1], "w"))
PY
"$graft" generate --model "$folder/qwen3" --adapter "$folder/tiny/adapter" --prompt "3?" --new-tokens 2 > /dev/null 2> "$folder/error" || fail "a method beside an adapter as text: $(cat "$folder/error")"
[ ! -s "$folder/error" ] || fail "the same method as text was compiled again"
rm "$folder/tiny/adapter/graft.json"
"$graft" generate --model "$folder/qwen3" --adapter "$folder/tiny/adapter" --prompt "3?" --new-tokens 2 > /dev/null 2> "$folder/error" || fail "the method of PEFT's config alone: $(cat "$folder/error")"
# Rows: keys that nothing reads are named once, what changes a row's meaning is refused with its line, and answers that are shown in two ways are not cut.
evaluate() { "$graft" eval --model "$folder/qwen3" --adapter "$folder/tiny/adapter" --data "$folder/rows.jsonl" "$@" 2> "$folder/error"; }
printf '\xef\xbb\xbf\n{"prompt": "1?", "completion": " yes", "id": 1}\n\n{"prompt": "2?", "completion": " yes", "id": 2}\n' > "$folder/rows.jsonl"
evaluate > /dev/null || fail "eval of rows with more keys: $(cat "$folder/error")"
[ "$(grep -c 'rows.jsonl: nothing reads "id"' "$folder/error")" = 1 ] || fail "a key that nothing reads was not named once: $(cat "$folder/error")"
echo '{"prompt": "3?", "completion": " yes", "tools": [1]}' >> "$folder/rows.jsonl"
if evaluate; then fail "tools that nothing reads succeeded"; fi
grep -q 'rows.jsonl, line 5: nothing reads "tools"' "$folder/error" || fail "the error for tools that nothing reads: $(cat "$folder/error")"
cat > "$folder/qwen3/chat_template.jinja" <<'JINJA'
{% for m in messages %}{{ m.role ~ ':' }}{% if m.role == 'assistant' and loop.last %}{{ '(thought)' }}{% endif %}{{ m.content ~ ';' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}
JINJA
echo '{"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "a"}, {"role": "user", "content": "2"}, {"role": "assistant", "content": "b"}]}' > "$folder/rows.jsonl"
if evaluate; then fail "answers that are shown in two ways succeeded"; fi
grep -q 'line 1: the chat template renders message 2 .*--turns last' "$folder/error" || fail "the error for answers that are shown in two ways: $(cat "$folder/error")"
evaluate --turns last | python3 -c 'import json,sys; r = json.load(sys.stdin); assert r["supervised_tokens"] >= 3, r' || fail "--turns last: $(cat "$folder/error")"
rm "$folder/qwen3/chat_template.jinja"
sed -i 's/"rope_theta": 10000.0/"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}/' "$folder/qwen3/config.json"
if "$graft" describe "$folder/qwen3" 2> "$folder/error"; then fail "an unknown rotary scaling succeeded"; fi
grep -q 'rope_scaling is "dynamic"' "$folder/error" || fail "the error for an unknown rotary scaling"
if [ -z "$model" ] || [ ! -f "$model" ]; then
  echo "no model file: commands that need one are skipped"
  exit 0
fi
head -c 1000000 "$model" > "$folder/cut.gguf"
if "$graft" generate --model "$folder/cut.gguf" --prompt x 2> "$folder/error"; then fail "a truncated model succeeded"; fi
grep -q "truncated or corrupt" "$folder/error" || fail "the error for a truncated model"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\": \"Say the number $i.\", \"completion\": \"It is $i, of course.\"}"; done > "$folder/data.jsonl"
"$graft" train --model "$model" --data "$folder/data.jsonl" --held-out "$folder/data.jsonl" --epochs 4 --batch 4 --schedule constant --rouge 2 --checkpoint-every 4 --output "$folder/run" > "$folder/out" 2>&1 || { cat "$folder/out"; fail "train"; }
python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); assert r["held_out_after"]["loss"] < r["held_out_before"]["loss"] and r["trainable_parameters"] == 2442240, r' "$folder/run/result.json"
for file in adapter/adapter_config.json adapter/adapter_model.safetensors report.html result.json cost.json checkpoint.safetensors; do [ -s "$folder/run/$file" ] || fail "no $file"; done
"$graft" train --model "$model" --data "$folder/data.jsonl" --epochs 5 --batch 4 --schedule constant --resume --checkpoint-every 4 --output "$folder/run" > "$folder/out" 2>&1 || { cat "$folder/out"; fail "train --resume"; }
grep -q "^resumed at step 8 of 10$" "$folder/out" || fail "a resumed run does not say so: $(cat "$folder/out")"
says '"perplexity"' "$graft" eval --model "$model" --adapter "$folder/run/adapter" --data "$folder/data.jsonl"
says 3 "$graft" generate --model "$model" --adapter "$folder/run/adapter" --prompt "Say the number 3." --new-tokens 12
"$graft" combine --adapter "$folder/run/adapter" --adapter "$folder/run/adapter" --weight 0.5 --weight 0.5 --how svd --output "$folder/same" 2> /dev/null || fail "combine"
says 3 "$graft" generate --model "$model" --adapter "$folder/same" --prompt "Say the number 3." --new-tokens 12
if "$graft" combine --adapter "$folder/run/adapter" --weight 1 --weight 2 --output "$folder/none" 2> "$folder/error"; then fail "two weights for one adapter succeeded"; fi
grep -q "one weight for each" "$folder/error" || fail "the error about weights"
"$graft" merge --model "$model" --adapter "$folder/run/adapter" --output "$folder/merged" 2> /dev/null
[ "$(stat -c %s "$folder/merged/model.safetensors")" -gt 500000000 ] || fail "merge"
echo "the command line works"
