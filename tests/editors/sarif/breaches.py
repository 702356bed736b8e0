#!/usr/bin/env python3
"""breaches.py FILE.sarif RESULT.sarif: what the Multitool's log says against FILE, one line each; exits 1 when anything."""

import json
import sys

file, result = sys.argv[1:]
with open(result, encoding="utf-8-sig") as stream:
    log = json.load(stream)
breaches = []
for run in log["runs"]:
    for invocation in run.get("invocations", []):
        if not invocation.get("executionSuccessful", True):
            breaches.append(f"{file}: the validator itself failed: {invocation.get('toolExecutionNotifications')}")
    rules = run["tool"]["driver"].get("rules", [])
    for item in run.get("results", []):
        region = item["locations"][0]["physicalLocation"].get("region", {})
        message = item["message"]
        text = message.get("text")
        if text is None:
            template = rules[item["ruleIndex"]]["messageStrings"][message["id"]]["text"]
            text = template.format(*message.get("arguments", []))
        at = f"{file}:{region.get('startLine')}:{region.get('startColumn')}"
        breaches.append(f"{at}: {item.get('level', 'warning')} {item['ruleId']} {text}"[:300])
for breach in breaches:
    print(breach)
print(f"{file}: {len(breaches)} breaches")
sys.exit(1 if breaches else 0)
