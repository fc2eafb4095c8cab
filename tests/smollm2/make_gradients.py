#!/usr/bin/env python3
"""Makes gradients.safetensors: the gradients of the shared folder's adapter for its third text's mean loss, everything in float64.

  make_gradients.py MODEL.gguf SHARED/smollm2          (needs: torch, gguf, safetensors)

Transformers' own model in double is not enough: its loss turns logits into float32, and their 49,152 exponentials summed in float32 make every probability
larger by 1e-5 or more, which moves these gradients by up to 2e-3 of the largest entry. With --float32-loss this script does the same and prints the distance.
"""
import json
import os
import sys

import gguf
import numpy
import torch
from safetensors.torch import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
weights = {}
for t in gguf.GGUFReader(arguments[0]).tensors:
    shape = [int(d) for d in reversed(t.shape)]
    weights[t.name] = torch.tensor(numpy.asarray(gguf.quants.dequantize(t.data, t.tensor_type)).reshape(shape)).double()
blocks, heads, groups, width, eps, base = 30, 9, 3, 64, 1e-5, 100000.0


def in_order(w, count):
    rows, columns = w.shape
    return w.reshape(count, rows // count // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def gradients(ids, adapter, float32_loss):
    trained = {name: value.double().requires_grad_() for name, value in adapter.items()}
    tokens = len(ids)
    angles = torch.outer(torch.arange(tokens).double(), base ** (-torch.arange(0, width, 2).double() / width)).repeat(1, 2)

    def turned(x):
        return x * angles.cos() + torch.cat([-x[..., width // 2:], x[..., : width // 2]], -1) * angles.sin()

    def norm(x, w):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * w

    mask = torch.full((tokens, tokens), -1e30).double().triu(1)
    x = weights["token_embd.weight"][ids]
    for b in range(blocks):
        w = {name.split(".", 2)[2]: value for name, value in weights.items() if name.startswith(f"blk.{b}.")}
        h = norm(x, w["attn_norm.weight"])

        def delta(name):
            path = f"base_model.model.model.layers.{b}.self_attn.{name}.lora_"
            return h @ trained[path + "A.weight"].T @ trained[path + "B.weight"].T * 4

        q, k, v = h @ in_order(w["attn_q.weight"], heads).T + delta("q_proj"), h @ in_order(w["attn_k.weight"], groups).T, h @ w["attn_v.weight"].T + delta("v_proj")
        q, k, v = (y.view(tokens, -1, width).transpose(0, 1) for y in (q, k, v))
        q, k, v = turned(q), turned(k).repeat_interleave(heads // groups, 0), v.repeat_interleave(heads // groups, 0)
        attended = torch.softmax(q @ k.transpose(1, 2) / width**0.5 + mask, -1) @ v
        x = x + attended.transpose(0, 1).reshape(tokens, -1) @ w["attn_output.weight"].T
        h = norm(x, w["ffn_norm.weight"])
        x = x + (torch.nn.functional.silu(h @ w["ffn_gate.weight"].T) * (h @ w["ffn_up.weight"].T)) @ w["ffn_down.weight"].T
    logits = (norm(x, weights["output_norm.weight"]) @ weights["token_embd.weight"].T)[:-1]
    torch.nn.functional.cross_entropy(logits.float() if float32_loss else logits, ids[1:]).backward()
    return {name: value.grad for name, value in trained.items()}


shared = arguments[1]
ids = load_file(f"{shared}/expected.safetensors")["prompt2.ids"].long()
adapter = load_file(f"{shared}/adapter/adapter_model.safetensors")
stored = load_file(f"{shared}/gradients.safetensors")
exact = {name: gradient for name, gradient in gradients(ids, adapter, False).items() if name.replace(".weight", ".default.weight") in stored}
others = {"the shared folder's": {name: stored[name.replace(".weight", ".default.weight")].double() for name in exact}}
if "--float32-loss" in sys.argv:
    others["a loss in float32"] = gradients(ids, adapter, True)
for what, other in others.items():
    print(json.dumps({what: {name.split("layers.")[1]: f"{((other[name] - g).abs().max() / g.abs().max()).item():.1e}" for name, g in exact.items()}}, indent=1))
save_file({name.replace(".weight", ".default.weight"): g.float().contiguous() for name, g in exact.items()}, os.path.join(here, "gradients.safetensors"))
