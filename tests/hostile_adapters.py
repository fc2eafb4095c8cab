#!/usr/bin/env python3
"""Adapters that a stranger wrote: code, quotes, newlines and paths in every string, numbers that fit nowhere, values of every wrong type. Each must be refused with one clear
sentence, or mean what it meant without the hostile value; nothing but what graft itself can name is compiled, and nothing is written outside of the output folder.

  hostile_adapters.py GRAFT GRAFT_DESCRIBE COMPILER GRAFT_ADD_MODEL.cmake [CASES_OF_EACH_ADAPTER [SEED]]      0: all there are, about half an hour
"""
import copy
import json
import os
import random
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

GRAFT, DESCRIBE, COMPILER, ADD_MODEL = map(os.path.abspath, sys.argv[1:5])
CASES, SEED = (int(sys.argv[i]) if len(sys.argv) > i else otherwise for i, otherwise in ((5, 70), (6, 1)))
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.abspath(os.environ.get("GRAFT_PROGRAMS", f"{tempfile.gettempdir()}/graft-hostile-adapters"))
WRAPPER, ASKED = f"{PROGRAMS}/hostile_adapters_compiler", "asked_to_compile"

CODE = ['LoRA<2>; inline int x = std::system("touch canary");', 'a"); inline int y = (std::system("touch canary"), 0); //', "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "| touch canary", "&& touch canary\n",
        "../../../canary", "a\n#include \"/etc/passwd\"\n", "a\r\n}; inline int z = std::system(\"touch canary\"); struct b {", ")\" \"${CMAKE_COMMAND}\" ;touch;canary", "@canary@ ??/\n \\", "\x1b[2Jcanary\x07", "a\0b", "\u202e\U0001f600" * 30, "(a+)+$", "(", "", "9" * 40,
        "x" * 200_000]
# As JSON has them, or as it should not.
VALUES = ["null", "true", "1000000000000", "-1", "0", "1e400", "NaN", "1.5", "-0.0", "1e-320", "18446744073709551615", "99999999999999999999999", "[]", "{}", '[[["canary"]]]', '{"canary": {"canary": 1}}', '["$(touch canary)", 1, null]',
          "[" * 60 + "]" * 60, "[" * 100_000, "[" + "1," * 300_000 + "1]", "{" + ",".join(f'"k{i}":{i}' for i in range(3000)) + "}", '"\\ud800"', '"\xff"', "", '"unclosed']
SPOT = "\u2020"  # stands where a value is put in as text


def safetensors(path, tensors, header=None):
    """tensors: by name, shapes; values are small and not zero."""
    entries, data = {}, b""
    for name, shape in tensors.items():
        size = 1
        for n in shape:
            size *= n
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * size]}
        data += struct.pack(f"<{size}f", *[0.01 * (i % 7 - 3) for i in range(size)])
    head = json.dumps(entries if header is None else header(entries)) if not isinstance(header, bytes) else header
    head = head if isinstance(head, bytes) else head.encode("utf-8", "surrogatepass")
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + data)


def lora(extra=(), rank=2, layers=(0, 1), **more):
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "a/b", "revision": "main", "r": rank, "lora_alpha": 4, "lora_dropout": 0.05, "target_modules": ["q_proj", "v_proj"], "exclude_modules": "none_.*",
              "modules_to_save": None, "rank_pattern": {"k_proj": 4}, "alpha_pattern": {"layers\\.[7-9].*k_proj": 8}, "layers_to_transform": None, "layers_pattern": None, "bias": "none", "init_lora_weights": True, "use_rslora": False,
              "use_dora": False, "peft_version": "0.21.2", "auto_mapping": {"base_model_class": "C", "parent_library": "L"}, "trainable_token_indices": None, "loftq_config": {}, **more}
    tensors = {}
    for layer in layers:
        for name, out in (("q_proj", 96), ("v_proj", 32)):
            at = f"base_model.model.model.layers.{layer}.self_attn.{name}."
            tensors |= {at + "lora_A.weight": [rank, 48], at + "lora_B.weight": [out, rank]}
    return config, tensors | dict(extra)


