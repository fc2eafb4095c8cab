#!/usr/bin/env python3
"""Checks that keep the house in order. usage: house.py CHECK SOURCE_FOLDER     CHECK: one of those at the end"""
import os
import re
import shutil
import statistics
import subprocess
import sys

FLOORS = ["core", "data", "backend", "autodiff", "layers", "peft", "models", "checkpoints", "adapters", "train", "plan", "eval", "runtime", "report"]
# Beside the tower of floors: what a folder may include, and who may include it.
LEVEL = {name: i for i, name in enumerate(FLOORS)}
LEVEL["serve"] = LEVEL["eval"]
LEVEL["data"] = 0.3  # what is said of texts before any backend sees them
LEVEL["io"] = LEVEL["text"] = LEVEL["linalg"] = 0.5  # side towers: any floor above may lean on them

TOWERS = {"io": ("io", "core"), "text": ("text", "core", "data", "io"), "linalg": ("linalg", "core")}


def headers(root):
    base = os.path.join(root, "include", "graft")
    for folder, _, files in os.walk(base):
        for file in files:
            path = os.path.join(folder, file)
            yield os.path.relpath(path, base), path


def floor_of(name):
    return name.split("/")[0] if "/" in name else None


def floors(root):
    errors = []
    for name, path in headers(root):
        here = floor_of(name)
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not include:
                continue
            target = include[1]
            where = f"include/graft/{name}:{number}"
            if target.startswith("Eigen/") and not name.startswith(("backend/eigen/", "linalg/")):
                errors.append(f"{where}: only backend/eigen and linalg include Eigen")
            if target.startswith("xsimd/") and not name.startswith("backend/xsimd/"):
                errors.append(f"{where}: only backend/xsimd includes xsimd")
            if not target.startswith("graft/") or here is None:
                continue
            inner = target[len("graft/"):]
            there = floor_of(inner)
            if there is None:
                if name != "graft.hpp":
                    errors.append(f"{where}: {target} is a door, for users; include the header itself")
                continue
            if here in TOWERS and there not in TOWERS[here]:
                errors.append(f"{where}: the tower {here} stands on {', '.join(TOWERS[here][1:])}, not on {there}")
            elif LEVEL[there] > LEVEL[here]:
                errors.append(f"{where}: an include goes down, never up from {here} to {there}")
    return errors


def budgets(root):
    errors = []
    lengths = {name: sum(1 for _ in open(path, encoding="utf-8")) for name, path in headers(root)}
    for name, length in lengths.items():
        if length > 500:
            errors.append(f"include/graft/{name}: {length} lines; no header is longer than 500")
    median = statistics.median(lengths.values())
    if median > 120:
        errors.append(f"the median header has {median} lines; the budget is 120")
    macros = {}
    for name, path in headers(root):
        for define in re.findall(r"^\s*#\s*define\s+(\w+)", open(path, encoding="utf-8").read(), re.M):
            macros.setdefault(define, name)
    for macro, name in macros.items():
        if name != "core/config.hpp":
            errors.append(f"include/graft/{name}: defines {macro}; macros live in core/config.hpp")
        if not macro.startswith("GRAFT_") and macro != "PCRE2_CODE_UNIT_WIDTH":  # PCRE2's own, set for it
            errors.append(f"{macro} does not start with GRAFT_")
    if len(macros) > 15:
        errors.append(f"{len(macros)} macros; the budget is 15")
    for name, path in headers(root):
        if re.search(r"^\s*#\s*include\s*<(iostream|ranges|random|regex)>", open(path, encoding="utf-8").read(), re.M):
            errors.append(f"include/graft/{name}: iostream, ranges, random and regex cost too much compile time")
    print(f"{len(lengths)} headers, median {median:.0f} lines, longest {max(lengths.values())}, {len(macros)} macros")
    return errors


