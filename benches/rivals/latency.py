#!/usr/bin/env python3
"""Keystroke-to-diagnostics latency of Sidenote and its rivals on the same TypeScript files, in one run.

    latency.py [--lines 500,5000,20000] [--edits 100] [--kind space,typing] [--rounds 1] [--findings few]
               [--servers sidenote,oxlint,biome,typescript] [--json FILE]

The files are put together from whole functions and classes of the timing corpus, the same ones every time, each with a
finding of every server at its end. Sidenote is measured pushing and pulling, oxlint pulling, Biome pushing, as each
does with an editor that offers both. typescript-language-server pushes syntax, semantic and other findings one after another and names no version:
what it says after an edit is its answer, and the next character waits until it has been quiet for half a second. oxlint's server takes longer the more it has to report, so `--findings few`, the
default, leaves out every declaration that oxlint finds something in; `--findings all` takes them as they come. Prints one table: median, 95th percentile and maximum in milliseconds. Needs a
release build of Sidenote, or SIDENOTE_BIN; when there is none the table says so and measures the others.
"""

import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import rivals  # first: it puts the next ones on the path
import fetch
import lsp_latency

HEAD = re.compile(r"^export (?:abstract )?(?:async )?(?:function\*?|class|const) (\w+)")
SHORTEST, LONGEST = 8, 120
"""Lines of a declaration that is taken."""

# One finding for each server: `debugger` for the rivals, the rest for Sidenote.
TAIL = """
export function marginNote(): void {
  debugger;
  require('https').request({ host: 'x', rejectUnauthorized: false });
}
"""


def declarations(folder: pathlib.Path) -> list[str]:
    """Exported top-level declarations of the corpus, one for each name, in an order that is always the same."""
    found: dict[str, str] = {}
    for path in sorted(path for path in folder.rglob("*.ts") if path.is_file()):
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        start = name = None
        for number, line in enumerate(lines):
            if match := HEAD.match(line):
                start, name = number, match[1]
            elif start is not None and line.rstrip() in ("}", "};"):
                text = "\n".join(lines[start : number + 1])
                # Overloads have no body, and a default export no place in a file of many.
                if SHORTEST <= number + 1 - start <= LONGEST and text.count("\r") == 0:
                    found.setdefault(name, text)
                start = None
            elif start is not None and line and not line[0].isspace() and line[0] not in "})":
                start = None
    texts = list(found.values())
    random.Random(20).shuffle(texts)
    return texts


def without_findings(pool: list[str]) -> list[str]:
    """The declarations in which oxlint, each taken for a file, finds nothing."""
    oxlint = rivals.install() / ".bin" / "oxlint"
    with tempfile.TemporaryDirectory() as name:
        for number, text in enumerate(pool):
            pathlib.Path(name, f"{number}.ts").write_text(text, encoding="utf-8")
        done = subprocess.run([oxlint, "--format", "json", "."], cwd=name, capture_output=True, text=True)
    flagged = {int(pathlib.Path(item["filename"]).stem) for item in json.loads(done.stdout)["diagnostics"]}
    return [text for number, text in enumerate(pool) if number not in flagged]


def compose(pool: list[str], lines: int) -> str:
    taken, count = [], TAIL.count("\n")
    for text in pool:
        size = text.count("\n") + 2
        if count + size <= lines:
            taken.append(text)
            count += size
        if lines - count < SHORTEST:
            break
    else:
        raise lsp_latency.ServerError(f"the corpus gives only {count} lines of declarations, not {lines}")
    return "\n\n".join(taken) + "\n" + TAIL


def biome_daemon_memory(binary: pathlib.Path):
    """Peak memory of the daemon that `lsp-proxy` talks to; the proxy itself holds nothing."""

    def total() -> int:
        size = 0
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if command[0] == os.fsencode(binary) and b"__run_server" in command:
                    size += lsp_latency.peak_memory(int(entry.name))
            except (OSError, lsp_latency.ServerError):
                continue
        return size

    return total


