#!/usr/bin/env python3
"""The compile budgets: what a header costs, what a training program costs, how long symbols get.
usage: bench/compile.py [--json FILE] [--compiler g++] [--runs N]"""
import argparse
import json
import os
import re
import resource
import subprocess
import tempfile
import time

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
parser = argparse.ArgumentParser()
parser.add_argument("--json")
parser.add_argument("--compiler", default="g++")
parser.add_argument("--runs", type=int, default=1, help="of the training program; the best counts, as neighbours only slow it down")
options = parser.parse_args()
FLAGS = ["-std=c++20", "-I" + os.path.join(root, "include"), "-isystem", "/usr/include/eigen3"]


def compiler(arguments, text=None, runs=1):
    """Best user time, and peak memory, of the compiler."""
    best = None
    for _ in range(runs):
        with tempfile.NamedTemporaryFile("r") as out:
            command = ["/usr/bin/env", "python3", "-c",
                       "import resource,subprocess,sys; r=subprocess.run(sys.argv[2:],stdin=sys.stdin); u=resource.getrusage(resource.RUSAGE_CHILDREN);"
                       "open(sys.argv[1],'w').write(f'{u.ru_utime} {u.ru_maxrss}'); sys.exit(r.returncode)", out.name, options.compiler, *FLAGS, *arguments]
            subprocess.run(command, input=text, text=True, check=True)
            seconds, kilobytes = map(float, open(out.name).read().split())
        best = min(best or (seconds, kilobytes), (seconds, kilobytes))
    return best


rows = []


def row(name, value, budget, unit):
    rows.append({"name": name, "value": round(value, 3), "budget": budget, "unit": unit})
    print(f"{name:70} {value:9.2f} {unit:10} budget {budget}{'' if value <= budget else '   OVER'}")


for header, budget in (("core", 0.5), ("peft", 0.6)):
    seconds, _ = compiler(["-fsyntax-only", "-x", "c++", "-"], f"#include <graft/{header}.hpp>\n", 3)
    row(f"#include <graft/{header}.hpp>", seconds, budget, "s")
with tempfile.TemporaryDirectory() as folder:
    target = os.path.join(folder, "program.o")
    program = ["-O2", "-fopenmp", "-c", os.path.join(root, "bench", "training_program.cpp"), "-o", target]
    seconds, most = compiler(program, runs=options.runs)
    row("SmolLM2-135M LoRA training program, -O2, headers only: time", seconds, 20, "s")
    seconds, kilobytes = compiler(["-DGRAFT_TEXT_COMPILED", *program], runs=options.runs)
    row("SmolLM2-135M LoRA training program, -O2, graft::text: time", seconds, 20, "s")
    seconds, kilobytes = compiler(["-DGRAFT_TEXT_COMPILED", "-DGRAFT_KERNELS_COMPILED", *program], runs=options.runs)
    row("SmolLM2-135M LoRA training program, -O2, graft::kernels too: time", seconds, 20, "s")
    row("SmolLM2-135M LoRA training program, -O2, headers only: memory", most / 1e6, 1.5, "GB")
    symbols = subprocess.run(["nm", "--defined-only", target], capture_output=True, text=True).stdout.split("\n")
    own = re.compile(r"_Z(NK?|T[VIS]N)5graft")  # not the standard library's and nlohmann's about graft's types
    lengths = sorted(len(line.split()[-1]) for line in symbols if line and own.match(line.split()[-1]))
    row("longest mangled symbol of graft", lengths[-1], 300, "characters")
    row("99 of 100 symbols are shorter than", lengths[len(lengths) * 99 // 100], 300, "characters")
if options.json:
    with open(options.json, "w") as file:
        file.writelines(json.dumps(r) + "\n" for r in rows)