def format(root):
    """Lines of at most 120 columns, as the committed .clang-format lays them (where there is clang-format 19, which Debian 12 has)."""
    errors, sources = [], []
    for tree in ("include", "cmake", "examples", "tests", "bench"):
        for folder, _, files in os.walk(os.path.join(root, tree)):
            sources += [os.path.join(folder, f) for f in files if f.endswith((".hpp", ".cpp", ".h"))]
    for path in sorted(sources):
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            if len(line.rstrip("\n")) > 120 and 'R"(' not in line and "// expect: " not in line:
                errors.append(f"{os.path.relpath(path, root)}:{number}: {len(line) - 1} columns; the budget is 120")
    tools = [t for t in map(shutil.which, ("clang-format-19", "clang-format")) if t]
    tool = next((t for t in tools if " 19." in subprocess.run([t, "--version"], capture_output=True, text=True).stdout), None)
    if tool is None:
        print(f"{len(sources)} files; clang-format 19 is not here, so only their width was looked at")
        return errors
    run = subprocess.run([tool, "--dry-run", "-Werror", *sources], capture_output=True, text=True, cwd=root)
    laid = sorted({os.path.relpath(m, root) for m in re.findall(r"^(.*?):\d+:\d+: error: ", run.stderr, re.M)})
    print(f"{len(sources)} files, {len(laid)} of them not as clang-format lays them")
    return errors + [f"{name}: clang-format 19 lays it out otherwise: clang-format-19 -i {name}" for name in laid]


def twins(root):
    """Each compile-fail case has a twin that compiles and a message that exists in the headers."""
    errors = []
    folder = os.path.join(root, "tests", "compile_fail")
    text = re.sub(r'"\s*\n\s*"', "", "".join(open(path, encoding="utf-8").read() for _, path in headers(root)))
    for case in sorted(f for f in os.listdir(folder) if f.endswith(".cpp")):
        source = open(os.path.join(folder, case), encoding="utf-8").read()
        expected = re.search(r"// expect: (.*)", source)
        if not expected:
            errors.append(f"tests/compile_fail/{case}: no line '// expect: ...'")
        elif expected[1] not in text:
            errors.append(f"tests/compile_fail/{case}: no header says \"{expected[1]}\"")
        if "#if defined(MISTAKE)" not in source or "#else" not in source:
            errors.append(f"tests/compile_fail/{case}: the mistake needs a twin that compiles (#if defined(MISTAKE) ... #else ...)")
    return errors


def snippets(root):
    """Code blocks in README and docs that name an example ("<!-- example: FILE -->") are regions of that example."""
    errors = []
    count = 0
    pages = [os.path.join(root, "README.md")]
    for folder, _, files in os.walk(os.path.join(root, "docs")):
        pages += [os.path.join(folder, f) for f in files if f.endswith(".md")]
    for page in pages:
        text = open(page, encoding="utf-8").read()
        name = os.path.relpath(page, root)
        for block in re.finditer(r"(<!-- example: (\S+) -->\n)?```cpp\n(.*?)```", text, re.S):
            count += 1
            if not block[1]:
                errors.append(f"{name}: a C++ snippet that belongs to no compiled example")
                continue
            source = open(os.path.join(root, block[2]), encoding="utf-8").read()
            squeeze = lambda code: [line.strip() for line in code.split("\n") if line.strip()]
            wanted, have = squeeze(block[3]), squeeze(source)
            if not any(have[i:i + len(wanted)] == wanted for i in range(len(have))):
                errors.append(f"{name}: the snippet is not in {block[2]}")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)):
            if not os.path.exists(os.path.join(os.path.dirname(page), link)):
                errors.append(f"{name}: the link {link} leads nowhere")
    print(f"{len(pages)} pages, {count} snippets")
    return errors


