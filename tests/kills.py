#!/usr/bin/env python3
"""Runs that are killed with SIGKILL at random moments, 200 times and more, and resumed each time end as runs that nobody disturbed: the same adapter,
result.json and checkpoint, byte for byte, and nothing left lying about.   usage: kills.py GRAFT [SEED]"""
import collections
import filecmp
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

GRAFT, SEED, KILLS = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1, 200
RUNS = {
    "LoRA with dropout": ["--method", "LoRA<2, On<Query, Value>, Dropout<1, 10>>", "--schedule", "cosine", "--warmup", "2", "--learning-rate", "0.3"],
    "AdaLoRA with its budget": ["--method", "AdaLoRA<4, On<Query, Value>>", "--target-rank", "2", "--schedule", "linear", "--learning-rate", "0.05"],
}
rng = random.Random(SEED)


def write_jsonl(path, rows):
    with open(path, "w") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)


def start(folder, output, method, *more):
    command = [GRAFT, "train", "--model", f"{folder}/model", "--data", f"{folder}/data.jsonl", "--held-out", f"{folder}/held.jsonl", "--epochs", "3", "--batch", "4", "--micro-tokens", "40", "--evaluate-every", "2",
               "--checkpoint-every", "1", "--rouge", "2", "--new-tokens", "4", "--output", output, *method, *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ, OMP_NUM_THREADS=rng.choice("12")))


def ended(process):
    error = process.communicate(timeout=300)[1].decode()
    if process.returncode != 0:
        sys.exit(f"kills.py: seed {SEED}: exit status {process.returncode}: {error}")


def files(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def same(output, whole, what):
    if files(output) != files(whole):
        sys.exit(f"kills.py: seed {SEED}: {what} left {files(output)}, and nobody disturbed {files(whole)}")
    for name in files(whole):
        if name not in ("cost.json", "report.html") and not filecmp.cmp(f"{output}/{name}", f"{whole}/{name}", shallow=False):
            sys.exit(f"kills.py: seed {SEED}: {what} ends with another {name}")


def state(output):
    """Where a kill found the run."""
    if os.path.exists(f"{output}/result.json"):
        return "with all written"
    if not os.path.exists(f"{output}/checkpoint.safetensors"):
        return "before the first checkpoint"
    with open(f"{output}/checkpoint.safetensors", "rb") as f:
        notes = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))["__metadata__"]
    if notes["step"] != notes["schedule.total"]:
        return "on the way"
    return "behind the last step" + (", adapter written" if os.path.exists(f"{output}/adapter") else "")


def killed(folder, name, method, kills):
    whole = f"{folder}/whole"
    ended(start(folder, f"{folder}/compiled", method))  # that the program is there
    began = time.monotonic()
    ended(start(folder, whole, method))
    most = 1.1 * (time.monotonic() - began)
    same(f"{folder}/compiled", whole, f"{name}, run twice,")
    found, completed = collections.Counter(), 0
    while found.total() < kills:
        output, before = f"{folder}/run{completed}", found.total()
        while True:
            process = start(folder, output, method, "--resume")
            try:
                process.wait(rng.uniform(0, most * 1.05 ** (found.total() - before)))  # longer and longer, so that it ends on a machine that got slower
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
            if process.wait() != -signal.SIGKILL:
                break
            process.stderr.close()
            found[state(output)] += 1
        ended(process)
        same(output, whole, f"{name}, killed {found.total() - before} times,")
        completed += 1
    print(f"{name}: {found.total()} kills of {completed} runs of {most / 1.1:.2f} s; {', '.join(f'{n} {where}' for where, n in sorted(found.items()))}", flush=True)
    return found.total()


def main():
    here, total = os.path.dirname(os.path.abspath(__file__)), 0
    print(f"seed {SEED}", flush=True)
    for i, (name, method) in enumerate(RUNS.items()):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, f"{here}/make_model.py", f"{folder}/model"], check=True)
            write_jsonl(f"{folder}/data.jsonl", [{"prompt": f"q{n}" + "?" * (n % 5), "completion": " aaaa" + "a" * (n % 3)} for n in range(16)])
            write_jsonl(f"{folder}/held.jsonl", [{"prompt": f"r{n}?", "completion": " bcde"} for n in range(4)])
            total += killed(folder, name, method, (KILLS - total) // (len(RUNS) - i))
    print(f"{total} kills, and every run ended as if there had been none")


main()
