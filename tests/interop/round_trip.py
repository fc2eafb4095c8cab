#!/usr/bin/env python3
"""Adapters of every method and option that HF PEFT (or AdapterHub's library) and graft have, of random values: saved by the library, read and written by graft, and opened by the library again,
whose logits must be the same.

  round_trip.py GRAFT_DESCRIBE GRAFT_SOURCE COMPILER FOLDER [--some | NAME …]        (needs: torch, transformers, peft, adapters, cmake, ninja)
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import adapters
import peft
import torch
import transformers as hf
from peft import PeftModel, get_peft_model
from safetensors.torch import save_file

DESCRIBE, SOURCE, COMPILER, FOLDER, *NAMES = sys.argv[1:]
hf.logging.set_verbosity_error()
VOCABULARY, WIDTH = 96, 32
S = {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48, "initializer_range": 0.2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
G = {"vocab_size": VOCABULARY, "n_embd": WIDTH, "n_layer": 3, "n_head": 4, "n_positions": 64, "initializer_range": 0.2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
B = {"vocab_size": VOCABULARY, "hidden_size": WIDTH, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 64, "initializer_range": 0.2, "pad_token_id": 0}
T = {"vocab_size": VOCABULARY, "d_model": WIDTH, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4, "feed_forward_proj": "gated-gelu", "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
LABELS = {"id2label": {0: "a", 1: "b", 2: "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}
BASES = {
    "llama": (hf.LlamaForCausalLM, hf.LlamaConfig(**S, head_dim=8, tie_word_embeddings=True)),
    "untied": (hf.LlamaForCausalLM, hf.LlamaConfig(**S, head_dim=8, tie_word_embeddings=False)),
    "qwen2": (hf.Qwen2ForCausalLM, hf.Qwen2Config(**S, tie_word_embeddings=False)),
    "gemma2": (hf.Gemma2ForCausalLM, hf.Gemma2Config(**S, head_dim=8, sliding_window=8, query_pre_attn_scalar=8)),
    "phi3": (hf.Phi3ForCausalLM, hf.Phi3Config(**S, sliding_window=16)),
    "gpt2": (hf.GPT2LMHeadModel, hf.GPT2Config(**G)),
    "t5": (hf.T5ForConditionalGeneration, hf.T5Config(**T)),
    "t5_deep": (hf.T5ForConditionalGeneration, hf.T5Config(**{**T, "num_layers": 3, "num_decoder_layers": 2, "tie_word_embeddings": False})),
    "llama_cls": (hf.LlamaForSequenceClassification, hf.LlamaConfig(**S, head_dim=8, **LABELS)),
    "qwen2_reward": (hf.Qwen2ForSequenceClassification, hf.Qwen2Config(**S, num_labels=1)),
    "llama_tok": (hf.LlamaForTokenClassification, hf.LlamaConfig(**S, head_dim=8, **LABELS)),
    "llama_qa": (hf.LlamaForQuestionAnswering, hf.LlamaConfig(**S, head_dim=8)),
    "gpt2_cls": (hf.GPT2ForSequenceClassification, hf.GPT2Config(**G, **LABELS)),
    "bert_cls": (hf.BertForSequenceClassification, hf.BertConfig(**B, **LABELS)),
    "bert_tok": (hf.BertForTokenClassification, hf.BertConfig(**B, **LABELS)),
    "bert_qa": (hf.BertForQuestionAnswering, hf.BertConfig(**B)),
    "bert_mlm": (hf.BertForMaskedLM, hf.BertConfig(**B)),
    "roberta_cls": (hf.RobertaForSequenceClassification, hf.RobertaConfig(**{**B, "pad_token_id": 1}, **LABELS)),
}
TASKS = {"cls": "SEQ_CLS", "reward": "SEQ_CLS", "tok": "TOKEN_CLS", "qa": "QUESTION_ANS", "t5": "SEQ_2_SEQ_LM", "t5_deep": "SEQ_2_SEQ_LM", "mlm": None}
QV, ALL, FF = ["q_proj", "v_proj"], "all-linear", ["k_proj", "v_proj", "down_proj"]


def lora(**options):
    return peft.LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": QV, **options})


ADAPTERS = {
    "lora": {
        "llama": {
            "plain": lora(), "rank-stabilized": lora(use_rslora=True, lora_alpha=3), "alpha of 1.5": lora(lora_alpha=1.5, lora_dropout=0.05), "all-linear": lora(target_modules=ALL), "gaussian": lora(init_lora_weights="gaussian"), "orthogonal": lora(init_lora_weights="orthogonal"),
            "pissa": lora(init_lora_weights="pissa"), "olora": lora(init_lora_weights="olora"), "rank_pattern": lora(rank_pattern={"v_proj": 2, r"layers\.1\..*q_proj": 6}), "alpha_pattern": lora(alpha_pattern={r".*\.1\..*": 2, "v_proj": 16}), "both patterns": lora(rank_pattern={"v_proj": 2}, alpha_pattern={"q_proj": 1}, use_rslora=True),
            "rank_pattern with dora": lora(use_dora=True, rank_pattern={"v_proj": 2}), "rank_pattern of a path": lora(rank_pattern={"model.layers.2.self_attn.q_proj": 1}), "layers 0, 2": lora(layers_to_transform=[0, 2]), "layer 0": lora(layers_to_transform=0), "layers_pattern": lora(layers_to_transform=[1], layers_pattern="layers"), "exclude_modules": lora(target_modules=ALL, exclude_modules=["down_proj", "layers.1.self_attn.k_proj"]),
            "exclude_modules, an expression": lora(exclude_modules=r".*layers\.0.*"), "targets, an expression": lora(target_modules=r".*\.[02]\..*(q|gate)_proj"), "targets, whole paths": lora(target_modules=["model.layers.0.self_attn.q_proj", "layers.2.mlp.up_proj"]), "dora": lora(use_dora=True), "dora with dropout": lora(use_dora=True, lora_dropout=0.1),
            "dora, rank-stabilized": lora(use_dora=True, use_rslora=True), "lora_bias": lora(lora_bias=True), "activated": lora(alora_invocation_tokens=[40, 47]), "norms saved": lora(modules_to_save=["norm", "input_layernorm"]), "head saved": lora(modules_to_save=["lm_head"]), "embedding saved": lora(modules_to_save=["embed_tokens"]),
            "embedding saved, tied": lora(modules_to_save=["embed_tokens"], ensure_weight_tying=True), "both saved": lora(modules_to_save=["embed_tokens", "lm_head"]), "both saved, tied": lora(modules_to_save=["embed_tokens", "lm_head"], ensure_weight_tying=True), "a linear layer saved": lora(modules_to_save=["o_proj"]), "a block's layer saved": lora(modules_to_save=["layers.1.mlp.down_proj"]), "tokens": lora(trainable_token_indices=[3, 9, 4]),
            "tokens, tied": lora(trainable_token_indices=[3, 9], ensure_weight_tying=True), "tokens by name": lora(trainable_token_indices={"embed_tokens": [7]}), "embedding": lora(target_modules=["embed_tokens", "q_proj"]), "embedding alone": lora(target_modules=["embed_tokens"]), "embedding, tied": lora(target_modules=["embed_tokens", "q_proj"], ensure_weight_tying=True), "head": lora(target_modules=["lm_head", "q_proj"]),
            "head, tied": lora(target_modules=["lm_head", "q_proj"], ensure_weight_tying=True), "embedding and head": lora(target_modules=["embed_tokens", "lm_head"]), "saved alone": lora(target_modules="dummy-target-modules", modules_to_save=["norm", "layers.0.self_attn.o_proj"]),
        },
        "untied": {"head, pissa": lora(target_modules=["lm_head", "v_proj"], init_lora_weights="pissa"), "head, olora": lora(target_modules=["lm_head", "v_proj"], init_lora_weights="olora"), "pissa, patterns": lora(init_lora_weights="pissa", rank_pattern={"v_proj": 2}, alpha_pattern={"q_proj": 3}, use_rslora=True), "head": lora(target_modules=["lm_head", "v_proj"]), "embedding and head": lora(target_modules=["embed_tokens", "lm_head"]), "both saved": lora(modules_to_save=["embed_tokens", "lm_head"]), "embedding saved": lora(modules_to_save=["embed_tokens"]), "tokens": lora(trainable_token_indices=[1, 2]), "head saved": lora(modules_to_save=["lm_head"])},
        "qwen2": {"bias all": lora(bias="all"), "bias lora_only": lora(bias="lora_only"), "bias lora_only, some layers": lora(bias="lora_only", layers_to_transform=[1]), "bias all, norms saved": lora(bias="all", modules_to_save=["norm"]), "dora, bias all": lora(use_dora=True, bias="all"), "bias all, keys saved": lora(bias="all", modules_to_save=["k_proj"]), "lora_bias, bias all": lora(lora_bias=True, bias="all"), "bias alone": lora(target_modules="dummy-target-modules", bias="all")},
        "gemma2": {"all-linear": lora(target_modules=ALL), "norms saved": lora(modules_to_save=["post_feedforward_layernorm"])}, "phi3": {"all-linear": lora(target_modules=ALL), "fused": lora(target_modules=["qkv_proj"])},
        "gpt2": {"fan_in_fan_out": lora(target_modules=["c_attn"], fan_in_fan_out=True), "all-linear": lora(target_modules=ALL, fan_in_fan_out=True), "projections": lora(target_modules=["attn.c_proj"], fan_in_fan_out=True), "dora": lora(target_modules=["c_attn"], use_dora=True, fan_in_fan_out=True), "pissa": lora(target_modules=["c_attn"], init_lora_weights="pissa", fan_in_fan_out=True),
                 "bias all": lora(target_modules=["c_attn"], bias="all", fan_in_fan_out=True), "bias lora_only": lora(target_modules=["c_fc"], bias="lora_only", fan_in_fan_out=True), "wte and lm_head": lora(target_modules=["wte", "lm_head"]), "wte": lora(target_modules=["wte", "c_attn"]), "lm_head": lora(target_modules=["lm_head"]),
                 "wte and lm_head saved": lora(target_modules=["c_attn"], modules_to_save=["wte", "lm_head"], fan_in_fan_out=True), "wte saved": lora(target_modules=["c_attn"], modules_to_save=["wte"], fan_in_fan_out=True), "saved, tied": lora(target_modules=["c_attn"], modules_to_save=["wte"], ensure_weight_tying=True, fan_in_fan_out=True),
                 "wpe saved": lora(target_modules=["c_attn"], modules_to_save=["wpe"], fan_in_fan_out=True), "norms saved": lora(target_modules=["c_attn"], modules_to_save=["ln_f", "h.0.ln_1"], fan_in_fan_out=True), "tokens": lora(target_modules=["c_attn"], trainable_token_indices={"wte": [3, 5]}, fan_in_fan_out=True)},
        "t5": {"plain": lora(target_modules=["q", "v"]), "all-linear": lora(target_modules=ALL), "decoder, an expression": lora(target_modules=r"decoder.*\.(q|wi_0)"), "cross attention": lora(target_modules=["EncDecAttention.k", "EncDecAttention.o"]), "head": lora(target_modules=["q", "lm_head"]), "layers": lora(target_modules=["q"], layers_to_transform=[1], layers_pattern="block"), "norms saved": lora(target_modules=["q"], modules_to_save=["final_layer_norm"]), "head saved": lora(target_modules=["q"], modules_to_save=["lm_head"])},
        "t5_deep": {"plain": lora(target_modules=["q", "v"]), "exclude_modules": lora(target_modules=["q", "wo"], exclude_modules=["encoder.block.2.layer.0.SelfAttention.q"])},
        "llama_cls": {"plain": lora(), "dora": lora(use_dora=True), "all-linear": lora(target_modules=ALL)}, "qwen2_reward": {"plain": lora(), "bias all": lora(bias="all")}, "llama_tok": {"plain": lora()}, "llama_qa": {"plain": lora()}, "gpt2_cls": {"plain": lora(target_modules=["c_attn"], fan_in_fan_out=True)},
        "bert_cls": {"plain": lora(target_modules=["query", "value"]), "all-linear": lora(target_modules=ALL), "bias all": lora(target_modules=["query"], bias="all"), "pooler saved": lora(target_modules=["query"], modules_to_save=["classifier", "pooler.dense"]), "embedding": lora(target_modules=["word_embeddings", "query"])},
        "bert_tok": {"plain": lora(target_modules=["query", "value"]), "bias all": lora(target_modules=["query"], bias="all")}, "bert_qa": {"plain": lora(target_modules=["query", "value"]), "bias lora_only": lora(target_modules=["query"], bias="lora_only")},
        "bert_mlm": {"plain": lora(target_modules=["query", "value"]), "transform": lora(target_modules=["query", "transform.dense"]), "transform saved": lora(target_modules=["query"], modules_to_save=["cls.predictions.transform.dense"])}, "roberta_cls": {"plain": lora(target_modules=["query", "value"]), "all-linear": lora(target_modules=ALL)},
    },
    "adalora": {"llama": {"plain": peft.AdaLoraConfig(init_r=6, target_r=4, total_step=10, target_modules=QV), "alpha, dropout": peft.AdaLoraConfig(init_r=6, lora_alpha=5, lora_dropout=0.1, total_step=10, target_modules=QV, orth_reg_weight=0.1), "after its schedule": peft.AdaLoraConfig(init_r=4, total_step=10, target_modules=QV), "head saved": peft.AdaLoraConfig(init_r=4, total_step=10, target_modules=QV, modules_to_save=["lm_head"])},
                "qwen2": {"bias lora_only": peft.AdaLoraConfig(init_r=4, total_step=10, target_modules=QV, bias="lora_only")}, "gpt2": {"plain": peft.AdaLoraConfig(init_r=4, total_step=10, target_modules=["c_attn"], fan_in_fan_out=True)}},
    "ia3": {"llama": {"plain": peft.IA3Config(target_modules=FF, feedforward_modules=["down_proj"]), "expressions": peft.IA3Config(target_modules=r".*(k_proj|down_proj)", feedforward_modules=r".*down_proj"), "no feed-forward": peft.IA3Config(target_modules=["k_proj"], feedforward_modules=[]), "exclude_modules": peft.IA3Config(target_modules=FF, feedforward_modules=["down_proj"], exclude_modules=["layers.0.mlp.down_proj"]),
                      "norm saved": peft.IA3Config(target_modules=FF, feedforward_modules=["down_proj"], modules_to_save=["norm"])},
            "gpt2": {"plain": peft.IA3Config(target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"], fan_in_fan_out=True)}, "t5": {"plain": peft.IA3Config(target_modules=["k", "v", "wo"], feedforward_modules=["wo"])}, "bert_cls": {"plain": peft.IA3Config(target_modules=["key", "value", "output.dense"], feedforward_modules=["output.dense"])}},
    "loha": {"llama": {"plain": peft.LoHaConfig(r=4, alpha=8, target_modules=QV), "patterns": peft.LoHaConfig(r=4, alpha=8, target_modules=QV, rank_pattern={"v_proj": 2}, alpha_pattern={r".*\.0\..*": 2}, rank_dropout=0.1, module_dropout=0.1), "layers": peft.LoHaConfig(r=2, target_modules=QV, layers_to_transform=[1]), "exclude_modules": peft.LoHaConfig(r=2, target_modules=QV, exclude_modules=["layers.2.self_attn.q_proj"], modules_to_save=["norm"])}},
    "lokr": {"llama": {"plain": peft.LoKrConfig(r=2, alpha=4, target_modules=QV), "decompose_both": peft.LoKrConfig(r=2, target_modules=QV, decompose_both=True, decompose_factor=4), "factor": peft.LoKrConfig(r=2, target_modules=QV, decompose_factor=8), "large rank": peft.LoKrConfig(r=64, target_modules=QV), "patterns": peft.LoKrConfig(r=2, target_modules=QV, rank_pattern={"v_proj": 1}, alpha_pattern={"q_proj": 2}), "layers": peft.LoKrConfig(r=2, target_modules=QV, layers_to_transform=[0])}},
    "oft": {"llama": {"plain": peft.OFTConfig(oft_block_size=8, target_modules=QV), "r": peft.OFTConfig(r=4, oft_block_size=0, target_modules=QV), "block_share": peft.OFTConfig(oft_block_size=8, target_modules=QV, block_share=True), "cayley": peft.OFTConfig(oft_block_size=8, target_modules=QV, use_cayley_neumann=False), "terms": peft.OFTConfig(oft_block_size=4, target_modules=QV, num_cayley_neumann_terms=3), "adjusted": peft.OFTConfig(oft_block_size=5, target_modules=["q_proj"]),
                      "layers": peft.OFTConfig(oft_block_size=8, target_modules=QV, layers_to_transform=[2], module_dropout=0.1), "head saved": peft.OFTConfig(oft_block_size=8, target_modules=QV, modules_to_save=["lm_head"])},
            "qwen2": {"bias oft_only": peft.OFTConfig(oft_block_size=8, target_modules=QV, bias="oft_only"), "bias all": peft.OFTConfig(oft_block_size=8, target_modules=QV, bias="all")}},
    "boft": {"llama": {"plain": peft.BOFTConfig(boft_block_size=8, target_modules=QV), "factors": peft.BOFTConfig(boft_block_size=8, boft_n_butterfly_factor=2, target_modules=QV), "number of blocks": peft.BOFTConfig(boft_block_size=0, boft_block_num=4, target_modules=QV, boft_dropout=0.1), "layers": peft.BOFTConfig(boft_block_size=8, target_modules=QV, layers_to_transform=[1])},
             "qwen2": {"bias boft_only": peft.BOFTConfig(boft_block_size=8, target_modules=QV, bias="boft_only")}},
    "hra": {"llama": {"plain": peft.HRAConfig(r=4, target_modules=QV), "layers": peft.HRAConfig(r=2, target_modules=QV, layers_to_transform=[0, 1]), "exclude_modules": peft.HRAConfig(r=2, target_modules=QV, exclude_modules=["layers.0.self_attn.q_proj"])}, "qwen2": {"bias hra_only": peft.HRAConfig(r=4, target_modules=QV, bias="hra_only"), "bias all": peft.HRAConfig(r=4, target_modules=QV, bias="all")}},
    "miss": {"llama": {"plain": peft.MissConfig(r=4, target_modules=QV), "layers": peft.MissConfig(r=4, target_modules=QV, layers_to_transform=[1], miss_dropout=0.1)}, "qwen2": {"bias miss_only": peft.MissConfig(r=4, target_modules=QV, bias="miss_only")}},
    "vera": {"llama": {"plain": peft.VeraConfig(r=8, target_modules=["q_proj", "o_proj"]), "by seed": peft.VeraConfig(r=8, target_modules=["q_proj"], save_projection=False, projection_prng_key=5), "two shapes": peft.VeraConfig(r=4, target_modules=QV, d_initial=0.5, vera_dropout=0.1), "layers": peft.VeraConfig(r=8, target_modules=["q_proj"], layers_to_transform=[0])},
             "qwen2": {"bias vera_only": peft.VeraConfig(r=8, target_modules=["q_proj"], bias="vera_only")}, "gpt2": {"plain": peft.VeraConfig(r=8, target_modules=["c_attn"], fan_in_fan_out=True)}},
    "randlora": {"llama": {"plain": peft.RandLoraConfig(r=4, randlora_alpha=8, target_modules=QV), "sparse": peft.RandLoraConfig(r=4, randlora_alpha=8, target_modules=QV, sparse=True, randlora_dropout=0.1), "layers": peft.RandLoraConfig(r=4, target_modules=["q_proj"], layers_to_transform=[2])}, "qwen2": {"bias randlora_only": peft.RandLoraConfig(r=4, target_modules=QV, bias="randlora_only")}},
    "fourierft": {"llama": {"plain": peft.FourierFTConfig(n_frequency=20, scaling=50.0, target_modules=QV), "pattern": peft.FourierFTConfig(n_frequency=20, n_frequency_pattern={"v_proj": 10}, random_loc_seed=5, target_modules=QV), "layers": peft.FourierFTConfig(n_frequency=20, target_modules=QV, layers_to_transform=[1])},
                  "qwen2": {"bias fourier_only": peft.FourierFTConfig(n_frequency=20, target_modules=QV, bias="fourier_only")}, "gpt2": {"plain": peft.FourierFTConfig(n_frequency=20, target_modules=["c_attn"], fan_in_fan_out=True)}},
    "shira": {"llama": {"plain": peft.ShiraConfig(r=2, target_modules=QV), "seed": peft.ShiraConfig(r=1, random_seed=5, target_modules=["q_proj"], modules_to_save=["norm"])}},
    "ln_tuning": {"llama": {"plain": peft.LNTuningConfig(target_modules=["input_layernorm", "norm"])}, "gpt2": {"plain": peft.LNTuningConfig(target_modules=["ln_1", "ln_f"])}, "bert_cls": {"plain": peft.LNTuningConfig(target_modules=["LayerNorm"])}},
    "tokens": {"llama": {"plain": peft.TrainableTokensConfig(token_indices=[3, 5], target_modules=["embed_tokens"])}, "untied": {"plain": peft.TrainableTokensConfig(token_indices=[3, 5])}, "gpt2": {"plain": peft.TrainableTokensConfig(token_indices=[3], target_modules=["wte"])}},
    "prompt": {base: {"plain": peft.PromptTuningConfig(num_virtual_tokens=5)} for base in ("llama", "gpt2", "t5", "t5_deep")},
    "p-tuning": {base: {"mlp": peft.PromptEncoderConfig(num_virtual_tokens=5, encoder_hidden_size=16), "lstm": peft.PromptEncoderConfig(num_virtual_tokens=5, encoder_hidden_size=16, encoder_reparameterization_type="LSTM", encoder_num_layers=2)} for base in ("llama", "t5", "t5_deep")},
    "multitask": {"llama": {"plain": peft.MultitaskPromptTuningConfig(num_virtual_tokens=5, num_tasks=3, num_ranks=2)}},
    "prefix": {**{base: {"plain": peft.PrefixTuningConfig(num_virtual_tokens=5), "projected": peft.PrefixTuningConfig(num_virtual_tokens=5, prefix_projection=True, encoder_hidden_size=16)} for base in ("llama", "gpt2", "t5")}, "t5_deep": {"plain": peft.PrefixTuningConfig(num_virtual_tokens=5)}},
    "llama-adapter": {"llama": {"plain": peft.AdaptionPromptConfig(adapter_len=4, adapter_layers=2)}},
    "hub": {
        "llama": {"pfeiffer": adapters.SeqBnConfig(reduction_factor=4), "houlsby": adapters.DoubleSeqBnConfig(reduction_factor=4, non_linearity="gelu"), "parallel": adapters.ParBnConfig(reduction_factor=4, scaling=2.0), "left out": adapters.SeqBnConfig(reduction_factor=4, leave_out=[1]), "compacter": adapters.CompacterConfig(reduction_factor=4, phm_dim=4),
                  "compacter, parallel": adapters.CompacterPlusPlusConfig(reduction_factor=4), "prefix": adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=8), "loreft": adapters.LoReftConfig(r=2, prefix_positions=2, suffix_positions=1), "loreft, layers": adapters.LoReftConfig(r=1, prefix_positions=3, layers=[0, 2]),
                  "mix and match": adapters.ConfigUnion(adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=8), adapters.ParBnConfig(reduction_factor=4))},
        "gpt2": {"pfeiffer": adapters.SeqBnConfig(reduction_factor=4), "houlsby": adapters.DoubleSeqBnConfig(reduction_factor=4)}, "t5": {"pfeiffer": adapters.SeqBnConfig(reduction_factor=4), "prefix": adapters.PrefixTuningConfig(prefix_length=5, bottleneck_size=8)}, "bert_cls": {"pfeiffer": adapters.SeqBnConfig(reduction_factor=4)},
    },
}
SOME = ["lora/llama/plain", "lora/llama/rank_pattern", "lora/qwen2/bias all", "lora/llama/embedding saved, tied", "lora/gpt2/wte and lm_head", "lora/bert_tok/plain", "oft/llama/r", "hub/llama/pfeiffer"]


def base_of(name):
    kind, _ = BASES[name]
    model = kind.from_pretrained(f"{FOLDER}/bases/{name}", dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def move(parameters, seed):
    """Off what they start from, so that an adapter does something."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in parameters:
            if p.requires_grad and p.is_floating_point():
                p.add_(0.1 * torch.randn(p.shape, generator=generator))


