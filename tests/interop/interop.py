"""Opens graft's adapters in HF PEFT, or where PEFT lacks the method in AdapterHub's library, and compares logits.
usage: interop.py PROGRAM FOLDER     Makes a small random base in FOLDER and lets PROGRAM write adapters and their logits."""
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import adapters
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

program, folder = sys.argv[1:]
base = os.path.join(folder, "base")
torch.manual_seed(0)


def random_base(path, **sizes):
    LlamaForCausalLM(LlamaConfig(vocab_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=False,
                                 initializer_range=0.2, **sizes)).bfloat16().float().save_pretrained(path)  # graft keeps embeddings as bfloat16 over a base of 4 bits


random_base(base, hidden_size=32, head_dim=8, intermediate_size=48)
wide, nf4_base = os.path.join(folder, "wide_base"), os.path.join(folder, "nf4_base")
random_base(wide, hidden_size=128, head_dim=32, intermediate_size=192)
of_4_bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.float32)
AutoModelForCausalLM.from_pretrained(wide, quantization_config=of_4_bits, dtype=torch.float32, device_map="cpu").save_pretrained(nf4_base)
subprocess.run([program, base, folder], check=True)


def opened(plain, path):
    if not os.path.exists(os.path.join(path, "adapter.safetensors")):
        return PeftModel.from_pretrained(plain, path)
    adapters.init(plain)
    plain.load_adapter(path, set_active=True, use_safetensors=True)
    return plain


failures = 0
for name in sorted(os.listdir(folder)):
    path = os.path.join(folder, name)
    if not os.path.exists(os.path.join(path, "logits.safetensors")):
        continue
    wanted = load_file(os.path.join(path, "logits.safetensors"))
    ids = wanted["ids"].long()[None]
    try:
        # adapters 1.3.0 hides a prefix where the attention mask is boolean, as it is unless attention is "eager"
        plain = AutoModelForCausalLM.from_pretrained(nf4_base if name == "qlora" else base, dtype=torch.float32, attn_implementation="eager")
        for module in plain.modules():  # bitsandbytes rounds activations to bfloat16 on CPUs that have it
            module.support_avx512bf16_for_cpu = False
        with torch.no_grad():
            before = plain(ids).logits[0]
            more = {"task_ids": torch.tensor([1])} if name == "multitask_prompt" else {}
            found = opened(plain, path).eval()(input_ids=ids, **more).logits[0]
        apart, does = float((found - wanted["logits"]).abs().max()), float((found[-12:] - before).abs().max())
        verdict = "" if apart < 1e-4 and does > 1e-2 else "   FAILS"
        print(f"{name:26} logits differ by {apart:.1e}; the adapter moves them by {does:.2f}{verdict}")
    except Exception as error:  # one method that PEFT does not open must not hide the others
        verdict = "FAILS"
        print(f"{name:26} Python does not open it: {type(error).__name__}: {str(error)[:300]}")
    failures += bool(verdict)
sys.exit(failures != 0)