def stop_biome(binary: pathlib.Path) -> None:
    subprocess.run([binary, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def servers(names: set[str]) -> list[dict]:
    modules = rivals.install()
    listed = []
    if binary := rivals.sidenote():
        listed.append({"name": "sidenote", "command": [str(binary), "lsp"], "push": True})
        listed.append({"name": "sidenote", "command": [str(binary), "lsp"], "push": False})
    listed.append({"name": "oxlint", "command": [str(modules / ".bin" / "oxlint"), "--lsp"], "push": False})
    biome = rivals.biome_binary(modules)
    listed.append({"name": "biome", "command": [str(biome), "lsp-proxy"], "push": True, "biome": biome})
    listed.append({"name": "typescript", "command": [str(modules / ".bin" / "typescript-language-server"), "--stdio"], "push": True, "quiet": 0.5})
    return [server for server in listed if server["name"] in names]


def measure(server: dict, file: pathlib.Path, kind: str, edits: int) -> dict:
    biome = server.get("biome")
    if biome:
        stop_biome(biome)
    try:
        result = lsp_latency.measure(
            str(file),
            server["command"],
            edits=edits,
            kind=kind,
            push=server["push"],
            quiet=server.get("quiet", 0),
            on_running=biome_daemon_memory(biome) if biome else None,
        )
        return {**result.summary(), "all_ms": [round(value, 3) for value in result.edits_ms]}
    except lsp_latency.ServerError as error:
        return {"delivery": "push" if server["push"] else "pull", "error": str(error)}
    finally:
        if biome:
            stop_biome(biome)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", default="500,5000,20000")
    parser.add_argument("--kind", default="space,typing")
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--findings", choices=["few", "all"], default="few")
    parser.add_argument("--servers", default="sidenote,oxlint,biome,typescript")
    parser.add_argument("--json", type=pathlib.Path, help="write every time here")
    args = parser.parse_args()
    kinds = args.kind.split(",")
    if set(kinds) - {"space", "typing"}:
        parser.error("--kind takes space, typing or both")

    (corpus,) = fetch.fetch("timing.typescript")
    pool = declarations(corpus)
    if args.findings == "few":
        pool = without_findings(pool)
    listed, results = servers(set(args.servers.split(","))), []
    columns = ["lines", "kind", "server", "delivery", "sync", "diags", "first", "p50", "p95", "max ms", "missed", "MB"]
    widths = [6, 7, 10, 8, 11, 6, 7, 8, 8, 8, 7, 6]
    print("  ".join(name.rjust(width) for name, width in zip(columns, widths)))
    for lines in (int(text) for text in args.lines.split(",")):
        # Each file in a project of its own, so that nothing else is read or watched.
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name, "report.ts")
            file.write_text(compose(pool, lines), encoding="utf-8")
            for kind in kinds:
                for number in range(args.rounds):
                    for server in listed:
                        got = measure(server, file, kind, args.edits)
                        results.append({"server": server["name"], "size": lines, "kind": kind, "round": number, **got})
                        cells = [lines, kind, server["name"], got["delivery"]]
                        if "error" in got:
                            print("  ".join(str(cell).rjust(width) for cell, width in zip(cells, widths)), got["error"])
                            continue
                        cells += [got["sync"], got["diagnostics"], got["first_ms"], got["p50_ms"], got["p95_ms"]]
                        cells += [got["max_ms"], got["missed"], got["peak_mb"]]
                        print("  ".join(str(cell).rjust(width) for cell, width in zip(cells, widths)), flush=True)
    if not any(result["server"] == "sidenote" for result in results):
        print("sidenote: absent (no target/release/sidenote and no SIDENOTE_BIN); not measured")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (rivals.SetupError, fetch.FetchError, lsp_latency.ServerError) as error:
        sys.exit(f"latency.py: error: {error}")
