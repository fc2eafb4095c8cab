#!/usr/bin/env bash
# Prints apt's Translation-en list of Debian main: the long descriptions of every package. Where this machine's apt
# fetches none, a private configuration with a lists folder of its own fetches them; the system's is not touched.
set -euo pipefail
pattern='*_dists_*_main_i18n_Translation-en*'
list() { find "$1" -maxdepth 1 -name "$pattern" ! -name '*updates*' ! -name '*security*' -print -quit 2> /dev/null || true; }
found=$(list /var/lib/apt/lists)
if [ -z "$found" ]; then
  private="${GRAFT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/graft}/apt"
  mkdir -p "$private/lists/partial" "$private/cache"
  echo "fetching apt's descriptions into $private" >&2
  apt-get update -qq -o Dir::State::lists="$private/lists" -o Dir::Cache="$private/cache" -o Acquire::Languages=en \
    -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 >&2
  found=$(list "$private/lists")
fi
[ -n "$found" ] || { echo "descriptions.sh: apt has no Translation-en list; does this machine have a Debian source in /etc/apt?" >&2; exit 1; }
/usr/lib/apt/apt-helper cat-file "$found"
