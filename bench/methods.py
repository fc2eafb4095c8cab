#!/usr/bin/env python3
"""One measured run of every method of methods.txt on the quickstart's task, and what docs/methods.md shows of them.

  bench/methods.py run GRAFT MODEL DATA_FOLDER RESULTS.jsonl [--limit N] [--only A,B]   trains each method (skips those in the file already)
  bench/methods.py table RESULTS.jsonl                                     prints a Markdown table
  bench/methods.py plot RESULTS.jsonl FILE.svg                             draws it (needs matplotlib)
  bench/methods.py write PROGRAM RESULTS.jsonl                             puts both tables into docs/methods.md; PROGRAM is bench_methods_table
  bench/methods.py check PROGRAM RESULTS.jsonl                             says whether they are the ones there
  bench/methods.py cmake                                                   prints GRAFT_CLI_METHODS for a command line that has them all

GRAFT is the command line built so. DATA_FOLDER has the quickstart's train.jsonl and heldout.jsonl."""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "docs", "methods.md")
INSTRUCTION = "Write the one-line synopsis of this software package.\n\n"


def methods():
    for line in open(os.path.join(HERE, "methods.txt"), encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            yield [part.strip() for part in line.split("|")]


def run(graft, model, data, results, limit, only):
    done = {json.loads(line)["name"] for line in open(results, encoding="utf-8")} if os.path.exists(results) else set()
    for family, name, kind, rate in methods():
        if name in done or (only and name not in only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = [graft, "train", "--method", name, "--model", model, "--data", f"{data}/train.jsonl", "--held-out", f"{data}/heldout.jsonl", "--instruction", INSTRUCTION,
                       "--limit", limit, "--rouge", "40", "--learning-rate", rate, "--output", folder]
            ended = subprocess.run(command, capture_output=True, text=True)
            if ended.returncode != 0:
                print(f"{name}: {ended.stderr.strip()[-300:]}", file=sys.stderr)
                continue
            result, cost = (json.load(open(f"{folder}/{part}.json", encoding="utf-8")) for part in ("result", "cost"))
        row = {"family": family, "name": name, "type": kind, "rate": float(rate), "loss": result["held_out_after"]["loss"], "loss_before": result["held_out_before"]["loss"],
               "rouge_l": result["held_out_after"]["rougeL"], "rouge_l_before": result["held_out_before"]["rougeL"], "trained": result["trainable_parameters"],
               "adapter_mb": result["adapter_bytes"] / 1e6, "seconds": cost["train_seconds"], "resident_mb": cost["peak_resident_bytes"] / 1e6}
        with open(results, "a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")
        print(f"{name:18} loss {row['loss']:.3f}  ROUGE-L {row['rouge_l']:.3f}  {row['seconds']:.1f} s  {row['resident_mb']:.0f} MB", flush=True)


def rows(results):
    order = [name for _, name, _, _ in methods()]
    return sorted((json.loads(line) for line in open(results, encoding="utf-8")), key=lambda row: order.index(row["name"]))


def table(results):
    first, lines = rows(results)[0], []
    lines += ["| type | learning rate | held-out loss | ROUGE-L | adapter, MB | training, s | peak resident, MB |", "|---|---|---|---|---|---|---|"]
    lines += [f"| the base | | {first['loss_before']:.3f} | {first['rouge_l_before']:.3f} | | | |"]
    lines += [f"| `{r['type']}` | {r['rate']:g} | {r['loss']:.3f} | {r['rouge_l']:.3f} | {r['adapter_mb']:.2f} | {r['seconds']:.1f} | {r['resident_mb']:.0f} |" for r in rows(results)]
    return "\n".join(lines) + "\n"


def page_with_tables(program, results):
    page = open(PAGE, encoding="utf-8").read()
    for name, text in (("methods", subprocess.run([program], capture_output=True, text=True, check=True).stdout), ("measured", table(results))):
        begin, end = f"<!-- {name} table -->\n", f"<!-- end of {name} table -->"
        page = page[:page.index(begin) + len(begin)] + text + page[page.index(end):]
    return page


def plot(results, file):
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    colours = {"reparameterisation": "#1f5fa8", "additive": "#b5541c", "soft prompts": "#3a7d44", "selective": "#6b4c9a"}
    figure, axes = plt.subplots(1, 2, figsize=(11, 5), sharey=True)
    for axis, key, label in ((axes[0], "trained", "trained parameters"), (axes[1], "seconds", "seconds of training")):
        for family, colour in colours.items():
            chosen = [r for r in rows(results) if r["family"] == family]
            axis.scatter([r[key] for r in chosen], [r["loss"] for r in chosen], s=[r["resident_mb"] / 12 for r in chosen], color=colour, alpha=0.6, label=family)
            for r in chosen:
                axis.annotate(r["name"], (r[key], r["loss"]), fontsize=7, xytext=(4, 3), textcoords="offset points")
        axis.set_xscale("log")
        axis.set_xlabel(label)
        axis.grid(alpha=0.2)
    axes[0].set_ylabel("held-out loss")
    axes[0].legend(fontsize=8)
    figure.suptitle("Every family on the quickstart's task, SmolLM2-135M; areas are peak resident memory", fontsize=10)
    figure.tight_layout()
    plt.rcParams["svg.fonttype"] = "none"
    figure.savefig(file, metadata={"Date": None})


def main(arguments):
    if len(arguments) >= 5 and arguments[0] == "run":
        option = lambda name, otherwise: arguments[arguments.index(name) + 1] if name in arguments else otherwise
        run(*arguments[1:5], option("--limit", "400"), option("--only", "").split(",") if "--only" in arguments else None)
    elif len(arguments) == 2 and arguments[0] == "table":
        print(table(arguments[1]), end="")
    elif len(arguments) == 3 and arguments[0] == "plot":
        plot(*arguments[1:])
    elif len(arguments) == 3 and arguments[0] == "write":
        page = page_with_tables(*arguments[1:])
        open(PAGE, "w", encoding="utf-8").write(page)
    elif len(arguments) == 3 and arguments[0] == "check":
        if page_with_tables(*arguments[1:]) != open(PAGE, encoding="utf-8").read():
            sys.exit(f"{PAGE} is not what the types and the measured runs say; run bench/methods.py write {' '.join(arguments[1:])}")
    elif arguments == ["cmake"]:
        print(";".join(f"{name}={kind}" for _, name, kind, _ in methods()))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
