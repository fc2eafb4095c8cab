#!/usr/bin/env python3
"""Compiles every header by itself.  usage: headers_alone.py INCLUDE_FOLDER COMPILER --with|--without onednn [FLAG...]"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

folder, compiler, onednn, _, *flags = sys.argv[1:]


def check(header):
    # Bodies of texts and files, and of kernels, take long: they are compiled with the headers that have them.
    room = header.split("/")[1]
    mode = [f"-DGRAFT_{what}_COMPILED" for what, rooms in (("TEXT", ("io", "text", "checkpoints", "graft.hpp")), ("KERNELS", ("backend", "graft.hpp"))) if room not in rooms]
    run = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", *mode, *flags, "-I" + folder, "-x", "c++", "-"],
                         input=f"#include <{header}>\n#include <{header}>\n", capture_output=True, text=True)
    return f"{header} does not compile alone:\n{run.stderr[:2000]}" if run.returncode != 0 else None


headers = sorted(os.path.relpath(os.path.join(at, f), folder) for at, _, files in os.walk(folder) for f in files if f.endswith(".hpp")
                 and not (onednn == "--without" and f == "onednn_cpu.hpp"))
with ThreadPoolExecutor(2) as pool:
    failures = [f for f in pool.map(check, headers) if f]
print("\n".join(failures))
print(f"{len(headers)} headers, {len(failures)} failures")
sys.exit(1 if failures else 0)