LORA = {"kind": "LoRA", "rank": 2, "On": ["Query", "Value"], "Alpha": 4}
PROMPT = {"prompt_embeddings": [4, 48]}
ADAPTERS = {  # config, tensors, graft.json
    "lora": (*lora(), None),
    "noted": (*lora(), {"method": LORA}),
    "noted as text": (*lora(), {"method": "LoRA<2, On<Query, Value>, Alpha<4>>"}),
    "parts": (*lora(), {"method": {"kind": "Methods", "parts": [LORA, {"kind": "Unfreeze", "On": ["FinalNorm"], "Blocks": [0, 2]}]}}),
    "classes": (*lora(task_type="SEQ_CLS", modules_to_save=["score"], extra={"base_model.model.score.weight": [3, 48]}), {"method": {"kind": "Methods", "parts": [LORA, {"kind": "Unfreeze", "On": ["Head"]}]}, "classes": ["a", "b", "c"]}),
    "layers": (*lora(layers=[1], layers_to_transform=[1], layers_pattern="layers", trainable_token_indices={"embed_tokens": [1, 2]}, extra={"base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta": [2, 48]}), None),
    "ia3": ({"peft_type": "IA3", "task_type": "CAUSAL_LM", "target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]},
            {f"base_model.model.model.layers.{i}.{n}.ia3_l": s for i in (0, 1) for n, s in (("self_attn.k_proj", [32, 1]), ("mlp.down_proj", [1, 64]))}, None),
    "oft": ({"peft_type": "OFT", "r": 0, "oft_block_size": 8, "target_modules": "all-linear", "use_cayley_neumann": True, "num_cayley_neumann_terms": 5, "block_share": False}, {}, None),
    "prompt": ({"peft_type": "PROMPT_TUNING", "task_type": "CAUSAL_LM", "num_virtual_tokens": 4, "token_dim": 48, "num_layers": 2, "num_transformer_submodules": 1, "num_attention_heads": 3, "prompt_tuning_init": "RANDOM",
                "prompt_tuning_init_text": "a", "tokenizer_name_or_path": "b"}, PROMPT, {"method": {"kind": "SoftPrompt", "rows": 4}}),
    "p-tuning": ({"peft_type": "P_TUNING", "num_virtual_tokens": 4, "token_dim": 48, "encoder_hidden_size": 16, "encoder_reparameterization_type": "MLP"}, PROMPT, None),
    "multitask": ({"peft_type": "MULTITASK_PROMPT_TUNING", "num_virtual_tokens": 4, "num_tasks": 2, "num_ranks": 1, "token_dim": 48}, PROMPT | {"prefix_task_cols": [2, 4, 1], "prefix_task_rows": [2, 1, 48]}, None),
    "hub": ({"config": {"architecture": None, "mh_adapter": True, "output_adapter": True, "reduction_factor": 8, "non_linearity": "relu", "scaling": 1.0, "leave_out": [0], "is_parallel": False}, "name": "law", "hidden_size": 48, "model_type": "qwen3",
             "model_class": "C", "model_name": "a/b", "version": "1"}, {"model.layers.0.adapters.law.adapter_down.0.weight": [6, 48]}, None),
    "hub, united": ({"config": {"architecture": "union", "configs": [{"architecture": "prefix_tuning", "prefix_length": 3, "bottleneck_size": 8}, {"architecture": "reft", "r": 1, "prefix_positions": 2, "suffix_positions": 1, "layers": "all"}]},
                     "name": "law"}, {"a": [1]}, {"method": {"kind": "PfeifferAdapter", "width": 6, "Named": "law"}}),
}


def spots(value, path=()):
    """Paths of what a JSON value holds: values, and keys as ("key", path)."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield ("key", *path, key)
            yield from spots(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from spots(inner, (*path, i))


def put(value, path, new):
    """With another value, or another key, at a path."""
    value = copy.deepcopy(value)
    if path[0] == "key":
        inner = value
        for step in path[1:-1]:
            inner = inner[step]
        inner[new] = inner.pop(path[-1])
        return value
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return value


def texts(value):
    """What becomes of a file's JSON: (what was done, text). Strings get code, values get every type."""
    for path in spots(value):
        for code in CODE:
            yield f"{path} = {code[:40]!r}", json.dumps(put(value, path, code))
        if path[0] != "key":
            text = json.dumps(put(value, path, SPOT))
            for new in VALUES:
                yield f"{path} = {new[:40]}", text.replace(json.dumps(SPOT), new)
    for text in ("", "\0", "[]", '"canary"', "null", "{", "{}", "[" * 1_000_000, '{"canary": "$(touch canary)"}', json.dumps(value)[:-3], "\ufeff" + json.dumps(value)):
        yield f"text {text[:20]!r}", text


def headers(tensors):
    """Of safetensors: names with code in them, and numbers that lie."""
    first = next(iter(tensors), None)
    if first is None:
        return
    for code in CODE + ["base_model.model.../../canary.lora_A.weight", "base_model.model.model.layers.99999999999999999999.self_attn.q_proj.lora_A.weight", "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight.", "base_model.model.", ".lora_A.weight"]:
        yield f"tensor named {code[:40]!r}", lambda e, code=code: {code if n == first else n: v for n, v in e.items()}
        yield f"tensors in {code[:40]!r}", lambda e, code=code: {n.replace("self_attn", code).replace("law", code): v for n, v in e.items()}
        yield f"a note {code[:40]!r}", lambda e, code=code: {**e, "__metadata__": {code: code, "format": code}}
        yield f"a type {code[:40]!r}", lambda e, code=code: {n: {**v, "dtype": code} for n, v in e.items()}
    for new in ([], [0], [10**12, 10**12], [-1, 4], [1] * 5000, [2**63, 2], "canary", None, {"a": 1}, [1.5]):
        yield f"a shape {str(new)[:40]}", lambda e, new=new: {n: {**v, "shape": new} if n == first else v for n, v in e.items()}
        yield f"a place {str(new)[:40]}", lambda e, new=new: {n: {**v, "data_offsets": new} if n == first else v for n, v in e.items()}


class World:
    """A folder with all that there is, and what the programs do in it."""

    def __init__(self, folder):
        self.folder, self.failures, self.cases, self.seen = folder, 0, 0, {}
        for name in ("home", "here", "tmp"):
            os.makedirs(f"{folder}/{name}")
        self.model, self.adapter, self.out = f"{folder}/model", f"{folder}/adapter", f"{folder}/out"
        subprocess.run([sys.executable, f"{HERE}/make_model.py", self.model], check=True)
        with open(f"{folder}/data.jsonl", "w") as f:
            f.writelines(json.dumps({"prompt": f"{i}?", "completion": " yes"}) + "\n" for i in range(3))
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GRAFT_")}, "HOME": f"{folder}/home", "TMPDIR": f"{folder}/tmp", "GRAFT_PROGRAMS": PROGRAMS, "GRAFT_CXX": WRAPPER, "CCACHE_DISABLE": "1", "GRAFT_TEST_ASKED": f"{folder}/{ASKED}"}
        self.listed = self.listing()

    def listing(self):
        return sorted(os.path.join(at, name) for root in (self.folder, PROGRAMS) for at, folders, names in os.walk(root) for name in folders + names if not os.path.join(at, name).startswith((self.out, self.adapter, f"{self.folder}/{ASKED}")))

    def write(self, config, tensors, notes, header=None):
        shutil.rmtree(self.adapter, ignore_errors=True)
        os.makedirs(self.adapter)
        for name, value in (("adapter_config.json", config), ("graft.json", notes)):
            if value is not None:
                with open(f"{self.adapter}/{name}", "w", encoding="latin-1" if isinstance(value, str) and "\xff" in value else "utf-8", errors="surrogatepass") as f:
                    f.write(value if isinstance(value, str) else json.dumps(value))
        safetensors(f"{self.adapter}/{'adapter_model' if 'peft_type' in str(config) else 'adapter'}.safetensors", tensors, header)

    def run(self, command, compiles=False):
        """Exit status, output, and what a compiler was asked to compile."""
        shutil.rmtree(self.out, ignore_errors=True)
        if os.path.exists(f"{self.folder}/{ASKED}"):
            shutil.rmtree(f"{self.folder}/{ASKED}")
        environment = {**self.environment, **({"GRAFT_TEST_COMPILER": COMPILER} if compiles else {})}

        def limits():
            if not compiles:
                resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
                resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

        done = subprocess.run(command, capture_output=True, env=environment, cwd=f"{self.folder}/here", preexec_fn=limits, timeout=600 if compiles else 30)
        asked = []
        if os.path.exists(f"{self.folder}/{ASKED}"):
            for name in sorted(os.listdir(f"{self.folder}/{ASKED}")):
                with open(f"{self.folder}/{ASKED}/{name}", errors="replace") as f:
                    asked.append(f.read())
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), asked

    def check(self, what, command, right):
        """One command on the adapter that is there. `right`: what it says of the adapter without anything hostile in it, or None."""
        self.cases += 1
        code, said, error, asked = self.run(command)
        wrong = []
        if self.listing() != self.listed:
            wrong.append(f"there are {set(self.listing()) ^ set(self.listed)}")
            self.listed = self.listing()
        if code not in (0, 1):
            wrong.append(f"exit status {code}")
        if code == 0 and right is not None and said != right:
            wrong.append(f"it says {said[:300]!r} where {right[:300]!r} is right")
        for source in asked:
            if (mistake := unknown(source)) is not None:
                wrong.append(f"a compiler was asked for {mistake!r}")
        if code == 1 and not asked:
            if len(error) > 8200 or any(ord(c) < 32 and c not in "\n\t" for c in error) or len(error.strip()) < 20:
                wrong.append(f"an error of {len(error)} characters: {error[:200]!r}")
            if re.search(r"vector::|basic_string|stoi|stoul|bad_alloc|bad_function|terminate|_M_range|type_error|invalid_iterator|other_error|optional", error):
                wrong.append(f"an error for nobody: {error[:300]!r}")
            if self.adapter not in error and self.model not in error:
                wrong.append(f"an error that does not say where: {error[:300]!r}")
        if wrong:
            self.failures += 1
            if self.failures <= 60:
                print(f"{what}: {os.path.basename(command[0])} {command[1] if command[0] == GRAFT else ''}: {'; '.join(wrong)}", flush=True)
        return code


