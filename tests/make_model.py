#!/usr/bin/env python3
"""Writes a tiny Qwen3 of random weights as a Hugging Face folder, with a byte-level tokenizer. Nothing but Python is needed.   make_model.py FOLDER"""
import json
import os
import random
import struct
import sys

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
config = {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"], "vocab_size": 300, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 32,
          "intermediate_size": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": True, "hidden_act": "silu", "eos_token_id": 256}
rng = random.Random(1)
tensors = {"model.embed_tokens.weight": [300, 48], "model.norm.weight": [48]}
for block in range(2):
    for name, shape in {"self_attn.q_proj": [96, 48], "self_attn.k_proj": [32, 48], "self_attn.v_proj": [32, 48], "self_attn.o_proj": [48, 96], "self_attn.q_norm": [32], "self_attn.k_norm": [32],
                        "mlp.gate_proj": [64, 48], "mlp.up_proj": [64, 48], "mlp.down_proj": [48, 64], "input_layernorm": [48], "post_attention_layernorm": [48]}.items():
        tensors[f"model.layers.{block}.{name}.weight"] = shape
header, data = {}, b""
for name, shape in tensors.items():
    size = shape[0] * (shape[1] if len(shape) > 1 else 1)
    values = [1.0] * size if len(shape) == 1 else [rng.gauss(0, 0.2) for _ in range(size)]
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * size]}
    data += struct.pack(f"<{size}f", *values)
head = json.dumps(header).encode()
with open(os.path.join(folder, "model.safetensors"), "wb") as f:
    f.write(struct.pack("<Q", len(head)) + head + data)
with open(os.path.join(folder, "config.json"), "w") as f:
    json.dump(config, f, indent=1)
visible = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
letters = [chr(b) if b in visible else chr(256 + sum(c not in visible for c in range(b))) for b in range(256)]
vocabulary = {letter: i for i, letter in enumerate(letters)}
with open(os.path.join(folder, "tokenizer.json"), "w") as f:
    json.dump({"added_tokens": [{"id": 256, "content": "<end>", "special": True}], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}, "decoder": {"type": "ByteLevel"},
               "model": {"type": "BPE", "vocab": vocabulary, "merges": []}}, f)
