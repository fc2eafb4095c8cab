"""SmolLM2 in every block format that graft reads: llama.cpp makes the files, Transformers says what their logits are.
usage: gguf_blocks.py PROGRAM BASE.gguf FOLDER     The base is quantised already; what it is quantised to again need not be good, only the same to both."""
import collections
import os
import subprocess
import sys

import gguf
import llama_cpp
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

FORMATS = {"F32": 0, "F16": 1, "BF16": 32, "Q8_0": 7, "Q4_0": 2, "Q4_1": 3, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K": 12, "Q4_K": 15, "Q5_K": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ4_XS": 30}

quiet = llama_cpp.llama_log_callback(lambda level, text, user: None)
llama_cpp.llama_log_set(quiet, None)
program, base, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
failures, seen = 0, set()
for name, number in FORMATS.items():
    path, out = os.path.join(folder, "model.gguf"), os.path.join(folder, "logits.safetensors")
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.allow_requantize, params.nthread, params.pure = number, True, 2, True
    if llama_cpp.llama_model_quantize(base.encode(), path.encode(), params) != 0:
        sys.exit(f"llama.cpp could not write {name}")
    kinds = collections.Counter(t.tensor_type.name for t in gguf.GGUFReader(path).tensors)
    seen.update(kinds)
    subprocess.run([program, path, out], check=True)
    ours = load_file(out)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32)
    with torch.no_grad():
        theirs = model(ours["ids"].long().reshape(1, -1)).logits[0]
    apart = (theirs - ours["logits"]).abs().max().item()
    failures += not apart < 1e-3
    print(f"{name:7s} {', '.join(f'{n} {k}' for k, n in kinds.items())}: logits up to {theirs.abs().max().item():.1f}, largest difference {apart:.1e}", flush=True)
missing = set(FORMATS) - seen
if missing:
    print("no tensor was in", ", ".join(sorted(missing)))
sys.exit(failures != 0 or bool(missing))
