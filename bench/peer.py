"""What a user runs today, PyTorch + HF PEFT on SmolLM2-135M from the same file: one work, timed; prints one JSON object.
usage: peer.py MODEL.gguf METHOD WORK [--batches N] [--epochs N] [--dtype D]
  METHOD  lora, lora_qv, prompt (20 virtual tokens), ia3, last2, full or base (the model as it is)
  WORK    step (4×256 tokens), instruction, shared (see step.hpp), or generate (500 tokens read, one and eight texts written)
pip install torch transformers==4.57.6 peft==0.21.2 gguf"""
import argparse
import json
import os
import resource
import time

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import IA3Config, LoraConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM

p = argparse.ArgumentParser()
p.add_argument("model")
p.add_argument("method", choices="lora lora_qv prompt ia3 last2 full base".split())
p.add_argument("work", choices="step instruction shared generate".split())
p.add_argument("--batches", type=int, default=1)
p.add_argument("--epochs", type=int, default=4, help="the first warms up")
p.add_argument("--dtype", default="bf16", choices=["bf16", "fp32"])
p.add_argument("--threads", type=int, default=os.cpu_count())
a = p.parse_args()
torch.manual_seed(0)
torch.set_num_threads(a.threads)
model = AutoModelForCausalLM.from_pretrained(os.path.dirname(os.path.abspath(a.model)), gguf_file=os.path.basename(a.model), dtype=torch.bfloat16 if a.dtype == "bf16" else torch.float32)
vocabulary = model.config.vocab_size


def tokens(*shape):
    return torch.randint(3, vocabulary, shape)


def generate():
    model.eval()
    best = lambda work: min(timed(work) for _ in range(4))

    def timed(work):
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    result = {}
    with torch.no_grad():
        prompt = tokens(1, 500)
        result["prefill"] = 500 / best(lambda: model(prompt, logits_to_keep=1))
        for name, count in (("decode", 1), ("decode8", 8)):
            ids = tokens(count, 32)
            write = lambda n: model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=n, min_new_tokens=n, do_sample=False, pad_token_id=2)
            result[name] = 64 * count / (best(lambda: write(65)) - best(lambda: write(1)))
    return result


def batch(number):
    """input ids, mask and labels, padded on the right to the longest as the usual collator does."""
    if a.work == "step":
        ids = tokens(4, 256)
        return ids, torch.ones_like(ids), ids
    shared = 200 if a.work == "shared" else 0
    lengths = [(shared + 80 + i * 97 % 321, 10 + i * 37 % 51) for i in range(8 * number, 8 * number + 8)]
    longest = max(sum(pair) for pair in lengths)
    ids = tokens(8, longest)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for row, (prompt, completion) in enumerate(lengths):
        mask[row, : prompt + completion] = 1
        labels[row, prompt : prompt + completion] = ids[row, prompt : prompt + completion]
    return ids, mask, labels


def train():
    global model
    lora = dict(r=8, lora_alpha=16, task_type="CAUSAL_LM")
    if a.method == "lora":
        model = get_peft_model(model, LoraConfig(target_modules="all-linear", **lora))
    if a.method == "lora_qv":
        model = get_peft_model(model, LoraConfig(target_modules=["q_proj", "v_proj"], **lora))
    if a.method == "prompt":
        model = get_peft_model(model, PromptTuningConfig(num_virtual_tokens=20, task_type="CAUSAL_LM"))
    if a.method == "ia3":
        model = get_peft_model(model, IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"], task_type="CAUSAL_LM"))
    if a.method == "last2":
        for q in model.parameters():
            q.requires_grad = False
        for q in model.model.layers[-2:].parameters():
            q.requires_grad = True
    model.train()
    optimizer = torch.optim.AdamW([q for q in model.parameters() if q.requires_grad], lr=1e-4)
    batches = [batch(number) for number in range(a.batches)]
    useful = sum(int(mask.sum()) for _, mask, _ in batches)
    rates = []
    for _ in range(a.epochs):
        began = time.perf_counter()
        for ids, mask, labels in batches:
            model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        rates.append(useful / (time.perf_counter() - began))
    rates = sorted(rates[1:])
    return {"best": rates[-1], "median": rates[len(rates) // 2], "unit": "tokens/s"}


result = generate() if a.work == "generate" else train()
result["gigabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps(result))