def unknown(source):
    """What of a program's text is neither graft's nor a number; None if nothing is."""
    lines = source.replace("\r", "\n").split("\n")
    for i, line in enumerate(lines):
        if i > 0 and lines[i - 1] == '#line 1 "the method"' and re.fullmatch(r'[A-Z][A-Za-z0-9]*(<[A-Za-z0-9<>, "_-]*>)?', line):
            if any(int(n) > 10**6 for n in re.findall(r"\d+", re.sub(r'"[^"]*"|(Alpha|Scaling|Seed)<[^>]*>', "", line))):
                return line
        elif not re.fullmatch(r'#line 1 "the method"|#pragma once|#include <[a-z_0-9./]+>|namespace (program|hostile) \{|using namespace graft;|using Method =( [A-Za-z0-9<>:, "_-]+;)?|struct Config : graft::[A-Za-z0-9]+ \{|'
                              r'  static constexpr [a-z:A-Z_]+ [a-z_]+ = [a-z0-9_., =+-]+F?;|\};|;|using Model = graft::[A-Za-z0-9]+<Config, Method, Cpu, F32>;|constexpr const char\* method = "[A-Za-z0-9<>, \\"_-]*";|\}  // namespace (program|hostile)|'
                              r'// Generated by graft_add_model|template <class Backend, class... Policies>|using Model = graft::[A-Za-z0-9]+<Config, Method, Backend, Policies...>;|', line):
            return line[:200]
    return None


