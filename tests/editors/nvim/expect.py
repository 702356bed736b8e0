#!/usr/bin/env python3
"""expect.py OUT.json: is what lsp_check.lua saw right? Prints what is not; exits 1 then."""

import json
import re
import sys

seen = json.load(open(sys.argv[1], encoding="utf-8"))
wrong = []


def expect(what: str, good: bool) -> None:
    if not good:
        wrong.append(what)


def expect_finding(name: str, span: str) -> None:
    found = seen[name]
    expect(f"{name}: one finding, not {len(found)}", len(found) == 1)
    for item in found:
        expect(f"{name}: source {item['source']!r}", item["source"] == "sidenote")
        expect(f"{name}: the range covers {item['text']!r}", re.fullmatch(span, item["text"]) is not None)
        expect(f"{name}: line {item['line']}", item["line"] == 3)


expect(f"server name {seen['server']}", (seen["server"] or {}).get("name") == "sidenote")
expect_finding("typescript", r"rejectUnauthorized(: false)?|false")
expect_finding("typescript_again", r"rejectUnauthorized(: false)?|false")
expect_finding("rust", r"\.?danger_accept_invalid_certs(\(true\))?|true")
fixed = "\n".join(seen["after_fix"])
expect(f"the fix left {fixed!r}", "rejectUnauthorized: false" not in fixed and "/* é😀 */ https.request({ host: 'x'" in fixed)
suppressed = "\n".join(seen["after_suppression"])
expect(
    f"the suppression left {suppressed!r}",
    re.search(r"// sidenote: allow\(tls-verification-disabled\) -- \S", suppressed) is not None,
)
expect(f"hover says {seen['hover']!r}", "tls-verification-disabled" in json.dumps(seen["hover"]))
expect(f"exit {seen['exit']}", seen["exit"] == {"code": 0, "signal": 0})

for line in wrong:
    print("neovim:", line)
print(f"{seen['nvim']}, positions in {seen['encoding']}: {len(wrong)} wrong")
sys.exit(1 if wrong else 0)
