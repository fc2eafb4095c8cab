#!/usr/bin/env python3
"""Makes blocks.gguf: for every block format a tensor of arbitrary bytes, and beside it (NAME.expected) what the package gguf reads in it.   (needs: gguf, numpy)"""
import os

import gguf
import numpy as np

rng = np.random.default_rng(1)
w = gguf.GGUFWriter(os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks.gguf"), "llama")
for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"):
    kind = gguf.GGMLQuantizationType[name]
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    rows = 2 * 256 // elements
    blocks = rng.integers(0, 256, (rows, size), dtype=np.uint8)
    # Scales that are numbers of ordinary size.
    halves = {"Q2_K": [80, 82], "Q3_K": [108], "Q6_K": [208], "Q4_1": [0, 2], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2]}.get(name, [0])
    for at in halves:
        blocks[:, at:at + 2] = rng.uniform(-2, 2, rows).astype(np.float16).view(np.uint8).reshape(rows, 2)
    data = blocks.reshape(1, -1)
    w.add_tensor(name, data, raw_dtype=kind)
    w.add_tensor(name + ".expected", gguf.quants.dequantize(data, kind).astype(np.float32))
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
