#!/usr/bin/env python3
"""Debian's package descriptions as an instruction-tuning task: first paragraph -> one-line synopsis.

usage: synopses.py TRANSLATION_FILE OUTPUT_FOLDER     (the file: apt's Translation-en list of main, decompressed)

Keeps pairs with a paragraph of 150-700 and a synopsis of 20-80 characters; leaves out libraries, plugins, modules,
documentation, dummies, and synopses that occurred before; orders by SHA-256 of the package's name. The first 800 are for
training, the next 100 are held out.
"""
import hashlib
import json
import os
import re
import sys

UNWANTED = re.compile(r"transitional|dummy|debug|metapackage|meta-package|documentation|development|lib|plugin|module", re.I)


def first_paragraph(lines):
    words = []
    for line in lines:
        line = line.strip()
        if line in ("", "."):
            if words:
                break
        else:
            words.append(line)
    return " ".join(words)


def pairs(path):
    seen = set()
    with open(path, encoding="utf-8") as file:
        records = file.read().split("\n\n")
    for record in records:
        package = synopsis = None
        body = []
        for line in record.split("\n"):
            if line.startswith("Package: "):
                package = line[9:]
            elif line.startswith("Description-en: "):
                synopsis = line[16:].strip()
            elif line.startswith(" ") and synopsis is not None:
                body.append(line)
        if package is None or synopsis is None:
            continue
        paragraph = first_paragraph(body)
        if not (150 <= len(paragraph) <= 700 and 20 <= len(synopsis) <= 80):
            continue
        if UNWANTED.search(package + " " + synopsis) or synopsis in seen:
            continue
        seen.add(synopsis)
        yield hashlib.sha256(package.encode()).hexdigest(), {"package": package, "prompt": paragraph, "completion": synopsis}


def main():
    source, folder = sys.argv[1:]
    ordered = [example for _, example in sorted(pairs(source), key=lambda pair: pair[0])]
    if len(ordered) < 900:
        sys.exit(f"synopses.py: only {len(ordered)} pairs in {source}; is it the complete Translation-en list of main?")
    print(f"{len(ordered)} pairs of paragraph and synopsis")
    for name, part in (("train", ordered[:800]), ("heldout", ordered[800:900])):
        target = os.path.join(folder, name + ".jsonl")
        with open(target + ".partial", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(example, ensure_ascii=False) + "\n" for example in part)
        os.replace(target + ".partial", target)


main()
