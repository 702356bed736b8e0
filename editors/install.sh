#!/bin/sh
# Installs a released Sidenote: sh install.sh [--version 0.1.0] [--to FOLDER]
# It downloads one archive and its SHA-256 from $SIDENOTE_RELEASES (a folder of releases, https:// or file://), and runs nothing of it
# before the two agree.
set -eu

version=latest
to=${SIDENOTE_INSTALL:-$HOME/.local/bin}
releases=${SIDENOTE_RELEASES:-https://github.com/sidenote-dev/sidenote/releases}
die() { echo "install.sh: $*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    --version) [ $# -ge 2 ] || die '--version needs a version'; version=$2; shift 2 ;;
    --to) [ $# -ge 2 ] || die '--to needs a folder'; to=$2; shift 2 ;;
    *) die "unknown argument \`$1\`; it takes --version and --to" ;;
  esac
done
case $(uname -s) in
  Linux) system=unknown-linux-gnu ;;
  Darwin) system=apple-darwin ;;
  *) die "there is no archive for $(uname -s): cargo install --path server/cli" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) die "there is no archive for $(uname -m): cargo install --path server/cli" ;;
esac
name=sidenote-$machine-$system
case $version in
  latest) from=$releases/latest/download ;;
  *) from=$releases/download/v${version#v} ;;
esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fetch() { curl --fail --silent --show-error --location --proto '=https,file' --output "$scratch/$1" "$from/$1" || die "cannot fetch $from/$1"; }
command -v curl > /dev/null || die 'curl is not installed'
fetch "$name.tar.gz"
fetch "$name.tar.gz.sha256"
wanted=$(cut -d ' ' -f 1 < "$scratch/$name.tar.gz.sha256")
if command -v sha256sum > /dev/null; then found=$(sha256sum "$scratch/$name.tar.gz"); else found=$(shasum -a 256 "$scratch/$name.tar.gz"); fi
[ -n "$wanted" ] && [ "$wanted" = "${found%% *}" ] || die "the archive's SHA-256 is not the published one; nothing was installed"
tar -xzf "$scratch/$name.tar.gz" -C "$scratch"
mkdir -p "$to"
install -m 755 "$scratch/$name/sidenote" "$to/sidenote"
"$to/sidenote" --version
case :$PATH: in *:"$to":*) ;; *) echo "add $to to your PATH" ;; esac
