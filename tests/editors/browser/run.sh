#!/usr/bin/env bash
# The HTML report in a real browser: hostile names and code stay text, the page asks for nothing, filters and the map work, and
# 5,000 findings are shown in time. Screenshots are left in `target/report`.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/editors/setup.sh
debian_packages chromium
need chromium 'install it (Debian: apt-get install chromium)'
binary=$(realpath "${SIDENOTE_BIN:?}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 tests/editors/browser/project.py "$scratch/shop"

scan() { "$binary" scan --no-config --select all --quiet --fail-on never --format json --output "json=$scratch/report.json" --report "$scratch/report" --badge "$scratch/badge.svg" "$1"; }
scan "$scratch/shop"
# An earlier score, for the trend.
sed -E '0,/"score": [0-9.]+/s//"score": 1.5/' "$scratch/report.json" > "$scratch/before.json"
scan() { "$binary" scan --no-config --select all --quiet --fail-on never --format json --output "json=$scratch/report.json" --score-baseline "$scratch/before.json" --report "$scratch/report" --badge "$scratch/badge.svg" "$1"; }
scan "$scratch/shop"
first=$(sha256sum < "$scratch/report/index.html")
scan "$scratch/shop"
[ "$first" = "$(sha256sum < "$scratch/report/index.html")" ] || die 'two reports of the same code differ'
[ "$(ls "$scratch/report")" = index.html ] || die 'the report is more than one file'

# browse URL-FRAGMENT OPTIONS...: everything that is not the file itself goes to a proxy that is not there.
browse() {
  timeout 120 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --enable-logging=stderr --user-data-dir="$scratch/profile" \
    --proxy-server=127.0.0.1:9 --hide-scrollbars --virtual-time-budget=4000 "${@:2}" "file://$scratch/report/index.html$1" 2> "$scratch/browser.log"
}
browse '' --dump-dom > "$scratch/dom.html" || { cat "$scratch/browser.log" >&2; die 'the browser failed'; }
python3 tests/editors/browser/check.py "$scratch/dom.html" "$scratch/report.json" "$scratch/report/index.html" "$scratch/browser.log"
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/badge.svg"
mkdir -p target/report
browse '' --window-size=1280,2600 --screenshot="$PWD/target/report/light.png" > /dev/null
browse '?theme=dark' --window-size=1280,2600 --screenshot="$PWD/target/report/dark.png" > /dev/null
say 'the report holds'
