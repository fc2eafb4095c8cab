#!/usr/bin/env python3
"""Compiles every header by itself, but for those that another begins with: there nothing came before them either.
usage: headers_alone.py INCLUDE_FOLDER COMPILER --with|--without onednn [FLAG...]"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

folder, compiler, onednn, _, *flags = sys.argv[1:]


def bodies(header):
    """Bodies of texts and files, and of kernels, take long: they are compiled with the headers that have them."""
    room = header.split("/")[1]
    return [f"-DGRAFT_{what}_COMPILED" for what, rooms in (("TEXT", ("io", "text", "checkpoints", "graft.hpp")), ("KERNELS", ("backend", "graft.hpp"))) if room not in rooms]


def begins_with(header):
    with open(os.path.join(folder, header)) as text:
        first = re.search(r"^#(?:include <(graft/.*)>|(?!pragma once))", text.read(), flags=re.M)
    begun = first and first[1]
    return begun if begun and bodies(begun) == bodies(header) else None


def check(header):
    run = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", *bodies(header), *flags, "-I" + folder, "-x", "c++", "-"],
                         input=f"#include <{header}>\n#include <{header}>\n", capture_output=True, text=True)
    return f"{header} does not compile alone:\n{run.stderr[:2000]}" if run.returncode != 0 else None


headers = sorted(os.path.relpath(os.path.join(at, f), folder) for at, _, files in os.walk(folder) for f in files if f.endswith(".hpp")
                 and not (onednn == "--without" and f == "onednn_cpu.hpp"))
begun = {begins_with(h) for h in headers}
with ThreadPoolExecutor(2) as pool:
    failures = [f for f in pool.map(check, [h for h in headers if h not in begun]) if f]
print("\n".join(failures))
print(f"{len(headers)} headers, {len(failures)} failures")
sys.exit(1 if failures else 0)
