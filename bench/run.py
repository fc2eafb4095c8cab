"""The table of bench/run.sh: runs graft's programs and their peers in turn, and prints medians, ratios and shares of the peak."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

p = argparse.ArgumentParser(prog="bench/run.sh")
p.add_argument("--folder", default=".", help=argparse.SUPPRESS)
p.add_argument("--build", required=True, help=argparse.SUPPRESS)
p.add_argument("--model", required=True, help=argparse.SUPPRESS)
p.add_argument("--python")
p.add_argument("--json")
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--only", default="")
a = p.parse_args()
model = os.path.abspath(a.model)
here = os.path.dirname(os.path.abspath(__file__))
python = a.python and (a.python if os.path.sep not in a.python else os.path.join(os.path.abspath(a.folder), a.python))


there = set()  # programs that are built


def build(*programs):
    """Builds those that are not there yet, and says how long it took."""
    names = [f"bench_{program}" for program in programs if program not in there]
    if not names:
        return
    print(f"building {', '.join(names)} …", end="", flush=True, file=sys.stderr)
    begun = time.time()
    done = subprocess.run(["cmake", "--build", a.build, "--parallel", "--target", *names], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(f" {time.time() - begun:.0f} s", file=sys.stderr)
    if done.returncode != 0 or "warning:" in done.stdout:
        print(done.stdout, file=sys.stderr)
    if done.returncode != 0:
        sys.exit("building failed")
    there.update(programs)


def run(*command, quiet=True):
    if str(command[0]).startswith(f"{a.build}/bench/bench_"):
        build(os.path.basename(command[0])[len("bench_"):])
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        if not quiet:
            sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        print(f"  {os.path.basename(str(command[1] if len(command) > 1 else command[0]))} failed: {done.stderr.strip().splitlines()[-1:] or done.returncode}", file=sys.stderr)
        return None
    return json.loads(done.stdout[done.stdout.index("[" if done.stdout.lstrip().startswith("[") else "{"):])


def graft(program, *arguments):
    return (f"{a.build}/bench/bench_{program}", model, *arguments)


def pytorch(*arguments):
    return (python, f"{here}/peer.py", model, *arguments) if python else None


llama = (python, f"{here}/peer_llama_cpp.py", model) if python else None

# Steps of 1024 tokens in one pass; where memory is compared, in passes of 256, whose gradients are added up.
epochs = ("--epochs", 3)
works = [  # name, program of graft, its peer, what is compared
    ("LoRA r=8 on all linears, 4x256, Bf16", graft("lora", "step", 1024), pytorch("lora", "step"), "steps"),
    ("the same in passes of 512 tokens", graft("lora", "step", 512), pytorch("lora", "step"), "steps"),
    ("LoRA r=8 on all linears, 4x256, Int8", graft("lora_int8", "step", 1024), pytorch("lora", "step"), "steps"),
    ("LoRA r=8 on query and value, 4x256, Bf16", graft("lora_qv", "step", 1024), pytorch("lora_qv", "step"), "steps"),
    ("LoRA r=8 on query and value, 4x256, Int8", graft("lora_qv_int8", "step", 1024), pytorch("lora_qv", "step"), "steps"),
    ("soft prompt of 20 tokens, 4x256, Bf16", graft("prompt", "step", 1100), pytorch("prompt", "step"), "steps"),
    ("(IA)3, 4x256, Bf16", graft("ia3", "step", 512), pytorch("ia3", "step"), "steps"),
    ("full fine-tuning, 4x256, AdamW", graft("full", "step", 512), pytorch("full", "step"), "steps"),
    ("full fine-tuning, 4x256, AdamW8bit", graft("full_8bit", "step", 256), pytorch("full", "step"), "steps"),
    ("instruction batches, LoRA r=8 on all linears, Bf16", graft("lora", "instruction", 1024, 4), pytorch("lora", "instruction", "--batches", 4, *epochs), "steps"),
    ("instruction batches, LoRA r=8 on all linears, Int8", graft("lora_int8", "instruction", 1024, 4), pytorch("lora", "instruction", "--batches", 4, *epochs), "steps"),
    ("the same sharing an instruction of 200 tokens, Bf16", graft("lora", "shared", 4096, 4), pytorch("lora", "shared", "--batches", 4, *epochs), "steps"),
    ("instruction batches, last two blocks, second epoch on", graft("last2", "instruction", 4096, 4), pytorch("last2", "instruction", "--batches", 4, *epochs), "steps"),
    ("one sequence of 2048 tokens, checkpointed", graft("lora_checkpointed", "long", 100000, 1, 3, 2048), None, "steps"),
    ("one sequence of 4096 tokens, checkpointed", graft("lora_checkpointed", "long", 100000, 1, 3, 4096), None, "steps"),
    ("one sequence of 8192 tokens, checkpointed", graft("lora_checkpointed", "long", 100000, 1, 3, 8192), None, "steps"),
    ("four adapters together (peer: graft with one)", graft("bank", "step", 1024), graft("lora", "step", 1024), "steps"),
    ("generation, Bf16", graft("generation", "Bf16"), pytorch("base", "generate"), "generation"),
    ("generation, Int8", graft("generation", "Int8"), pytorch("base", "generate"), "generation"),
    ("generation, Q4_1", graft("generation", "Q4_1"), pytorch("base", "generate"), "generation"),
    ("generation, Q4_1, llama.cpp", graft("generation", "Q4_1"), llama, "generation"),
]
compared = {  # title, key, unit
    "steps": [("", "median", "tokens/s"), (", memory", "gigabytes", "GB")],
    "generation": [(", reading 500 tokens", "prefill", "tokens/s"), (", writing one text", "decode", "tokens/s"), (", writing eight", "decode8", "tokens/s")],
}

works = [work for work in works if a.only in work[0]]
if not works and a.only not in "roofline":
    sys.exit(f"--only {a.only}: no work has this in its name")
build("check", "peak", *(os.path.basename(work[1][0])[len("bench_"):] for work in works[:1]))
subprocess.run([f"{a.build}/bench/bench_check", model], check=True)
print("kernels and losses checked")
if not python:
    print("no --python: only graft is measured")
peak = run(f"{a.build}/bench/bench_peak", quiet=False)
print("peak of {threads} threads: f32 {f32} GFLOP/s, bf16 {bf16} GFLOP/s, int8 {int8} GOP/s, reading {read} GB/s".format(**peak))

figures, weights = {}, {}
for number in range(a.rounds):
    measured = {}  # by command: one measurement of a peer serves several works of a round
    for name, ours, theirs, kind in works:
        print(f"round {number + 1}: {name} …", end="", flush=True, file=sys.stderr)
        mine, peer = run(*ours, quiet=False), None
        print("".join(f" {mine[field]:.4g} {unit}" for _, field, unit in compared[kind] if field in mine), file=sys.stderr)
        if theirs:
            if theirs not in measured:
                measured[theirs] = run(*theirs)
            peer = measured[theirs]
        if "weights_megabytes" in mine:
            weights[name + ", writing one text"] = mine["weights_megabytes"]
        for title, field, unit in compared[kind]:
            entry = figures.setdefault(name + title, {"unit": unit, "graft": [], "peer": []})
            entry["graft"].append(mine[field])
            if peer and field in peer:
                entry["peer"].append(peer[field])

rows = []
print(f"\nmedians of {a.rounds} rounds\n{'work':70} {'graft':>9} {'peer':>9} {'ratio':>7}")
for name, entry in figures.items():
    ours, theirs = statistics.median(entry["graft"]), statistics.median(entry["peer"]) if entry["peer"] else None
    rows.append({"name": name, "graft": round(ours, 3), "peer": theirs and round(theirs, 3), "ratio": theirs and round(ours / theirs, 3), "unit": entry["unit"]})
    print(f"{name:70} {ours:9.{0 if entry['unit'] == 'tokens/s' else 2}f} {'' if theirs is None else format(theirs, '9.0f' if entry['unit'] == 'tokens/s' else '9.2f'):>9} {'' if theirs is None else format(ours / theirs, '7.2f'):>7} {entry['unit']}")

for name, megabytes in weights.items():
    share = statistics.median(figures[name]["graft"]) * megabytes / 1e3 / peak["read"]
    print(f"{name}: {megabytes:.0f} MB of weights a token, {100 * share:.0f} % of what memory gives")
    rows.append({"name": name + ", share of the memory's bandwidth", "graft": round(share, 3), "peer": 1, "ratio": round(share, 3), "unit": "share"})

# Of every kernel of a step of LoRA on 1024 tokens: the share of the peak of its kind.
for program, kind in (("lora", "bf16"), ("lora_int8", "int8")):
    if a.only and a.only not in "roofline":
        break
    profile = run(*graft(program, "profile", 1024), quiet=False)
    whole = sum(e["milliseconds"] for e in profile)
    products = [e for e in profile if e.get("k")]
    flops = sum(e["gigaflops"] * e["milliseconds"] for e in products)
    print(f"\nwhere a step of bench_{program} goes: {whole:.0f} ms for 1024 tokens\n{'kernel':17} {'rows x columns, depth':24} {'calls':>5} {'ms':>7} {'time':>6} {'GFLOP/s':>8} {'of peak':>8}")
    for e in sorted(profile, key=lambda e: -e["milliseconds"]):
        if e["milliseconds"] < 0.002 * whole:
            continue
        size = f"{e['m']} x {e['n']}, {e['k']}" if e.get("k") else ""
        name = e["op"] + (" back" if e.get("backward") else "")
        heavy = e.get("k") or e["op"] in ("attention", "vocabulary_loss")
        share = f"{100 * e['gigaflops'] / peak[kind if e.get('k') else 'bf16']:7.0f}%" if heavy else ""
        print(f"{name:17} {size:24} {e.get('calls', 0):5} {e['milliseconds']:7.1f} {100 * e['milliseconds'] / whole:5.1f}% {e.get('gigaflops', 0):8.0f} {share:>8}")
    busy = sum(e["milliseconds"] for e in products)
    print(f"products: {100 * busy / whole:.0f} % of the time, at {flops / busy:.0f} GFLOP/s, {100 * flops / busy / peak[kind]:.0f} % of the peak measured in this run")
    rows.append({"name": f"products of bench_{program}, share of the {kind} peak", "graft": round(flops / busy), "peer": peak[kind], "ratio": round(flops / busy / peak[kind], 3), "unit": "GFLOP/s"})

if a.json:
    with open(os.path.join(a.folder, a.json), "w") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)