@torch.no_grad()
def logits_of(model, base, config):
    ids = torch.tensor([[5 + 7 * i for i in range(12)], [3 + 5 * i for i in range(12)]]) % VOCABULARY
    more = {"task_ids": torch.tensor([1, 2])} if isinstance(config, peft.MultitaskPromptTuningConfig) else {}
    if base.startswith("t5"):
        more["decoder_input_ids"] = ids[:, :5]
    out = model(input_ids=ids, **more)
    return torch.cat([out.start_logits, out.end_logits]) if hasattr(out, "start_logits") else out.logits


def opened(base, folder, hub):
    model = base_of(base)
    if not hub:
        return PeftModel.from_pretrained(model, folder).eval()
    adapters.init(model)
    model.load_adapter(folder, set_active=True, use_safetensors=True)
    return model.eval()


def make(case):
    method, base, name = case
    folder, config = f"{FOLDER}/cases/{slug(case)}/theirs", ADAPTERS[method][base][name]
    model = base_of(base)
    if method == "hub":
        adapters.init(model)
        model.add_adapter("law", config=config)
        model.train_adapter("law")
        move((p for n, p in model.named_parameters() if "parametrizations" not in n), 1)  # LoReFT's has signs on its diagonal, which PyTorch reads as integers
        model.save_adapter(folder, "law", use_safetensors=False)  # safetensors would refuse the prefix, of which every layer has the same tensors
        for old, new in (("pytorch_adapter.bin", "adapter.safetensors"), ("pytorch_model_head.bin", "model_head.safetensors")):
            if os.path.exists(f"{folder}/{old}"):
                save_file({n: t.clone().contiguous() for n, t in torch.load(f"{folder}/{old}", weights_only=True).items()}, f"{folder}/{new}")
                os.remove(f"{folder}/{old}")
        return
    config.task_type = TASKS.get(base, TASKS.get(base.split("_")[-1], "CAUSAL_LM"))
    model = get_peft_model(model, config)
    move(model.parameters(), 1)
    if name == "after its schedule":
        config.rank_pattern = {f"model.layers.{i}.self_attn.{n}.lora_E": [True, i != 1, n == "q_proj", False] for i in range(3) for n in QV}
    model.save_pretrained(folder)


