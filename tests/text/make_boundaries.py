#!/usr/bin/env python3
"""Makes tokenizers/boundaries.json: where a text that is cut in two ends among its tokens, as the offsets of the reference libraries say, for the tokenizers that
make_tokenizers.py made.

  make_boundaries.py          (needs: tokenizers, sentencepiece)

"cuts": [i, j, at]: texts[i] + texts[j] (j = -1: texts[i] alone), cut at byte `at`. For each kind and cut two numbers: how many tokens end there or earlier, and how many
begin earlier; the model's own tokens are not put about the text.
"""
import json
import os
import random
import unicodedata

import sentencepiece
from tokenizers import Tokenizer

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")
texts = json.load(open(os.path.join(here, "texts.json"), encoding="utf-8"))


def within_character(before, after):
    """Whether what a reader takes for one character would be cut: marks, joiners, jamo, pairs of flag letters."""
    a, b = before[-1], after[0]
    return unicodedata.category(b) in ("Mn", "Mc", "Me") or "\u200d" in (a, b) or 0x1160 <= ord(b) <= 0x11FF or 0x1F3FB <= ord(b) <= 0x1F3FF or (0x1F1E6 <= ord(a) <= 0x1F1FF and 0x1F1E6 <= ord(b) <= 0x1F1FF)


def make_cuts(n):
    rng = random.Random(9)
    cuts = []
    while len(cuts) < n:
        i, j = rng.randrange(len(texts)), rng.choice([-1, rng.randrange(len(texts))])
        whole = texts[i] + (texts[j] if j >= 0 else "")
        at = len(texts[i]) if j >= 0 else rng.randint(0, len(whole))
        if 0 < at < len(whole) and not within_character(whole[:at], whole[at:]):
            cuts.append((i, j, whole, at))
    return cuts


def counts(offsets, at):
    return [sum(end <= at for _, end in offsets), sum(begin < at for begin, _ in offsets)]


def sentencepiece_offsets(model, text):
    """Where a character becomes several tokens (bytes, a ligature's letters), the library gives all of them but the last an empty span."""
    offsets = model.encode(text, return_type="offset_mapping")["offsets"]
    for k in range(len(offsets) - 2, 0, -1):
        if offsets[k][0] == offsets[k][1]:
            offsets[k] = offsets[k + 1]
    return offsets


def main():
    cuts = make_cuts(400)
    made = {"cuts": [[i, j, len(whole[:at].encode("utf-8"))] for i, j, whole, at in cuts]}
    for name in sorted(os.listdir(here)):
        kind, extension = os.path.splitext(name)
        if extension == ".json" and os.path.exists(os.path.join(here, kind + ".ids.json")):
            t = json.load(open(os.path.join(here, name), encoding="utf-8"))
            t["post_processor"] = None  # which may trim offsets
            tokenizer = Tokenizer.from_str(json.dumps(t))
            made[kind] = [counts(tokenizer.encode(whole).offsets, at) for _, _, whole, at in cuts]
        elif extension == ".model":
            model = sentencepiece.SentencePieceProcessor(model_file=os.path.join(here, name))
            made[kind] = [counts(sentencepiece_offsets(model, whole), at) for _, _, whole, at in cuts]
    with open(os.path.join(here, "boundaries.json"), "w") as f:
        json.dump(made, f, separators=(",", ":"))
    print({k: len(v) for k, v in made.items()})


main()
