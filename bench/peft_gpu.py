#!/usr/bin/env python3
"""LoRA training in PyTorch + HF PEFT on a GPU: what a CUDA backend of graft is to be measured against. graft has none yet, so there is no ratio.
usage: bench/peft_gpu.py [--json FILE] [--compile]     Needs torch, transformers and peft, no file: weights are random, of the models' shapes.

Rank 8 on all linear layers, bfloat16 weights and autocast, SDPA attention, fused AdamW; every row has 3 steps to warm up and then at least 10 steps or 5 s.
Before it is timed a row must lower the loss of one batch it sees again and again. What does not fit the GPU is said to."""
import argparse
import json
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("--json")
parser.add_argument("--compile", action="store_true", help="torch.compile the model")
parser.add_argument("--models", nargs="+", help="of the table below; none: all")
options = parser.parse_args()
MODELS = {
    "SmolLM2-135M": dict(vocab_size=49152, hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536, tie_word_embeddings=True),
    "Llama-3-8B": dict(vocab_size=128256, hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, intermediate_size=14336, tie_word_embeddings=False),
}
BATCHES = {"SmolLM2-135M": [(4, 256), (16, 1024), (16, 2048), (32, 2048)], "Llama-3-8B": [(1, 2048), (2, 4096)]}
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

torch.manual_seed(0)
print(torch.cuda.get_device_name(), "torch", torch.__version__)
rows = []
for name in options.models or MODELS:
    shape = MODELS[name]
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        base = LlamaForCausalLM(LlamaConfig(**shape, max_position_embeddings=8192))
        torch.set_default_dtype(torch.float32)
    base.config.use_cache = False
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules=LINEARS))
    trained = [p for p in model.parameters() if p.requires_grad]
    step_model = torch.compile(model, dynamic=False) if options.compile else model
    optimizer = torch.optim.AdamW(trained, lr=1e-3, fused=True)
    for sequences, tokens in BATCHES[name]:
        torch.cuda.reset_peak_memory_stats()
        ids = torch.randint(0, shape["vocab_size"], (sequences, tokens), device="cuda")

        def step():
            with torch.autocast("cuda", dtype=torch.bfloat16):
                loss = step_model(input_ids=ids, labels=ids).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss.detach()

        try:
            first = step().item()
        except torch.OutOfMemoryError as error:
            optimizer.zero_grad()
            torch.cuda.empty_cache()
            rows.append({"model": name, "sequences": sequences, "tokens": tokens, "compiled": options.compile, "out_of_memory": True})
            print(f"{name:14} {sequences:3} x {tokens:5}: {str(error).split('. GPU')[0]}", flush=True)
            continue
        last = [step() for _ in range(2)][-1].item()
        assert last < first, (first, last)
        torch.cuda.synchronize()
        began, steps = time.time(), 0
        while steps < 10 or time.time() - began < 5:
            step()
            steps += 1
            if steps >= 10:
                torch.cuda.synchronize()
        torch.cuda.synchronize()
        seconds = (time.time() - began) / steps
        row = {"model": name, "sequences": sequences, "tokens": tokens, "compiled": options.compile, "ms": 1e3 * seconds, "tokens_per_second": sequences * tokens / seconds, "peak_gb": torch.cuda.max_memory_allocated() / 1e9}
        rows.append(row)
        print(f"{name:14} {sequences:3} x {tokens:5}: {row['ms']:8.1f} ms a step, {row['tokens_per_second']:10.0f} tokens/s, {row['peak_gb']:6.2f} GB at most, loss {first:.3f} -> {last:.3f}", flush=True)
    del model, base, step_model, optimizer, trained
    torch.cuda.empty_cache()
if options.json:
    with open(options.json, "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
