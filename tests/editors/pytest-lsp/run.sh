#!/usr/bin/env bash
# run.sh [PYTEST ARGS...]: the suite against $SIDENOTE_BIN, every session recorded and then checked by strict_lsp.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
[ -x "${SIDENOTE_BIN:-}" ] || die "set SIDENOTE_BIN to the sidenote binary (now: '${SIDENOTE_BIN:-}')"
SIDENOTE_BIN=$(realpath "$SIDENOTE_BIN")
export SIDENOTE_BIN
ensure_venv pytest-lsp "$here/requirements.txt"

sessions=$(mktemp -d)
trap 'rm -rf "$sessions"' EXIT
export LSP_TEE_DIR=$sessions PYTHONDONTWRITEBYTECODE=1
status=0
(cd "$here" && "$VENV/bin/python" -m pytest -q "$@") || status=$?

shopt -s nullglob
logs=("$sessions"/*.jsonl)
((${#logs[@]})) || die 'no session was recorded'
"$VENV/bin/python" "$here/../strict/strict_lsp.py" "${logs[@]}" > "$sessions/strict.txt" || {
  say 'the recorded sessions break the protocol:'
  grep '^ERROR' "$sessions/strict.txt" | sed "s#$sessions/##" | sed -n 1,60p
  status=1
}
say "${#logs[@]} sessions checked strictly"
exit "$status"