def slug(case):
    return re.sub("[^a-z0-9]+", "_", "_".join(case).lower())


def build(cases):
    """Types of all cases, in units of a few, and the programs of them; yields what cannot be described."""
    types, refused = {}, {}
    for case in cases:
        at = f"{FOLDER}/cases/{slug(case)}"
        done = subprocess.run([DESCRIBE, f"{FOLDER}/bases/{case[1]}/config.json", "type_here", f"{at}/type.hpp", "--adapter", f"{at}/theirs", "--opened"], capture_output=True, text=True)
        if done.returncode != 0:
            refused[case] = "refused: " + done.stderr.strip()
            continue
        with open(f"{at}/type.hpp") as f:
            types.setdefault(f.read(), []).append(case)
    units, wanted = [list(types.items())[i:i + 4] for i in range(0, len(types), 4)], set()
    for unit in units:
        text, body = '#include "round_trip.hpp"\n', ""
        for header, of_type in unit:
            name = "type_" + hashlib.sha1(header.encode()).hexdigest()[:12]
            text += header.replace("#pragma once\n", "").replace("type_here", name) + "\n"
            body += "".join(f'  round_trip<{name}::Model<graft::reference>>("{FOLDER}/bases/{c[1]}", "{FOLDER}/cases/{slug(c)}/theirs", "{FOLDER}/cases/{slug(c)}/ours");\n' for c in of_type)
        text += "\nint main() {\n" + body + "}\n"
        path = f"{FOLDER}/units/unit_{hashlib.sha1(text.encode()).hexdigest()[:12]}.cpp"
        wanted.add(path)
        with open(path, "w") as f:
            f.write(text)
    program = f"{FOLDER}/programs"
    subprocess.run(["cmake", "-S", f"{SOURCE}/tests/interop/round_trip", "-B", program, "-G", "Ninja", f"-DGRAFT_SOURCE={SOURCE}", f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCASES={FOLDER}/units", "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["cmake", "--build", program, "-j", os.environ.get("ROUND_TRIP_JOBS", "2"), "--target", *(os.path.basename(p)[:-4] for p in sorted(wanted)), "--", "-k", "0"], capture_output=True, text=True)
    if done.returncode != 0:
        print("\n".join(line for line in done.stdout.splitlines() if "error" in line or "FAILED" in line)[:6000])
    for path in sorted(wanted):
        if os.path.exists(executable := f"{program}/{os.path.basename(path)[:-4]}"):
            subprocess.run([executable])
    return refused


def judge(case, refused):
    method, base, name = case
    at, config = f"{FOLDER}/cases/{slug(case)}", ADAPTERS[method][base][name]
    if case in refused:
        return refused[case]
    if os.path.exists(f"{at}/ours/error.txt"):
        return open(f"{at}/ours/error.txt").read()
    if not os.path.exists(f"{at}/ours/adapter_config.json"):
        return "its program does not compile, or ended early"
    plain = logits_of(base_of(base), base, config)
    theirs, ours = (logits_of(opened(base, f"{at}/{who}", method == "hub"), base, config) for who in ("theirs", "ours"))
    apart, does = float((theirs - ours).abs().max()), float((theirs[:, -plain.shape[1]:] - plain).abs().max()) if plain.dim() == 3 else float((theirs - plain).abs().max())
    return "" if apart < 1e-4 and does > 1e-3 else f"logits differ by {apart:.1e}; the adapter moves them by {does:.1e}"


def main():
    cases = [(method, base, name) for method, bases in ADAPTERS.items() for base, all_of in bases.items() for name in all_of]
    if NAMES:
        cases = [c for c in cases if ("/".join(c) in SOME if NAMES == ["--some"] else any("/".join(c).startswith(n) for n in NAMES))]
    shutil.rmtree(f"{FOLDER}/cases", ignore_errors=True)
    shutil.rmtree(f"{FOLDER}/units", ignore_errors=True)
    os.makedirs(f"{FOLDER}/units")
    for name in {base for _, base, _ in cases}:
        torch.manual_seed(0)
        kind, config = BASES[name]
        kind(config).save_pretrained(f"{FOLDER}/bases/{name}")
    unmade = {}
    for case in cases:
        os.makedirs(f"{FOLDER}/cases/{slug(case)}")
        try:
            torch.manual_seed(1)
            make(case)
        except Exception as error:  # one that the library itself cannot make must not hide the others
            unmade[case] = f"the library does not make it: {type(error).__name__}: {str(error)[:300]}"
    refused = build([c for c in cases if c not in unmade])
    failures = 0
    for case in cases:
        try:
            verdict = unmade.get(case) or judge(case, refused)
        except Exception as error:
            verdict = f"the library does not open it: {type(error).__name__}: {str(error)[:400]}"
        failures += bool(verdict)
        print(f"{'/'.join(case):50} {verdict or 'the same'}", flush=True)
    print(f"{len(cases)} cases, {failures} that do not come back the same")
    sys.exit(failures != 0)


main()
