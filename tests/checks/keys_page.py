#!/usr/bin/env python3
"""The table of keys on a page is the one that graft has. usage: keys_page.py GRAFT PAGE [--write]"""
import subprocess
import sys

graft, page = sys.argv[1:3]
begin, end = "<!-- keys: begin -->\n", "<!-- keys: end -->"
table = subprocess.run([graft, "inspect", "--keys"], check=True, capture_output=True, text=True).stdout + "\n"
text = open(page, encoding="utf-8").read()
before, rest = text.split(begin)
stated, behind = rest.split(end)
if "--write" in sys.argv:
    open(page, "w", encoding="utf-8").write(before + begin + table + end + behind)
elif stated != table:
    lines = set(stated.splitlines()) ^ set(table.splitlines())
    sys.exit(f"{page} has another table of keys than graft; keys_page.py GRAFT PAGE --write brings it up to date:\n" + "\n".join(sorted(lines)[:20]))
