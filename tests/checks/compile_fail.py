#!/usr/bin/env python3
"""Compiles tests/compile_fail/*.cpp twice: with the mistake, where the compiler must say the expected sentence in its first
error and no more than 12 lines in all (or what a line `// lines: N, because …` allows), and without, where it must say nothing.
usage: compile_fail.py FOLDER COMPILER [FLAG...]"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

folder, compiler, *flags = sys.argv[1:]
MOST_LINES = 12


def compile_case(path, *more):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-fdiagnostics-color=never", *flags, *more, path]
    return subprocess.run(command, capture_output=True, text=True)


def check(case):
    path = os.path.join(folder, case)
    source = open(path, encoding="utf-8").read()
    sentence = re.search(r"// expect: (.*)", source)[1].strip()
    allowed = re.search(r"// lines: (\d+)", source)
    most = int(allowed[1]) if allowed else MOST_LINES
    right = compile_case(path)
    if right.returncode != 0:
        return f"{case}: the twin does not compile:\n{right.stderr}"
    wrong = compile_case(path, "-DMISTAKE")
    if wrong.returncode == 0:
        return f"{case}: the mistake compiles"
    lines = [line for line in wrong.stderr.split("\n") if line.strip()]
    errors = [line for line in lines if "error:" in line]
    if sentence not in errors[0]:
        return f"{case}: the first error is not the expected sentence:\n{wrong.stderr}"
    if len(lines) > most:
        return f"{case}: {len(lines)} lines, more than {most}:\n{wrong.stderr}"
    print(f"{case}: {len(lines)} lines")
    return None


with ThreadPoolExecutor(2) as pool:
    failures = [f for f in pool.map(check, sorted(f for f in os.listdir(folder) if f.endswith(".cpp"))) if f]
print("\n".join(failures))
sys.exit(1 if failures else 0)
