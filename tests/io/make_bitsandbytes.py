"""Makes bitsandbytes.safetensors: what bitsandbytes writes of matrices of simple numbers, and hashes of what it reads there again.
usage: make_bitsandbytes.py OUTPUT     needs torch, bitsandbytes (made with 0.50.2) and safetensors"""
import sys

import bitsandbytes.functional as bnb
import torch
from safetensors.torch import save_file


def matrix(rows, columns):
    i = torch.arange(rows * columns, dtype=torch.int64)
    return ((i * 40503 % 65536).to(torch.float32) / 65536 - 0.5).reshape(rows, columns) * (1 + i.reshape(rows, columns) % 977 / 977)


def hashed(values):
    """FNV-1a of the bytes"""
    h = 0xCBF29CE484222325
    for byte in values.contiguous().numpy().tobytes():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return str(h)


def dequantized(codes, state, size):
    """What the codes mean. bitsandbytes 0.50.2 itself says so too, except on CPU where a block goes over the end of a row."""
    scales = bnb.dequantize_blockwise(state.absmax, state.state2) + state.offset if state.nested else state.absmax
    q = torch.stack([codes.flatten() >> 4, codes.flatten() & 15], 1).flatten()[:size].long()
    return state.code[q] * scales.repeat_interleave(64)[:size]


tensors, notes = {}, {"format": "pt"}
for name, rows, columns, nested in [("nested", 5, 3328, True), ("plain", 4, 128, False), ("over_rows", 3, 96, True)]:
    codes, state = bnb.quantize_4bit(matrix(rows, columns), quant_type="nf4", blocksize=64, compress_statistics=nested)
    tensors[name + ".weight"] = codes
    tensors |= {f"{name}.weight.{key}": value for key, value in state.as_dict(packed=True).items()}
    values = dequantized(codes, state, rows * columns)
    assert name == "over_rows" or torch.equal(values, bnb.dequantize_4bit(codes, state).flatten())
    notes[name] = hashed(values)
save_file({key: value.contiguous() for key, value in tensors.items()}, sys.argv[1], notes)
