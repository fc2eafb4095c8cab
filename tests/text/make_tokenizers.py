#!/usr/bin/env python3
"""Makes tokenizers/: small tokenizers of every kind that graft reads, and how the reference libraries encode and decode texts.

  make_tokenizers.py          (needs: tokenizers, sentencepiece, transformers, protobuf, gguf)

The texts are made here, from a seed; the tokenizers are trained on them and on graft's own headers. Kinds:
  *.json         tokenizer.json, with the steps that the family's published files have; reference: tokenizers
  *.model        a SentencePiece model; reference: sentencepiece
  *.gguf         the same tokenizer as unigram.model, bpe.model or bert.json
  texts.json     the texts; KIND.ids.json: for each text its ids (special tokens included) and, of every fifth, the decoded text
"""
import base64
import glob
import json
import os
import random
import sys

import gguf
import sentencepiece
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

here = os.path.dirname(os.path.abspath(__file__))
out = os.path.join(here, "tokenizers")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

words = {
    "latin": "the model learns a small rank update while weights stay frozen naïve café Straße über señor garçon łódź İstanbul ŒUVRE ﬁnal ﬂow don't it's we'll I'VE they're".split(),
    "greek": "γράμμα λόγος Ελλάδα ΆΝΘΡΩΠΟΣ μάθηση".split(), "cyrillic": "модель учится быстро ёлка Йод слой".split(), "chinese": "模型 学习 权重 冻结 你好世界 㐀㐁".split(),
    "japanese": "モデル が 学習 する カタカナ ｶﾀｶﾅ が".split(), "korean": "모델 학습 가중치 한국어".split(), "arabic": "نموذج يتعلّم بسرعة".split(),
    "hebrew": "מודל לומד שָׁלוֹם".split(), "hindi": "मॉडल सीखता है क्षेत्र".split(), "thai": "โมเดล เรียนรู้ น้ำ".split(),
    "numbers": "0 7 42 1234 3.14159 1,000,000 1e-5 ½ ² ٣٤ Ⅷ １２３ 0xFF".split(),
    "symbols": "() [] {} <> := -> => != === && || // /* */ # $x @y ~ ^ % … — – “q” ‘q’ « » € £ ™ © ∑ ≤ √ ␣ ▁ ▁▁ Ġ".split(),
    "emoji": "🙂 👍🏽 👩‍👩‍👧 🇩🇪 ❤️ 🦀🦀".split(), "special": "<s> </s> <unk> [CLS] [SEP] <|end|> <|start|> <pad> [MASK] <0x41>".split(),
}
code = ["for (int i = 0; i < {n}; ++i) {{\n    x[i] += {a} * y[i];\n}}", "def {a}(x, *, rank={n}):\n\treturn x @ w_{a}.T  # {n}", "SELECT {a}, COUNT(*) FROM t WHERE n >= {n};",
        '{{"{a}": [{n}, null, true], "text": "a\\tb\\u00e9"}}', "$ {a} --rank={n} | grep -v '^#' > out_{n}.txt", "template <class {a}> struct S<{a}, {n}> : T {{}};\r\n", "https://example.org/{a}?n={n}&q=%20#top"]


def make_texts(n):
    rng = random.Random(6)
    texts = ["", " ", "  ", "\n", "\n\n\n", "\t", "a", " a", "a ", "  a  b   c    ", "\r\n\r\n", "e\u0301 é E\u0301", "\u1100\u1161\u11a8 각", "\u00a0\u2003\u3000x\u200b\u200dy", "ﷺ ﬃ ㎏ ①",
             "a" * 120, "word" * 30, "\u0000\u0001a\u007f", "İI ıi ẞß ΣΑΣ", "\ufeffx\u2060", "\ufffd", "x\u0300\u0301\u0302", "\u202eabc", "a\u0085b\u2028c\u2029d\u000bf\u000cg", " <|end|> x<|end|>  <s>y </s>"]
    separators = [" "] * 12 + ["", "  ", "\n", "\n\n", "\t", ", ", ". ", "-", "    ", "\u00a0", "。"]
    while len(texts) < n:
        kind = rng.random()
        if kind < 0.25:
            texts.append(rng.choice(code).format(a=rng.choice(words["latin"] + ["value", "head_width", "HTTPServer2"]), n=rng.choice([0, 8, 64, 4096])))
        elif kind < 0.35:  # any characters
            # not where classes changed after Unicode 9, whose tables the reference has for BERT
            ranges = [(32, 0x17F), (0x300, 0x36F), (0x370, 0x5FF), (0x900, 0xCFF), (0x1E00, 0x20CF), (0x2100, 0x27BF), (0x3040, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xACFF), (0xFF00, 0xFFEF), (0x1F300, 0x1F64F)]
            text = "".join(chr(rng.randint(*rng.choice(ranges))) for _ in range(rng.randint(1, 14)))
            texts.append(text)
        else:
            script = rng.choice(list(words))
            text = ""
            for _ in range(rng.randint(1, 9)):
                if rng.random() < 0.3:
                    script = rng.choice(list(words))
                text += rng.choice(words[script]) + rng.choice(separators)
            texts.append(text if rng.random() < 0.3 else text.strip())
    return texts


