"""Makes a folder of parity cases for families and options that no other folder has: tiny random models, what PyTorch and HF PEFT say of them.
usage: make_cases.py FOLDER     then   cmake -DGRAFT_SHARED_DIR=FOLDER …, target parity     needs torch, transformers and peft"""
import json
import os
import sys

import torch
from peft import LNTuningConfig, LoraConfig, PromptTuningConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSequenceClassification, BertConfig, Gemma2Config, Gemma3TextConfig, GPT2Config, LlamaConfig, MistralConfig, Phi3Config, Qwen2Config, Qwen3Config, RobertaConfig, SmolLM3Config

ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
SIZES = {"vocab_size": 96, "hidden_size": 40, "num_hidden_layers": 3, "intermediate_size": 56, "initializer_range": 0.2}
ENCODER = {**SIZES, "num_attention_heads": 5, "hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
MODELS = {
    "llama3": LlamaConfig(**SIZES, num_attention_heads=5, num_key_value_heads=1, head_dim=8, rope_scaling=ROPE, rope_theta=500000.0),
    "llama_linear": LlamaConfig(**SIZES, num_attention_heads=5, num_key_value_heads=5, rope_scaling={"rope_type": "linear", "factor": 2.0}, tie_word_embeddings=True, attention_bias=True, mlp_bias=True),
    "mistral": MistralConfig(**SIZES, num_attention_heads=10, num_key_value_heads=2, sliding_window=16),
    "qwen2": Qwen2Config(**SIZES, num_attention_heads=5, num_key_value_heads=1, tie_word_embeddings=False),
    "qwen3": Qwen3Config(**SIZES, num_attention_heads=3, num_key_value_heads=3, head_dim=16, tie_word_embeddings=True),
    "mistral_window": MistralConfig(**SIZES, num_attention_heads=5, num_key_value_heads=5, head_dim=8, sliding_window=4),
    "smollm3": SmolLM3Config(**SIZES, num_attention_heads=5, num_key_value_heads=1, no_rope_layer_interval=2, no_rope_layers=[1, 0, 1], pad_token_id=0, tie_word_embeddings=True),
    "llama_yarn": LlamaConfig(**SIZES, num_attention_heads=5, num_key_value_heads=1, head_dim=16, rope_scaling={"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 16, "beta_fast": 4.0}, max_position_embeddings=48),
    "qwen3_yarn": Qwen3Config(**SIZES, num_attention_heads=3, num_key_value_heads=3, head_dim=24, rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8, "attention_factor": 1.3, "truncate": False}, max_position_embeddings=32),
    "phi3_long": Phi3Config(**SIZES, num_attention_heads=5, num_key_value_heads=5, pad_token_id=0, max_position_embeddings=32, original_max_position_embeddings=8,
                            rope_scaling={"type": "longrope", "short_factor": [1.0, 1.1, 1.25, 1.5], "long_factor": [1.2, 2.0, 3.5, 5.0]}),
    "phi3_short": Phi3Config(**{**SIZES, "hidden_size": 80}, num_attention_heads=5, num_key_value_heads=1, pad_token_id=0, max_position_embeddings=64, original_max_position_embeddings=16, partial_rotary_factor=0.75, tie_word_embeddings=True,
                             rope_scaling={"type": "longrope", "short_factor": [1.0, 1.1, 1.25, 1.5, 1.75, 2.5], "long_factor": [1.2, 2.0, 3.5, 5.0, 6.0, 7.0]}),
    "phi3": Phi3Config(**SIZES, num_attention_heads=5, num_key_value_heads=1, sliding_window=6, pad_token_id=0),
    "gemma2": Gemma2Config(**SIZES, num_attention_heads=5, num_key_value_heads=1, head_dim=12, query_pre_attn_scalar=10, attn_logit_softcapping=2.0, final_logit_softcapping=3.0, sliding_window=4),
    "gemma3": Gemma3TextConfig(**SIZES, num_attention_heads=4, num_key_value_heads=2, head_dim=12, query_pre_attn_scalar=9, sliding_window=5, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                               rope_scaling={"rope_type": "linear", "factor": 4.0}),
    "bert_mlm": BertConfig(**ENCODER, max_position_embeddings=20),
    "roberta_mlm": RobertaConfig(**ENCODER, max_position_embeddings=22, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5),
    "roberta": RobertaConfig(**ENCODER, max_position_embeddings=22, type_vocab_size=1, pad_token_id=1, num_labels=4),
    "gpt2": GPT2Config(vocab_size=96, n_positions=24, n_embd=36, n_layer=3, n_head=3, n_inner=50, initializer_range=0.2, attn_pdrop=0, embd_pdrop=0, resid_pdrop=0),
}


def kind_of(name):
    return AutoModelForMaskedLM if name.endswith("_mlm") else AutoModelForSequenceClassification if "bert" in name else AutoModelForCausalLM


def methods(name):
    task = {AutoModelForMaskedLM: None, AutoModelForSequenceClassification: "SEQ_CLS", AutoModelForCausalLM: "CAUSAL_LM"}[kind_of(name)]
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    norms = ["input_layernorm", "post_attention_layernorm", "norm"]
    if name == "gpt2":
        linears, norms = ["c_attn", "c_proj", "c_fc"], ["ln_1", "ln_2", "ln_f"]
    elif name.startswith("phi3"):
        linears = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
    elif "bert" in name:
        return {"full": None, "lora": LoraConfig(task_type=task, r=3, lora_alpha=5, target_modules=["query", "value", "intermediate.dense"])}
    some = {"full": None, "lora_all": LoraConfig(task_type=task, r=3, lora_alpha=5, target_modules=linears, fan_in_fan_out=name == "gpt2"),
            "ln_tuning": LNTuningConfig(task_type=task, target_modules=norms)}
    return some | {"prompt_tuning": PromptTuningConfig(task_type=task, num_virtual_tokens=3)} if name == "gemma3" else some


def case(name, base, folder, config):
    os.makedirs(folder, exist_ok=True)
    model = kind_of(name).from_pretrained(base, dtype=torch.float32, attn_implementation="eager").eval()
    if config is not None:
        model = get_peft_model(model, config).eval()
        with torch.no_grad():
            for p in model.parameters():
                if p.requires_grad:
                    p.add_(0.05 * torch.randn_like(p))
        model.save_pretrained(folder)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    ids = torch.randint(3, 96, (2, 13))
    mask, labels = torch.ones_like(ids), ids.clone()
    mask[1, 9:], labels[1, 9:], labels[0, :4] = 0, -100, -100
    if "bert" in name:
        ids[1, 9:] = 1  # RoBERTa counts positions of what is no padding
    if kind_of(name) is AutoModelForMaskedLM:
        labels[:, 1::2] = -100
    elif kind_of(name) is AutoModelForSequenceClassification:
        labels = torch.tensor([3, 1])
    save_file({"input_ids": ids, "attention_mask": mask, "labels": labels}, f"{folder}/inputs.safetensors")
    save_file({name: p.detach().clone() for name, p in trained.items()}, f"{folder}/parameters.safetensors")
    inputs = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    optimizer = torch.optim.AdamW(trained.values(), lr=1e-2, weight_decay=0.01)
    losses = []
    for step in range(4):
        out = model(**inputs)
        losses.append(out.loss.detach())
        if step == 0:
            expected = {"logits": out.logits.detach().clone(), "loss": out.loss.detach().reshape(1).clone()}
        out.loss.backward()
        if step == 0:
            save_file({name: p.grad.clone() for name, p in trained.items()}, f"{folder}/gradients.safetensors")
        if step < 3:
            optimizer.step()
        optimizer.zero_grad()
    save_file(expected | {"loss_after_adamw_steps": torch.stack(losses)}, f"{folder}/expected.safetensors")


torch.manual_seed(0)
cases = []
for name, config in MODELS.items():
    base = os.path.join(sys.argv[1], "parity", name, "base")
    model = kind_of(name).from_config(config).float()
    with torch.no_grad():
        for path, p in model.named_parameters():
            if "norm" in path.lower() or "ln_" in path or path.endswith("bias"):  # off what they start from
                p.add_(0.1 * torch.randn_like(p))
    model.save_pretrained(base)
    for method, adapter in methods(name).items():
        case(name, base, os.path.join(sys.argv[1], "parity", name, method), adapter)
        cases.append(f"{name}/{method}")
json.dump(cases, open(os.path.join(sys.argv[1], "parity", "index.json"), "w"))
print(f"{len(cases)} cases in {sys.argv[1]}")
