#!/usr/bin/env python3
"""What Doxygen reads of a file.   usage: doxygen_filter.py FILE

Of a header: a comment on a declaration of several names is each name's; a member that bears a word of the house
(docs/words.md) and no comment of its own means what the word means; specialisations, error types, traits of one `type`
and defaulted members without a comment are left out; what stands in a folder is in the folder's topic (docs/topics.dox).
Of a page: headings get the anchors that links name."""
import fnmatch
import os
import re
import sys

SCOPE = re.compile(r"(?:^|\s|\))(struct|class|union|enum class|enum|namespace|extern \"C\")\b\s*((?:\[\[\w+\]\]\s*)?[\w:]*)")
CARE = re.compile(r"[/\"'#(\[;:{R]|\Z")
MARK = re.compile(r"//|/\*|R\"\(|[\"'(){}\[\]]")
IGNORED = ("friend", "static_assert", "public:", "private:", "protected:", "#", "template <>\nstruct")


# The first that a header's path begins with.
TOPICS = {
    "core/storage": "model", "core/quantized": "model", "core/error": "model", "models/": "model",
    "peft/contract/site": "sites", "peft/contract/places": "sites", "peft/contract/": "extending", "peft/": "methods",
    "data/": "data", "text/": "data", "train/check_": "extending", "train/optimizer.": "extending",
    "train/communicator.": "extending", "train/": "training", "serve/": "generation", "io/": "files",
    "checkpoints/": "files", "adapters/": "files", "eval/": "evaluation", "plan/check_": "extending",
    "plan/": "reports", "report/": "reports", "runtime/": "running", "": "extending",
}


def topic(path):
    inner = path.replace(os.sep, "/").split("include/graft/")[-1]
    return next(name for begin, name in TOPICS.items() if inner.startswith(begin))


def words():
    table = {}
    with open(os.path.join(HERE, "words.md"), encoding="utf-8") as page:
        for line in page:
            row = re.match(r"\| (`[^|]*`) \| (.*?) \|$", line)
            if row:
                for word in re.findall(r"`([^`]+)`", row[1]):
                    table[word] = row[2]
    return table


def skip(text, i):
    """The end of the comment, string or character literal that begins at i, or i where none does."""
    if text.startswith("//", i):
        end = text.find("\n", i)
        return len(text) if end < 0 else end
    if text.startswith("/*", i):
        return text.find("*/", i) + 2
    if text.startswith('R"(', i):
        return text.find(')"', i) + 2
    if text[i] == '"' or (text[i] == "'" and not text[i - 1].isalnum()):
        end = i + 1
        while text[end] != text[i]:
            end += 2 if text[end] == "\\" else 1
        return end + 1
    return i


def closing(text, i):
    """Behind the bracket that closes the one at i."""
    depth = 0
    while match := MARK.search(text, i):
        i = match.start()
        after = skip(text, i)
        if after > i:
            i = after
            continue
        depth += (text[i] in "({[") - (text[i] in ")}]")
        i += 1
        if depth == 0:
            return i
    return len(text)


def bare(text):
    """Without comments and heads of templates."""
    out, i = "", 0
    while match := MARK.search(text, i):
        out += text[i:match.start()]
        i = max(skip(text, match.start()), match.start() + 1)
        out += text[match.start()] if i == match.start() + 1 else " " * (i - match.start())
    out += text[i:]
    head = re.compile(r"\s*template\s*<")
    while match := head.match(out):
        depth, i = 1, match.end()
        while depth:
            depth += (out[i] == "<") - (out[i] == ">" and out[i - 1] != "-")
            i += 1
        out = " " * i + out[i:]
    return out


def top_level(text, marks):
    """Where one of these stands outside all brackets."""
    depth, places = 0, []
    for i, c in enumerate(text):
        if c in ")}]" or (c == ">" and text[i - 1] not in "-=" and depth > 0):
            depth -= 1
        if depth == 0 and c in marks:
            places.append(i)
        if c in "({[" or (c == "<" and text[i - 1] not in " <"):
            depth += 1
    return places


