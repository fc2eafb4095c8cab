"""The tokens that llama.cpp generates greedily from graft's GGUF adapter, and those that graft does.
usage: greedy_tokens.py PROGRAM BASE.gguf FOLDER     The base's weights are written to FOLDER as floats first: llama.cpp rounds activations to bytes
where weights are quantised, and then near ties may fall otherwise."""
import json
import os
import subprocess
import sys

import gguf
import numpy as np
from gguf.quants import dequantize
from llama_cpp import Llama

program, base, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
plain = os.path.join(folder, "base-f32.gguf")
if not os.path.exists(plain):
    reader = gguf.GGUFReader(base)
    writer = gguf.GGUFWriter(plain, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        kind, sub = field.types[0], field.types[-1] if len(field.types) > 1 else None
        writer.add_key_value(field.name, field.contents(), kind, sub)
    writer.add_file_type(0)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape([int(n) for n in reversed(tensor.shape)]))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
print(subprocess.run([program, plain, folder], check=True, capture_output=True, text=True).stdout, end="")
model = Llama(plain, lora_path=os.path.join(folder, "adapter.gguf"), n_ctx=512, n_threads=2, n_threads_batch=2, verbose=False, type_k=0, type_v=0)
failures = 0
for case in json.load(open(os.path.join(folder, "generated.json"), encoding="utf-8")):
    model.reset()
    found = []
    for token in model.generate(case["prompt"], temp=0.0, top_k=1, repeat_penalty=1.0):
        if len(found) == len(case["tokens"]):
            break
        found.append(token)
    same = next((i for i, (a, b) in enumerate(zip(found, case["tokens"])) if a != b), len(case["tokens"]))
    failures += same != len(case["tokens"])
    print(f"{same} of {len(case['tokens'])} tokens the same: {model.detokenize(case['prompt'] + found[:12]).decode(errors='replace')!r}…")
sys.exit(failures != 0)
