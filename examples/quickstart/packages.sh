# need_packages NAME…: sees to it that Debian packages are installed. Says what it installs; without root, or with
# $install empty, says what to install and stops.
need_packages() {
  local missing=() package
  for package in "$@"; do
    # pip may also come from elsewhere than Debian.
    [ "$package" = python3-pip ] && python3 -m pip --version > /dev/null 2>&1 && continue
    [ "$package" = python3 ] && command -v python3 > /dev/null && continue
    [[ $(dpkg-query -W -f '${Status}' "$package" 2> /dev/null) == *"ok installed"* ]] || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "everything is installed"
    return
  fi
  if [ -z "${install-yes}" ] || [ "$(id -u)" != 0 ]; then
    echo "these Debian packages are missing; install them and start again:" >&2
    echo "  sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
}