def names(text):
    """(name, where) of what a declaration declares."""
    if match := re.match(r"\s*using\s+(\w+)\s*=", text):
        return [(match[1], match.start(1))]
    if re.match(r"\s*(using|typedef|concept|requires\s*\{)", text):
        return []
    text = re.sub(r"\[\[\w+\]\]", lambda m: " " * len(m[0]), text)
    while match := re.match(r"\s*requires\s*\(", text):
        end = closing(text, match.end() - 1)
        while more := re.match(r"\s*(&&|\|\|)\s*\(", text[end:]):
            end = closing(text, end + more.end() - 1)
        text = " " * end + text[end:]
    equal = (top_level(text, "=") or [len(text)])[0]
    call = [i for i in top_level(text, "(") if i < equal]
    if "operator" in text[:equal + 1]:
        match = re.search(r"operator\s*(\(\)|[^\s(]+)", text)
        return [("operator" + match[1], match.start())]
    if call:
        match = re.search(r"([~\w:]+)\s*$", text[: call[0]])
        if match and "::" in match[1]:  # the body of what a class declares
            return []
        return [(match[1], match.start())] if match and match[1] not in ("decltype", "explicit", "alignas") else []
    result, begin = [], 0
    for end in top_level(text, ",") + [len(text)]:
        piece = text[begin:end]
        head = re.split(r"[={\[]", re.sub(r"<[^=]*>", lambda m: " " * len(m[0]), piece))[0]
        match = re.search(r"(\w+)\s*$", head)
        if match:
            result.append((match[1], begin + match.start(1)))
        begin = end + 1
    return result


class Header:
    def __init__(self, text, topic):
        self.text, self.topic, self.words, self.edits = text, topic, words(), []

    def comment_after(self, end):
        match = re.match(r"[ \t]*//(/<|/)?[^\n]*", self.text[end:])
        return match and match[1] == "/<" and match[0].strip()[4:].strip()

    def declaration(self, begin, end, before):
        code = bare(self.text[begin:end])
        after = self.comment_after(end + (self.text[end:end + 1] == ";"))
        said = after or before
        found = names(code)
        where = begin + len(self.text[begin:end]) - len(self.text[begin:end].lstrip())
        if not said and re.search(r"\bconstexpr [\w ]+ \w+<[^=]*>\s*=", re.split(r"(?<![=!<>])=(?!=)", code)[0] + "="):
            return self.hide(where, end + 1)
        if not said and re.search(r"=\s*(default|delete)\s*$", code):
            return self.hide(where, end + 1)
        if len(found) == 1 and not said and found[0][0] in self.words:
            self.edits.append((where, f"/** {self.words[found[0][0]]} */ "))
        if len(found) > 1:
            for i, (name, at) in enumerate(found):
                if said and i == (len(found) - 1 if after else 0):
                    continue
                meaning = said or self.words.get(name)
                if meaning:
                    self.edits.append((begin + at, f"/** {meaning} */ "))

    def hide(self, begin, end):
        self.edits += [(begin, "/** \\cond */ "), (end, " /** \\endcond */")]

    def scope(self, i, stop):
        """Statements of a class or namespace."""
        begin, before = i, ""
        while i < stop:
            if self.text.startswith("///", i) and not self.text[begin:i].strip():
                end = skip(self.text, i)
                line = self.text[i + 3:end].strip()
                before = (before + " " + line).strip() if not line.startswith("<") else before
                begin = i = end
                continue
            after = skip(self.text, i)
            if after > i:
                if not self.text[begin:i].strip():
                    begin = after
                i = after
                continue
            c = self.text[i]
            if c == "#" and not self.text[begin:i].strip():
                i = self.text.find("\n", i)
                begin, before = i, ""
            elif c in "([":
                i = closing(self.text, i)
            elif c == ";":
                self.statement(begin, i, before)
                i += 1
                begin, before = i, ""
            elif c == ":" and self.text[begin:i].strip() in ("public", "private", "protected"):
                i += 1
                begin, before = i, ""
            elif c == "{":
                end = closing(self.text, i)
                code = bare(self.text[begin:i])
                kind = SCOPE.search(code)
                if kind and not top_level(code[kind.start():].replace("==", ""), "=") and not re.search(r"\)\s*$|\bconst\s*$|noexcept", code):
                    self.compound(begin, i, end, kind, code, before)
                    following = re.match(r"\s*;", self.text[end:])
                    i = end + (following.end() if following else 0)
                    begin, before = i, ""
                elif re.match(r"\s*[;,(]", self.text[end:]) or re.search(r"=\s*$|concept|requires\s*$|[=&]\s*requires[^=]*$", code):
                    i = end
                else:
                    self.statement(begin, i, before)
                    i = end
                    begin, before = i, ""
            else:
                i = CARE.search(self.text, i + 1).start()

    def statement(self, begin, end, before):
        code = self.text[begin:end].strip()
        if code and not code.startswith(IGNORED):
            self.declaration(begin, end, before)

    def compound(self, begin, brace, end, kind, code, before):
        where = begin + len(self.text[begin:brace]) - len(self.text[begin:brace].lstrip())
        body = self.text[brace + 1:end - 1]
        simple = re.fullmatch(r"\s*(using type = [^;]*;)?\s*", body) or re.match(r"\s*template <class \w+>\s*struct error\b", body)
        special = re.match(r"\s*<", code[kind.end():])
        if kind[1] in ("struct", "class") and not before and (special or simple):
            self.hide(where, end + 1)
        elif kind[1] in ("struct", "class", "namespace", "union"):
            if not before and kind[1] != "namespace" and kind[2] in self.words:
                self.edits.append((where, f"/** {self.words[kind[2]]} */ "))
            if kind[1] == "namespace" and kind[2].startswith("graft"):
                self.edits += [(brace + 1, f" /** \\addtogroup {self.topic} \\ilinebr @{{ */"), (end - 1, "/** @} */ ")]
            self.scope(brace + 1, end - 1)

    def read(self):
        self.scope(0, len(self.text))
        text = self.text
        for at, what in sorted(self.edits, key=lambda e: -e[0]):
            text = text[:at] + what + text[at:]
        return text


