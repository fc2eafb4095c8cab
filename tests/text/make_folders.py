#!/usr/bin/env python3
"""Makes folders.json: tokenizers with the files that may stand beside a tokenizer.json, and how Transformers puts them together.

  make_folders.py          (needs: tokenizers, transformers)

Each case has its files' contents (without tokenizer.json, which is the same for all but where a case has its own), texts, and their ids; a text's tokens of
its own count.
"""
import copy
import json
import os
import tempfile

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer

here = os.path.dirname(os.path.abspath(__file__))
texts = ["x <a> y", "x <b> y <pad><c>", "hi <s> hi</s> [MASK]<|endoftext|>", "Hello <z><q> World"]


def byte_level():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    t = Tokenizer(models.BPE({**{c: i for i, c in enumerate(alphabet)}, "<pad>": 256}, []))
    t.pre_tokenizer, t.decoder = pre_tokenizers.ByteLevel(add_prefix_space=True), decoders.ByteLevel()
    t.add_special_tokens([AddedToken("<a>", normalized=False, special=True)])
    return json.loads(t.to_str())


def word_piece():
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "x", "y", "hi", "hello", "world", "Hello", "<", ">", "/", "a", "b", "##h", "é", "e"]
    t = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    t.normalizer, t.pre_tokenizer, t.decoder = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer(), decoders.WordPiece()
    return json.loads(t.to_str())


plain, llama = {"tokenizer_class": "PreTrainedTokenizerFast"}, {"tokenizer_class": "LlamaTokenizer", "unk_token": None}
flags = {"lstrip": True, "rstrip": True, "single_word": False, "normalized": False, "special": False}
cases = {
    "other flags of a token": {"tokenizer_config.json": {**plain, "added_tokens_decoder": {"257": {"content": "<a>", **flags}}}},
    "ids as they come": {"tokenizer_config.json": {**plain, "added_tokens_decoder": {"300": {"content": "<b>"}, "290": {"content": "<c>", "special": True}}, "pad_token": "<pad>"}},
    "older files": {"tokenizer_config.json": plain, "added_tokens.json": {"<b>": 258, "<c>": 259}, "special_tokens_map.json": {"bos_token": "<c>", "pad_token": {"content": "<pad>", "lstrip": True, "rstrip": False, "normalized": True, "single_word": False}}},
    "older files do not count": {"tokenizer_config.json": {**plain, "bos_token": "<a>", "eos_token": "<z>", "added_tokens_decoder": {"258": {"content": "<b>"}}}, "added_tokens.json": {"<c>": 259}, "special_tokens_map.json": {"bos_token": "<c>"}},
    "a space before": {"tokenizer_config.json": {**plain, "add_prefix_space": True}},
    "more special tokens": {"tokenizer_config.json": {**plain, "additional_special_tokens": ["<c>", {"content": "<b>", "lstrip": True, "__type": "AddedToken"}]}, "special_tokens_map.json": {"additional_special_tokens": ["<q>"]}},
    "named otherwise": {"tokenizer_config.json": {**plain, "extra_special_tokens": {"image_token": "<b>"}}},
    "GPT-2's class": {"tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"}},
    "Llama's class": {"tokenizer_config.json": {**llama, "bos_token": "<a>", "eos_token": "<pad>"}},
    "Llama's class with an end": {"tokenizer_config.json": {**llama, "bos_token": "<a>", "eos_token": "<pad>", "add_bos_token": False, "add_eos_token": True}},
    "Llama's own tokens": {"tokenizer_config.json": {"tokenizer_class": "LlamaTokenizerFast"}},
    "BERT's class": {"tokenizer.json": word_piece(), "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": True}},
    "BERT's usual": {"tokenizer.json": word_piece(), "tokenizer_config.json": {"tokenizer_class": "BertTokenizerFast"}},
}
made = {"tokenizer.json": byte_level(), "texts": texts, "cases": []}
for name, files in cases.items():
    with tempfile.TemporaryDirectory() as folder:
        family = {"BERT": "bert", "Llama": "llama"}.get(name.split("'")[0], "qwen2")
        for file, content in {"tokenizer.json": made["tokenizer.json"], "config.json": {"model_type": family}, **copy.deepcopy(files)}.items():
            json.dump(content, open(os.path.join(folder, file), "w"))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        made["cases"].append({"name": name, "files": files, "ids": [tokenizer(text)["input_ids"] for text in texts]})
json.dump(made, open(os.path.join(here, "folders.json"), "w"), ensure_ascii=False)
