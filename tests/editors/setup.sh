# Sourced by the editor checks: private tools under one cache folder, built once and shared by every check.

SIDENOTE_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/sidenote

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# need COMMAND HINT: stop with the hint when a command is missing.
need() { command -v "$1" > /dev/null || die "\`$1\` is not installed; $2"; }

# retry N COMMAND...: registries time out now and then.
retry() {
  local tries=$1 i
  shift
  for ((i = 1; i <= tries; i++)); do
    "$@" && return 0
    ((i == tries)) || { say "attempt $i of \`$*\` failed, trying again"; sleep $((i * 2)); }
  done
  return 1
}

# locked FILE COMMAND...: parallel tests set up one after the other.
locked() {
  local file=$1 fd status=0
  shift
  mkdir -p "$(dirname "$file")"
  exec {fd}> "$file"
  flock "$fd"
  "$@" || status=$?
  exec {fd}>&-
  return "$status"
}

# ensure_venv NAME REQUIREMENTS: sets VENV to a virtual environment with exactly these pinned requirements.
# The folder's name holds a digest of the file and of the interpreter, so a changed pin builds a new one.
ensure_venv() {
  need python3 'install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)'
  need flock 'install util-linux'
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || die "Python 3.11 or newer is needed, found $(python3 -V)"
  local digest
  digest=$( (cat "$2"; python3 -c 'import sys; print(sys.version, sys.executable)') | sha256sum | cut -c1-12)
  VENV=$SIDENOTE_CACHE/venv-$1-$digest
  [ -e "$VENV/.complete" ] || locked "$SIDENOTE_CACHE/.venv-$1.lock" build_venv "$2"
}

build_venv() {
  [ ! -e "$VENV/.complete" ] || return 0
  say "creating $VENV"
  rm -rf "$VENV"
  python3 -m venv "$VENV" >&2 || die 'python3 -m venv failed; on Debian: apt-get install python3-venv'
  retry 3 "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --retries 5 --timeout 60 \
    --requirement "$1" >&2 || die "pip could not install the packages of $1; is PyPI reachable?"
  touch "$VENV/.complete"
}

# debian_packages NAME...: installs what is missing of Debian's packages, where this user may.
debian_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get > /dev/null || die "install ${missing[*]} with your system's package manager"
  [ "$(id -u)" = 0 ] || die "run \`sudo apt-get install ${missing[*]}\`"
  locked "$SIDENOTE_CACHE/.apt.lock" apt_install "${missing[@]}"
}

apt_install() {
  say "installing $* with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  retry 3 apt-get -o DPkg::Lock::Timeout=120 update -qq >&2
  retry 3 apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" > /dev/null || die "apt-get could not install $*"
}
