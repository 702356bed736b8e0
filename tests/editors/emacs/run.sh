#!/usr/bin/env bash
# run.sh: Debian's Emacs with eglot, set up by the documented snippet, against $SIDENOTE_BIN; the session is recorded and then
# checked by strict_lsp.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
[ -x "${SIDENOTE_BIN:-}" ] || die "set SIDENOTE_BIN to the sidenote binary (now: '${SIDENOTE_BIN:-}')"
server=$(realpath "$SIDENOTE_BIN")
debian_packages emacs-nox elpa-eglot

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/project" "$scratch/home"
cat > "$scratch/project/report.js" << 'END'
const https = require('https');

function fetchReport() {
  /* é😀 */ https.request({ host: 'x', rejectUnauthorized: false });
}

module.exports = { fetchReport };
END
status=0
HOME=$scratch/home LC_ALL=C.UTF-8 LSP_TEE_LOG=$scratch/session.jsonl timeout 90 emacs --batch -Q -l "$here/eglot-check.el" \
  "$scratch/project" "$here/../../../editors/emacs/sidenote-eglot.el" "$scratch/out.json" \
  python3 "$here/../strict/lsp_tee.py" "$server" lsp > "$scratch/emacs.log" 2>&1 || status=$?
if ((status)); then
  say "Emacs ended with exit code $status:"
  tail -n 30 "$scratch/emacs.log" >&2
else
  python3 - "$scratch/out.json" << 'END' || status=1
import json, sys
seen = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = []
for name in ("first", "again"):
    found = seen[name]
    if [(f["text"], f["line"]) for f in found] != [("rejectUnauthorized: false", 4)]:
        wrong.append(f"{name}: {found}")
if seen["server"].get("name") != "sidenote":
    wrong.append(f"server {seen['server']}")
if "/* é😀 */ https.request({ host: 'x', rejectUnauthorized: true });" not in seen["fixed"]:
    wrong.append(f"the fix left {seen['fixed']!r}")
if not any(title.startswith("Allow ") for title in seen["actions"]):
    wrong.append(f"actions {seen['actions']}")
for line in wrong:
    print("emacs:", line)
print(f"Emacs {seen['emacs']}: {len(wrong)} wrong")
sys.exit(bool(wrong))
END
fi
bash "$here/../strict/run.sh" "$scratch/session.jsonl" | sed "s#$scratch/##" || status=1
exit "$status"
