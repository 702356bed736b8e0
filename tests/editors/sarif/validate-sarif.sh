#!/usr/bin/env bash
# validate-sarif.sh FILE.sarif...: Microsoft's SARIF Multitool (a self-contained Linux binary from npm, no dotnet needed)
# with the format's own rules and GitHub's (GHxxxx). Prints one line per breach; exits 1 when there is one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
(($#)) || die 'give SARIF files'
need npm 'install Node.js 20 with npm'
need flock 'install util-linux'

VERSION=5.7.0
PREFIX=$SIDENOTE_CACHE/sarif-multitool-$VERSION
TOOL=$PREFIX/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool

install_multitool() {
  [ ! -e "$PREFIX/.complete" ] || return 0
  say "installing $PREFIX"
  rm -rf "$PREFIX"
  mkdir -p "$PREFIX"
  echo '{"private":true}' > "$PREFIX/package.json"
  (cd "$PREFIX" && retry 3 npm install --silent --no-audit --no-fund --ignore-scripts "@microsoft/sarif-multitool-linux@$VERSION") >&2 \
    || die 'npm could not install the SARIF Multitool; is the npm registry reachable?'
  chmod u+x "$TOOL"
  touch "$PREFIX/.complete"
}
[ -e "$PREFIX/.complete" ] || locked "$SIDENOTE_CACHE/.sarif.lock" install_multitool

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
status=0
for file in "$@"; do
  [ -r "$file" ] || die "cannot read $file"
  rm -f "$scratch/result.sarif"
  # The tool exits 0 whatever it finds, so its own log is read.
  "$TOOL" validate "$file" --rule-kind 'Sarif;Ghas' --level 'Error;Warning' --kind Fail --output "$scratch/result.sarif" \
    --log ForceOverwrite > "$scratch/log" 2>&1 || {
    say "the validator failed on $file:"
    cat "$scratch/log" >&2
    status=1
    continue
  }
  python3 "$here/breaches.py" "$file" "$scratch/result.sarif" || status=1
done
exit "$status"