def main():
    began = time.monotonic()
    os.makedirs(PROGRAMS, exist_ok=True)
    with open(WRAPPER + ".new", "w") as f:
        f.write('#!/bin/sh\nif [ -n "$GRAFT_TEST_COMPILER" ]; then exec "$GRAFT_TEST_COMPILER" "$@"; fi\nmkdir -p "$GRAFT_TEST_ASKED"\nfor file in "$@"; do case "$file" in *.cpp) cp "${file%/*}/model.hpp" "$GRAFT_TEST_ASKED/$$.hpp";; esac; done\n'
                "echo 'error: graft: this test compiles nothing'\nexit 1\n")
    os.chmod(WRAPPER + ".new", 0o755)
    os.replace(WRAPPER + ".new", WRAPPER)
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        evaluate = [GRAFT, "eval", "--model", world.model, "--storage", "F32", "--adapter", world.adapter, "--data", f"{folder}/data.jsonl"]
        describe = [DESCRIBE, f"{world.model}/config.json", "hostile", f"{world.out}/types.hpp", "--adapter", world.adapter, "--opened"]
        commands = [[GRAFT, "generate", "--model", world.model, "--storage", "F32", "--adapter", world.adapter, "--prompt", "1?", "--new-tokens", "2"], [GRAFT, "combine", "--adapter", world.adapter, "--output", world.out],
                    [GRAFT, "merge", "--model", world.model, "--storage", "F32", "--adapter", world.adapter, "--output", world.out], [GRAFT, "gguf", "--model", world.model, "--storage", "F32", "--adapter", world.adapter, "--output", f"{world.out}.gguf"]]
        world.write(*ADAPTERS["lora"])
        code, right, error, _ = world.run(evaluate, compiles=True)
        if code != 0:
            sys.exit(f"the adapter without anything hostile in it: {error}")
        world.listed, compiled = world.listing(), time.monotonic() - began

        def examine(what, is_lora):
            world.check(what, evaluate, right if is_lora else None)
            if world.check(what, describe, None) == 0 and (mistake := unknown(open(f"{world.out}/types.hpp", errors="replace").read())) is not None:
                world.failures += 1
                print(f"{what}: graft_describe wrote {mistake!r}", flush=True)
            if rng.random() < 0.1:
                world.check(what, rng.choice(commands), None)

        for name, (config, tensors, notes) in ADAPTERS.items():
            cases = [(f"{name}: adapter_config.json: {what}", (text, tensors, notes)) for what, text in texts(config)]
            cases += [(f"{name}: graft.json: {what}", (config, tensors, text)) for what, text in (texts(notes) if notes is not None else ())]
            cases += [(f"{name}: {what}", (config, tensors, notes, header)) for what, header in headers(tensors)]
            cases = rng.sample(cases, min(len(cases), CASES or len(cases)))
            for what, files in cases:
                world.write(*files)
                examine(what, name in ("lora", "noted", "noted as text"))
        # A few through CMake, which makes types of an adapter, too.
        os.makedirs(project := f"{folder}/here/project")
        shutil.copy(DESCRIBE, f"{project}/graft_describe")
        shutil.copy(ADD_MODEL, project)
        with open(f"{project}/CMakeLists.txt", "w") as f:
            f.write(f'cmake_minimum_required(VERSION 3.25)\nproject(hostile LANGUAGES NONE)\nset(GRAFT_INCLUDE_DIR "{project}")\nfile(COPY graft_describe DESTINATION "${{CMAKE_BINARY_DIR}}")\nadd_library(graft::graft INTERFACE IMPORTED)\n'
                    f'file(TOUCH "${{CMAKE_BINARY_DIR}}/graft_describe")\nfile(COPY graft_describe.cpp DESTINATION "${{CMAKE_BINARY_DIR}}")\ninclude(graft_add_model.cmake)\ngraft_add_model(hostile "{world.model}/config.json" "{world.adapter}" OPENED)\n')
        open(f"{project}/graft_describe.cpp", "w").close()
        os.utime(f"{project}/graft_describe.cpp", (0, 0))
        world.listed = world.listing()
        for code in CODE:
            config, tensors, _ = ADAPTERS["lora"]
            for files, right in (((put(config, ("base_model_name_or_path",), code), tensors, None), 0), ((put(config, ("target_modules", 0), code), tensors, None), 1), ((config, tensors, {"method": code}), 1)):
                world.write(*files)
                done, said, error, _ = world.run(["cmake", "-S", project, "-B", world.out])
                world.cases += 1
                types = f"{world.out}/graft_models/hostile.hpp"
                mistake = unknown(open(types, errors="replace").read()) if os.path.exists(types) else None
                if world.listing() != world.listed or os.path.exists(f"{world.out}/canary") or done != right or mistake is not None or (done == 1 and "graft_add_model: " not in error):
                    world.failures += 1
                    world.listed = world.listing()
                    print(f"cmake, {code[:40]!r}: exit status {done}, {mistake}, {error[:300]}", flush=True)
        print(f"{world.cases} commands in {time.monotonic() - began - compiled:.0f} s (and {compiled:.0f} s of compiling), {world.failures} wrong")
        sys.exit(world.failures != 0)


main()