def statements(text):
    """Lines, each with those that its brackets go on over: (number, text)."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        whole, more = line, i + 1
        if i > 0 and lines[i - 1].startswith("concept "):
            continue  # goes on there
        while "requires" in line and whole.count("{") > whole.count("}") and more < min(i + 6, len(lines)):
            whole, more = whole + " " + lines[more].strip(), more + 1
        yield i + 1, whole


def contract(root):
    """Nobody looks whether a method, a layer that it made, a config, a family or a model has a member: methods and layers
    say it in `offers` (peft/contract/), the rest have a default (models/parts/) or a named concept."""
    errors, others = [], []
    asked = re.compile(r"(?:if constexpr \(|= |\|\| |&& |!|return |\? )requires ?(?:\([^)]*\) ?)?\{([^}]*)\}")
    of_methods = re.compile(r"\b(?:layer|weights|method|Method|M|L|norm|head|shared|prompt|token_embedding)\b(?:\.|::|\()")
    # Backends ask storages and weights, and know no configs; a lone layer is trained without a model.
    elsewhere = ("backend/", "train/learning_rate.hpp")
    of_configs = re.compile(r"\brequires ?\{ ?(?:typename )?(?:C|Config|Family|Model)::[^}]*\}")
    for name, path in headers(root):
        if name.startswith("peft/contract/"):
            continue
        text = open(path, encoding="utf-8").read()
        for number, line in statements(text):
            if re.search(r"^\s*requires requires|\? \d|, requires", line) and of_configs.search(line) and not name.startswith(elsewhere):
                others.append(f"{name}:{number}")
            if re.match(r"\s*(?:concept |template|///|requires)", line):
                continue
            for body in asked.findall(line):
                if of_methods.search(body):
                    errors.append(f"include/graft/{name}:{number}: asks whether there is \"{body.strip()}\"; a method or layer offers it (peft/contract/offers.hpp)")
                elif not name.startswith(elsewhere):
                    others.append(f"{name}:{number}")
    print(f"probes of methods and their layers outside peft/contract: {len(errors)}; of configs, families and models: {len(others)}")
    errors += [f"include/graft/{place}: asks a config, a family or a model whether it has a member; give it a default (models/parts/stack_config.hpp, "
               "family_defaults.hpp, model.hpp), or the question a name" for place in others]
    puts = re.compile(r"\b(?!placed)\w+\.(?:source_)?keys_ahead \+?=(?!=)|::vocabulary \+ i\b")
    rules = [name for name, path in headers(root) if any(puts.search(line) for line in open(path, encoding="utf-8"))]
    print(f"headers that put prompts or prefixes before a text: {len(rules)}")
    errors += [f"include/graft/{name}: puts a prompt or a prefix before a text; data/ahead.hpp does" for name in rules if name != "data/ahead.hpp"]
    return errors


def kernels(root):
    """The list of kernels (backend/kernels/) is what the host has, and what the judge of backends compares."""
    folder = os.path.join(root, "include", "graft", "backend")
    text = lambda sub: "".join(open(os.path.join(folder, sub, f), encoding="utf-8").read() for f in sorted(os.listdir(os.path.join(folder, sub))))
    listed = set()
    for body in re.findall(r"^concept \w+ =.*?\) \{\n(.*?)^ *\};", text("kernels"), re.M | re.S):
        listed |= set(re.findall(r"^\s+(\w+)\(", body, re.M))
    host = set(re.findall(r"^(?:inline |constexpr )?(?:void|Index) (\w+)\([^;{]*?\breference\)\s*\{", text("host"), re.M))
    judged = set(re.findall(r"\b(\w+)\(", text("check")))
    errors = [f"backend/host: {k} is a kernel that backend/kernels/ does not list" for k in sorted(host - listed)]
    errors += [f"backend/kernels: {k} is listed, and backend/host/ has none" for k in sorted(listed - host)]
    errors += [f"backend/check: nothing compares {k}" for k in sorted(listed - judged - {"row_alignment"})]
    print(f"{len(listed)} kernels")
    return errors


def families(root):
    """What differs from family to family is in a family's description (checkpoints/families/) and its types (models/families/)."""
    errors, folder = [], os.path.join(root, "include", "graft", "checkpoints", "families")
    described = "".join(open(os.path.join(folder, f), encoding="utf-8").read() for f in sorted(os.listdir(folder)))
    names = re.findall(r'\.name = "(\w+)"', described)
    named = re.compile(r"(?<![\w-])(?:" + "|".join(names) + r")(?![\w-]|\.cpp)")
    # GGUF names kinds of tokenizers, and AdapterHub first values, after models that have them.
    others = {"text/tokenizers/tokenizer_gguf.hpp": r"\bkinds\[\]|\{\"gpt2\", Kind|\bis\(\{", "peft/bottleneck/adapter.hpp": r'"init_weights"'}
    sources = [("include/graft/" + name, path) for name, path in headers(root) if not re.match(r"(?:checkpoints|models)/families/", name)]
    cli = os.path.join(root, "examples", "cli")
    sources += [("examples/cli/" + f, os.path.join(cli, f)) for f in sorted(os.listdir(cli)) if f.endswith((".cpp", ".hpp"))]
    for name, path in sources:
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            code = re.sub(r'("(?:[^"\\]|\\.)*")|//.*', lambda m: m[1] or "", line)
            exempt = others.get(name.removeprefix("include/graft/"))
            if exempt and re.search(exempt, code):
                continue
            for text in re.findall(r'"(?:[^"\\]|\\.)*"', code):
                for family in named.findall(text):
                    errors.append(f"{name}:{number}: names the family {family}; its description says what is particular to it (checkpoints/families/)")
            if re.search(r"\bfamily(?:_|\(\))?\.?(?:name)? ?[!=]= ?\"|\bfamily(?:_|\(\))?\.(?:starts|ends)_with\(", code):
                errors.append(f"{name}:{number}: asks for a family by its name")
    print(f"{len(names)} families; family names outside their descriptors: {len(errors)}")
    return errors