def slug(title):
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower()).strip().replace(" ", "-")


def link(folder):
    """Of a page in `folder`: to a header, where Doxygen reads it; other files are named and not linked."""
    with open(os.path.join(HERE, "Doxyfile"), encoding="utf-8") as file:
        words = file.read().split()

    def to(match):
        target = os.path.relpath(os.path.join(folder, match[2]), os.path.join(HERE, "..")).replace(os.sep, "/")
        left_out = any(target.startswith(w) if w[0] == "i" else fnmatch.fnmatch(target, w) for w in words if w.startswith(("include/graft/", "*/")))
        if target.endswith((".hpp", ".h")) and os.path.isfile(os.path.join(HERE, "..", target)) and not left_out:
            return f'\\ref {target.removeprefix("include/")} "{match[1]}"'
        return match[1]

    return to


def page(text, name, folder):
    """`[a](other.md#part)` names a heading of another page, `[a](#part)` one of this."""
    text = re.sub(r"(?<!!)\[([^]`]*)\]\((?!https?:|#)((?![^)]*\.md[#)])[^)]*)\)", link(folder), text)
    text = re.sub(r"^(#{2,6}) (.+)$", lambda m: f"{m[0]} {{#{name}-{slug(m[2])}}}", text, flags=re.M)
    text = re.sub(r"\]\((?:[\w./]*/)?(\w+)\.md#([\w-]+)\)", lambda m: f"](#{m[1].lower()}-{m[2]})", text)
    return re.sub(r"\]\(#([\w-]+)\)", lambda m: m[0] if re.match(r"[a-z]+-", m[1]) and m[1].split("-")[0] in PAGES else f"](#{name}-{m[1]})", text)


HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = {"readme", "contributing", "changelog", "results"} | {f[:-3].lower() for f in os.listdir(HERE) if f.endswith(".md")}

if __name__ == "__main__":
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        content = file.read()
    stem, kind = os.path.splitext(os.path.basename(path))
    sys.stdout.write(page(content, stem.lower(), os.path.dirname(os.path.abspath(path))) if kind == ".md" else Header(content, topic(path)).read() if kind == ".hpp" else content)
