#!/usr/bin/env python3
"""What a language server must keep up for a working day: no drift, flat memory, a quick start, calm beside a large workspace.

    endurance.py [--edits 10000] [--warm 10000] [--files 5000] [--switch 2000] [--only typing,start,workspace,idle] [--json FILE]

typing     edits typed at speed into one file: the last findings are held against a scan of the last text, the resident
           memory over the first fifth of the edits against that over the last (medians). Some edits come before those that
           are counted: a server that has just started holds what it read in one piece each, one that was worked with holds
           what was edited in many, and takes some megabytes more for it, once
start      from the start of the process to the first diagnostics of a file of 500 lines, median of ten
workspace  the same in a folder of many files, with and without diagnostics for all of them; keystrokes while the files are
           read; then a switch of branches that rewrites some, until every one has its new diagnostics
idle       processor time of a server that is left alone for ten seconds, with all of that open

Needs a release build of Sidenote, or SIDENOTE_BIN.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "rivals")]
import lsp_latency  # noqa: E402
import rivals  # noqa: E402
from lsp_latency import Server, ServerError  # noqa: E402

FLAW = "require('https').request({ host: 'x', rejectUnauthorized: false });"
TICK = os.sysconf("SC_CLK_TCK")


def function(n: int, flawed: bool) -> str:
    body = FLAW if flawed else f"const twice = input.map((x) => x * {n});"
    return f"export function part{n}(input: number[]): number {{\n  {body}\n  if (input.length > {n}) {{\n    return input[{n}] ?? 0;\n  }}\n  return input.length;\n}}\n\n"


def text(functions: int, every: int = 10) -> str:
    return "".join(function(n, n % every == 0) for n in range(functions))


def resident(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def start(binary: str, root: pathlib.Path, options=None, watched: bool = False) -> Server:
    server = Server([binary, "lsp"], str(root))
    capabilities = lsp_latency.capabilities(pull=False)
    if watched:
        capabilities["workspace"]["didChangeWatchedFiles"] = {"dynamicRegistration": True}
    capabilities["workspace"]["configuration"] = False
    folder = {"uri": root.as_uri(), "name": root.name}
    params = {
        "processId": os.getpid(),
        "rootUri": root.as_uri(),
        "workspaceFolders": [folder],
        "initializationOptions": options,
        "capabilities": capabilities,
    }
    server.request("initialize", params)
    server.notify("initialized", {})
    return server


def open_file(server: Server, path: pathlib.Path) -> None:
    document = {"uri": path.as_uri(), "languageId": "typescript", "version": 1, "text": path.read_text(encoding="utf-8")}
    server.notify("textDocument/didOpen", {"textDocument": document})


def published(server: Server, path: pathlib.Path, version: int, timeout: float = 60) -> tuple[float, list]:
    uri = path.as_uri()

    def wanted(message):
        params = message.get("params") or {}
        publishes = message.get("method") == "textDocument/publishDiagnostics"
        return publishes and params["uri"] == uri and params.get("version") == version

    at, message = server.wait(wanted, timeout)
    return at, message["params"]["diagnostics"]


def shape(found: list) -> list:
    return sorted((d["range"]["start"]["line"], d["range"]["start"]["character"], d.get("code")) for d in found)


def typing(binary: str, root: pathlib.Path, edits: int, warm: int) -> dict:
    path = root / "typed.ts"
    path.write_text(text(300), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").split("\n")
    server = start(binary, root)
    rng = random.Random(3)
    memory, began = [], time.perf_counter()
    try:
        open_file(server, path)
        published(server, path, 1)
        version, typed, seen, found = 1, 0, 1, []
        total = warm + edits
        while typed < total:
            # A statement letter by letter, now and then with a flaw, somewhere; then its end is taken away again or not.
            row = rng.randrange(1, len(lines) - 2)
            statement = FLAW if rng.random() < 0.2 else "const note = `${row} é😀` + list.map((x) => ({ x }));"
            while lines[row].startswith("export") or lines[row].strip() in ("", "}"):
                row = rng.randrange(1, len(lines) - 2)
            column = len(lines[row].encode())
            for letter in statement[: total - typed]:
                version += 1
                typed += 1
                width = len(letter.encode())
                at = {"line": row, "character": column}
                change = {"range": {"start": at, "end": at}, "text": letter}
                server.notify("textDocument/didChange", {"textDocument": {"uri": path.as_uri(), "version": version}, "contentChanges": [change]})
                lines[row] += letter
                column += width
                if typed % 20 == 0:
                    _, found = published(server, path, version)
                    seen = version
                if typed % max(1, total // 100) == 0:
                    memory.append((typed, resident(server.process.pid)))
            if rng.random() < 0.9 and typed < total:
                version += 1
                typed += 1
                span = {"start": {"line": row, "character": column - len(statement.encode())}, "end": {"line": row, "character": column}}
                server.notify("textDocument/didChange", {"textDocument": {"uri": path.as_uri(), "version": version}, "contentChanges": [{"range": span, "text": ""}]})
                lines[row] = lines[row][: len(lines[row]) - len(statement)]
        took = time.perf_counter() - began
        if seen != version:
            _, found = published(server, path, version)
        # What is broken is parsed afresh when the typing rests.
        time.sleep(3)
        for _, message in server.drain():
            params = message.get("params") or {}
            if message.get("method") == "textDocument/publishDiagnostics" and params.get("version") == version:
                found = params["diagnostics"]
    finally:
        server.stop()
    final = "\n".join(lines)
    path.write_text(final, encoding="utf-8")
    done = subprocess.run([binary, "scan", str(path), "--format", "json", "--fail-on", "never"], capture_output=True, text=True)
    split = final.split("\n")

    def column(region) -> int:
        # The report counts UTF-16 units from one, this session counted bytes.
        before = split[region["line"] - 1].encode("utf-16-le")[: (region["column"] - 1) * 2].decode("utf-16-le")
        return len(before.encode())

    scanned = sorted((f["start"]["line"] - 1, column(f["start"]), f["rule"]) for f in json.loads(done.stdout)["findings"])
    shown = [item for item in shape(found) if item[2] is not None]
    counted = [size for at, size in memory if at > warm]
    fifth = max(1, len(counted) // 5)
    early, late = statistics.median(counted[:fifth]), statistics.median(counted[-fifth:])
    return {
        "edits": version - 1,
        "edits_per_s": round((version - 1) / took),
        "findings": len(scanned),
        "equal_scan": shown == scanned,
        "memory_mb": [round(size / 1e6, 1) for _, size in memory[:: max(1, len(memory) // 20)]],
        "memory_growth_percent": round((late / early - 1) * 100, 1),
    }


def first_diagnostics(binary: str, root: pathlib.Path, path: pathlib.Path, options=None) -> tuple[float, Server]:
    server = start(binary, root, options, watched=True)
    open_file(server, path)
    at, _ = published(server, path, 1)
    return (at - server.started) * 1e3, server


def starting(binary: str, root: pathlib.Path) -> dict:
    path = root / "start.ts"
    path.write_text(text(62), encoding="utf-8")
    times = []
    for _ in range(10):
        took, server = first_diagnostics(binary, root, path)
        server.stop()
        times.append(took)
    return {"first_ms_median": round(statistics.median(times), 1), "first_ms_best": round(min(times), 1), "first_ms_worst": round(max(times), 1)}


def workspace(binary: str, root: pathlib.Path, files: int, switch: int, idle: bool) -> dict:
    folder = root / "large"
    paths = []
    for n in range(files):
        path = folder / f"d{n % 97}" / f"f{n}.ts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(20, every=7), encoding="utf-8")
        paths.append(path)
    here = paths[0]
    result: dict = {"files": files}
    every = {"diagnostics": {"scope": "workspace"}}
    alone, beside = [], []
    for _ in range(5):
        for options, times in ((None, alone), (every, beside)):
            took, server = first_diagnostics(binary, folder, here, options)
            server.stop()
            times.append(took)
    result["first_ms_open_files"] = round(statistics.median(alone), 1)
    result["first_ms_workspace"] = round(statistics.median(beside), 1)

    began = time.perf_counter()
    _, server = first_diagnostics(binary, folder, here, every)
    try:
        # Keystrokes while the files are read.
        waiting = {p.as_uri() for p in paths[1:]}

        def drain() -> None:
            for _, message in server.drain():
                if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["diagnostics"]:
                    waiting.discard(message["params"]["uri"])

        times, version = [], 1
        while waiting and time.perf_counter() - began < 300:
            version += 1
            at = {"line": 1, "character": 2}
            change = {"range": {"start": at, "end": at if version % 2 == 0 else {"line": 1, "character": 3}}, "text": " " if version % 2 == 0 else ""}
            sent = time.perf_counter()
            server.notify("textDocument/didChange", {"textDocument": {"uri": here.as_uri(), "version": version}, "contentChanges": [change]})
            while True:
                at_, message = server.inbox.get(timeout=30)
                params = message.get("params") or {}
                if message.get("method") == "textDocument/publishDiagnostics":
                    if params["diagnostics"]:
                        waiting.discard(params["uri"])
                    if params.get("version") == version:
                        times.append((at_ - sent) * 1e3)
                        break
            drain()
            time.sleep(0.02)
        result["all_read_s"] = round(time.perf_counter() - began, 2)
        result["missing"] = len(waiting)
        result["keystroke_ms_p50_meanwhile"] = round(statistics.median(times), 2)
        result["keystroke_ms_p95_meanwhile"] = round(sorted(times)[int(len(times) * 0.95)], 2)

        changed = paths[1 : switch + 1]
        waiting = {p.as_uri() for p in changed}

        def take(message: dict) -> None:
            if message.get("method") == "textDocument/publishDiagnostics" and len(message["params"]["diagnostics"]) >= 20:
                waiting.discard(message["params"]["uri"])

        for path in changed:
            path.write_text(text(20, every=1), encoding="utf-8")
        # Whoever is read while it is written has its news before it is told of, and none afterwards.
        for _, message in server.drain():
            take(message)
        result["switch_early"] = len(changed) - len(waiting)
        began = time.perf_counter()
        server.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": p.as_uri(), "type": 2} for p in changed]})
        while waiting and time.perf_counter() - began < 120:
            take(server.wait(lambda m: m.get("method") == "textDocument/publishDiagnostics", 120)[1])
        result["switch_files"] = len(changed)
        result["switch_s"] = round(time.perf_counter() - began, 2)
        if idle:
            # What waits for a rest, such as blocks to be embedded, is done by then.
            time.sleep(15)
            before = processor_seconds(server.process.pid)
            time.sleep(10)
            result["idle_cpu_s_in_10_s"] = round(processor_seconds(server.process.pid) - before, 2)
        result["memory_mb"] = round(resident(server.process.pid) / 1e6)
    finally:
        server.stop()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--warm", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--switch", type=int, default=2000)
    parser.add_argument("--only", default="typing,start,workspace,idle")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    only = set(args.only.split(","))
    binary = rivals.sidenote()
    if binary is None:
        print("sidenote: absent (no target/release/sidenote and no SIDENOTE_BIN); not measured")
        return 0
    results = {}
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name).resolve()
        if "typing" in only:
            results["typing"] = typing(str(binary), root, args.edits, args.warm)
        if "start" in only:
            results["start"] = starting(str(binary), root)
        if only & {"workspace", "idle"}:
            results["workspace"] = workspace(str(binary), root, args.files, args.switch, "idle" in only)
    for name, values in results.items():
        print(name, " ".join(f"{key}={value}" for key, value in values.items()))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ServerError, rivals.SetupError) as error:
        sys.exit(f"endurance.py: error: {error}")