# Headers whose behaviour another header's suite, or a test of whole runs, exercises: the test, and why. A name that
# ends with / is a whole room.
COVERED = {
    "backend/host/": ("backend_check_", "the judge compares every kernel with these; the check `kernels` holds the lists equal"),
    "backend/eigen/": ("backend_check_", "kernels, which the judge compares with the reference, room by room"),
    "backend/xsimd/": ("backend_check_", "kernels, which the judge compares with the reference, room by room"),
    "backend/check/": ("backend_check_", "each room of the judge is a suite of its own, and is judged by a backend that errs"),
}


def behaviour(text):
    """Names of what a header computes: functions whose body is more than one value, named and returned."""
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.S)
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|^\s*#[^\n]*', lambda m: '""' if m[0][0] == '"' else "", text, flags=re.S | re.M)
    words = "if|for|while|switch|catch|requires|return|decltype|sizeof|constexpr|alignas|noexcept|static_assert"
    function = re.compile(rf"\b(?!(?:{words})\b)(operator\W{{1,3}}|\w+) ?\((?:[^;{{}}]|{{}})*\)[^;{{}}=]*(?::[^;]*?)?\s*{{([^{{}}]*)([{{}}])")
    return [m[1] for m in function.finditer(text) if m[3] == "{" or not re.fullmatch(r"|return [\w.:<>&*-]*;", m[2].strip())]


def mirrors(root):
    """A header with behaviour has a test suite with cases in it that is named as its path."""
    suites, errors, alone, covered = set(), [], [], []
    for folder, _, files in os.walk(os.path.join(root, "tests")):
        for file in files:
            if file.endswith(".cpp"):
                text = open(os.path.join(folder, file), encoding="utf-8").read()
                for suite in re.split(r"^BOOST_AUTO_TEST_SUITE\(", text, flags=re.M)[1:]:
                    if re.search(r"^BOOST_(AUTO|FIXTURE|DATA)_TEST_CASE", suite, re.M):
                        suites.add(re.match(r"\w+", suite)[0])
    tests = open(os.path.join(root, "tests", "CMakeLists.txt"), encoding="utf-8").read()
    named = suites | set(re.findall(r"add_test\(NAME (\w+)", tests))
    count = 0
    for name, path in sorted(headers(root)):
        if "/" not in name or not behaviour(open(path, encoding="utf-8").read()):
            continue
        count += 1
        if name.removesuffix(".hpp").replace("/", "_") in suites:
            continue
        test = next((where for of, (where, _) in COVERED.items() if name == of or of.endswith("/") and name.startswith(of)), None)
        if test is None:
            alone.append(name)
        elif test in named or test.endswith("_") and any(s.startswith(test) for s in suites):
            covered.append(name)
        else:
            errors.append(f"include/graft/{name}: there is no test {test}")
    known = [name for name, _ in headers(root)]
    errors += [f"tests/checks/house.py: there is no {of}" for of in COVERED if not any(name.startswith(of) for name in known)]
    print(f"headers with behaviour: {count}; covered by another's test: {len(covered)}; headers without a mirror: {len(alone)}")
    return errors + [f"include/graft/{name}: no suite {name.removesuffix('.hpp').replace('/', '_')}" for name in alone]


def main():
    check, root = sys.argv[1:]
    checks = [floors, budgets, format, twins, snippets, contract, families, kernels, mirrors]
    errors = {c.__name__: c for c in checks}[check](root)
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


main()
