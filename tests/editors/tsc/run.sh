#!/usr/bin/env bash
# run.sh: `scan --fix` on a small project in TypeScript, before and after under TypeScript's own compiler. What compiled must
# compile after the safe fixes, what is only suggested must leave files that parse, and a second run must change nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
: "${SIDENOTE_BIN:?set SIDENOTE_BIN}"
need npm 'install Node.js 20 with npm'
need flock 'install util-linux'

VERSION=5.9.3
PREFIX=$SIDENOTE_CACHE/typescript-$VERSION
TSC=$PREFIX/node_modules/typescript/bin/tsc

install_typescript() {
  [ ! -e "$PREFIX/.complete" ] || return 0
  say "installing $PREFIX"
  rm -rf "$PREFIX"
  mkdir -p "$PREFIX"
  echo '{"private":true}' > "$PREFIX/package.json"
  (cd "$PREFIX" && retry 3 npm install --silent --no-audit --no-fund --ignore-scripts "typescript@$VERSION") >&2 \
    || die 'npm could not install TypeScript; is the npm registry reachable?'
  touch "$PREFIX/.complete"
}
[ -e "$PREFIX/.complete" ] || locked "$SIDENOTE_CACHE/.typescript.lock" install_typescript

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$here/project" "$scratch/project"
cd "$scratch/project"

compiles() { node "$TSC" -p . > "$scratch/tsc.log" 2>&1; }
fix() {
  local status=0
  "$SIDENOTE_BIN" scan --no-config --fix "$@" src > "$scratch/fix.log" 2>&1 || status=$?
  ((status < 2)) || { cat "$scratch/fix.log" >&2; die "scan --fix $* exited with $status"; }
}
sum() { cat src/* | sha256sum; }

compiles || { cat "$scratch/tsc.log" >&2; die 'the fixtures do not compile as they are'; }
before=$(sum)
fix
fixed=$(sed -n 's/.*fixed \([0-9]*\) findings.*/\1/p' "$scratch/fix.log" | head -1)
((${fixed:-0} >= 12)) || { cat "$scratch/fix.log" >&2; die "only ${fixed:-0} findings were fixed"; }
after=$(sum)
[ "$before" != "$after" ] || die 'nothing was written'
compiles || { cat "$scratch/tsc.log" >&2; die 'the project does not compile any more after the safe fixes'; }
fix
[ "$after" = "$(sum)" ] || die 'a second run changed something'

# Suggestions may change types; they must not break the syntax, whose errors have the numbers 1000 to 1999.
fix --unsafe-fixes
unsafe=$(sum)
[ "$after" != "$unsafe" ] || die 'no suggestion was applied'
compiles || true
if grep -E 'error TS1[0-9]{3}:' "$scratch/tsc.log" >&2; then die 'a suggestion broke the syntax'; fi
fix --unsafe-fixes
[ "$unsafe" = "$(sum)" ] || die 'a second run with suggestions changed something'
say "$fixed findings fixed, and all of it compiles"
