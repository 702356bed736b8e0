#!/usr/bin/env bash
# run.sh SESSION.jsonl...: strict_lsp.py in its private environment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
ensure_venv pytest-lsp "$here/../pytest-lsp/requirements.txt"
exec "$VENV/bin/python" "$here/strict_lsp.py" "$@"
