"""llama.cpp on the same file: 500 tokens read, one text written; prints one JSON object.   usage: peer_llama_cpp.py MODEL.gguf
pip install llama-cpp-python, built for this CPU"""
import json
import os
import random
import sys
import time

from llama_cpp import Llama

threads = os.cpu_count()
model = Llama(sys.argv[1], n_ctx=1024, n_threads=threads, n_threads_batch=threads, n_batch=512, verbose=False)
random.seed(1)
tokens = [random.randrange(3, model.n_vocab()) for _ in range(500)]


def best(work, rounds=4):
    seconds = []
    for _ in range(rounds):
        model.reset()
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def write(count):
    made = model.create_completion(tokens[:32], max_tokens=count, temperature=0, logit_bias={str(model.token_eos()): -100.0})
    assert made["usage"]["completion_tokens"] == count, made["usage"]


prefill = best(lambda: model.eval(tokens))
print(json.dumps({"prefill": 500 / prefill, "decode": 64 / (best(lambda: write(65)) - best(lambda: write(1)))}))