texts = make_texts(560)
corpus = texts * 3 + [open(p, encoding="utf-8").read() for p in sorted(glob.glob(os.path.join(here, "../../include/graft/*/*.hpp")))[::3]]


def train(tokenizer, trainer):
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def byte_level(pattern, special, normalizer=None, digits=False, prefix=False, ignore_merges=False, roberta=False):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        t.normalizer = normalizer
    if pattern is None:
        steps = [pre_tokenizers.ByteLevel(add_prefix_space=prefix)]
        if digits:
            steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    else:
        steps = [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=False)]
    t.pre_tokenizer = steps[0] if len(steps) == 1 else pre_tokenizers.Sequence(steps)
    t.decoder = decoders.ByteLevel()
    train(t, trainers.BpeTrainer(vocab_size=700, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    if roberta:
        t.post_processor = processors.RobertaProcessing(sep=("</s>", t.token_to_id("</s>")), cls=("<s>", t.token_to_id("<s>")), add_prefix_space=prefix)
    return t


def word_piece(lowercase):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    train(t, trainers.WordPieceTrainer(vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
                                                     special_tokens=[("[CLS]", t.token_to_id("[CLS]")), ("[SEP]", t.token_to_id("[SEP]"))])
    return t


def sentencepiece_model(name, **options):
    lines = os.path.join(out, "corpus.txt")
    with open(lines, "w", encoding="utf-8") as f:
        for text in corpus:
            f.writelines(line + "\n" for line in text.replace("\u0000", "").splitlines() if line.strip())
    sentencepiece.SentencePieceTrainer.train(input=lines, model_prefix=os.path.join(out, name), hard_vocab_limit=False, minloglevel=2, num_threads=1, **options)
    os.remove(lines)
    os.remove(os.path.join(out, name + ".vocab"))
    return os.path.join(out, name + ".model")


def converted(class_name, model, **options):
    """What transformers makes of a SentencePiece model: the published tokenizer.json files of the family came about so."""
    import transformers
    from transformers.convert_slow_tokenizer import convert_slow_tokenizer
    slow = getattr(transformers, class_name)(model, **options)
    return convert_slow_tokenizer(slow)


def charsmap(tokenizer):
    steps = json.loads(tokenizer.to_str())["normalizer"]
    return base64.b64decode(next(s["precompiled_charsmap"] for s in steps.get("normalizers", [steps]) if s["type"] == "Precompiled"))


def write_gguf(name, model, tokens, types, bos, eos, pad=-1, unk=-1, scores=None, charsmap=None):
    """A GGUF file of nothing but a tokenizer, as llama.cpp's converters write it."""
    w = gguf.GGUFWriter(os.path.join(out, name + ".gguf"), "llama")
    w.add_tokenizer_model(model)
    w.add_token_list(tokens)
    w.add_token_types(types)
    for add, value in ((w.add_bos_token_id, bos), (w.add_eos_token_id, eos), (w.add_pad_token_id, pad), (w.add_unk_token_id, unk)):
        if value >= 0:
            add(value)
    if scores:
        w.add_token_scores(scores)
        w.add_add_bos_token(False)
        w.add_add_eos_token(False)
        w.add_add_space_prefix(True)
        w.add_remove_extra_whitespaces(model == "t5")
    if charsmap:
        w.add_precompiled_charsmap(charsmap)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.close()


def main():
    os.makedirs(out, exist_ok=True)
    kinds = {
        "gpt2": byte_level(None, ["<|end|>"]),
        "roberta": byte_level(None, ["<s>", "<pad>", "</s>", "<unk>"], roberta=True),
        "smollm": byte_level(None, ["<|end|>", "<|start|>"], digits=True),
        "llama3": byte_level(LLAMA3, ["<|start|>", "<|end|>"], ignore_merges=True),
        "qwen2": byte_level(QWEN2, ["<|end|>", "<|start|>"], normalizer=normalizers.NFC()),
        "bert": word_piece(True),
        "bert_cased": word_piece(False),
    }
    kinds["roberta"].add_special_tokens([AddedToken("<mask>", lstrip=True, special=True)])
    kinds["llama3"].post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
        single="<|start|> $A", pair="<|start|> $A <|start|>:1 $B:1", special_tokens=[("<|start|>", kinds["llama3"].token_to_id("<|start|>"))])])
    # Digits are split because "000" as 0 + 00 and 00 + 0 is equally likely, and versions of the library round differently.
    unigram = sentencepiece_model("unigram", model_type="unigram", split_digits=True, vocab_size=900, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    bpe = sentencepiece_model("bpe", model_type="bpe", vocab_size=1100, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
                              character_coverage=0.99, allow_whitespace_only_pieces=True, user_defined_symbols=["<|end|>"])
    kinds["t5"] = converted("T5Tokenizer", unigram, extra_ids=4)
    kinds["llama2"] = converted("LlamaTokenizer", bpe, legacy=True)
    kinds["llama2_new"] = converted("LlamaTokenizer", bpe, legacy=False)
    # Gemma: spaces as marks, bytes as a fall-back, no splitting; some tokens of several newlines.
    gemma = Tokenizer.from_str(kinds["llama2"].to_str())
    gemma.normalizer = normalizers.Replace(" ", "▁")
    gemma.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    gemma.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    gemma.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("<pad>", normalized=False, single_word=True)])
    gemma.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", gemma.token_to_id("<s>"))])
    kinds["gemma"] = gemma
    phi3 = Tokenizer.from_str(kinds["llama2"].to_str())
    phi3.add_special_tokens([AddedToken("<|start|>", rstrip=True, special=True), AddedToken("<pad>", rstrip=True, special=True)])
    kinds["phi3"] = phi3
    with open(os.path.join(out, "texts.json"), "w", encoding="utf-8") as f:
        json.dump(texts, f, ensure_ascii=True, indent=0)

    def write(kind, encode, decode):
        rows = [encode(t) for t in texts]
        with open(os.path.join(out, kind + ".ids.json"), "w") as f:
            json.dump({"ids": rows, "decoded": [decode(ids) for ids in rows[::5]]}, f, separators=(",", ":"), ensure_ascii=True)

    for kind, t in kinds.items():
        with open(os.path.join(out, kind + ".json"), "w", encoding="utf-8") as f:
            json.dump(json.loads(t.to_str()), f, separators=(",", ":"), ensure_ascii=True)
        write(kind, lambda text: t.encode(text).ids, lambda ids: t.decode(ids, skip_special_tokens=True))
    for kind, path in (("unigram", unigram), ("bpe", bpe)):
        sp = sentencepiece.SentencePieceProcessor(model_file=path)
        write(kind, lambda text: sp.encode(text), lambda ids: sp.decode(ids))
        tokens = [sp.id_to_piece(i) for i in range(sp.get_piece_size())]
        kind_of = lambda i: 2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 4 if tokens[i] == "<|end|>" else 1
        write_gguf(kind, {"unigram": "t5", "bpe": "llama"}[kind], tokens, [kind_of(i) for i in range(len(tokens))], bos=sp.bos_id(), eos=sp.eos_id(), pad=sp.pad_id(),
                   scores=[sp.get_score(i) for i in range(len(tokens))], charsmap=charsmap(kinds["t5"]) if kind == "unigram" else None)
    vocabulary = sorted(kinds["bert"].get_vocab().items(), key=lambda entry: entry[1])
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    write_gguf("bert", "bert", [t if t in special else t[2:] if t.startswith("##") else "▁" + t for t, _ in vocabulary], [3 if t in special else 1 for t, _ in vocabulary],
               bos=kinds["bert"].token_to_id("[CLS]"), eos=kinds["bert"].token_to_id("[SEP]"), unk=kinds["bert"].token_to_id("[UNK]"))
    print(f"tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}, python {sys.version.split()[0]}: {len(kinds)} + 2 kinds, {len(texts)} texts")


main()
