#!/usr/bin/env python3
"""How a review that runs beside it changes what a keystroke takes.

    review.py MODEL.gguf FILE [--edits 30] [--pause 3.5] [--binary target/release/sidenote]

Opens FILE twice under Sidenote's server: without a model, and with MODEL as the reviewer of a user who has nothing else. The model is
entered as one that has passed its exam, whatever it is. Types blanks inside of a function, each after a pause that is long enough for
the review of the last edit to begin, and measures from didChange to publishDiagnostics. Says how often the host was at work when the
edit came: an edit for which it was not says nothing about reviews.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import lsp_latency

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = 1 / os.sysconf("SC_CLK_TCK")


def exam_version() -> str:
    """As `sidenote_model::exam::version` has it."""
    words = re.search(r"VERSION: u32 = (\d+)", (ROOT / "server/model/src/prompt.rs").read_text())
    questions = re.search(r"QUESTIONS: u32 = (\d+)", (ROOT / "server/model/src/exam.rs").read_text())
    return f"{words[1]}.{questions[1]}"


def prepare(home: pathlib.Path, binary: str, model: pathlib.Path) -> dict:
    """The environment of a user with this model alone, which has passed."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache")}
    for command in (["add", "--name", "bench", str(model)], ["use", "bench"]):
        subprocess.run([binary, "model", *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    record = {
        "version": exam_version(),
        "questions": 400,
        "auc": 0.9,
        "unlikely": 0.1,
        "precision": 0.9,
        "recall": 0.3,
        "obeyed": 0,
        "orders": 30,
        "millis": 1.0,
        "scale": [1.0, 0.0],
        "rules": {},
    }
    with open(model, "rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()
    (home / "config/sidenote/exams.json").write_text(json.dumps({name: record}))
    return environment


def host_seconds(server: int) -> float:
    """Processor time of the children of a process."""
    total = 0.0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == server:
            total += (int(fields[11]) + int(fields[12])) * TICK
    return total


def run(file: pathlib.Path, binary: str, environment: dict, edits: int, pause: float) -> tuple[list[float], int]:
    """Milliseconds of each edit, and how many came while the host was at work."""
    uri, text = file.as_uri(), file.read_text(encoding="utf-8")
    server = lsp_latency.Server([binary, "lsp"], str(file.parent), environment)
    try:
        parameters = {
            "processId": os.getpid(),
            "rootUri": file.parent.as_uri(),
            "workspaceFolders": [{"uri": file.parent.as_uri(), "name": file.parent.name}],
            "capabilities": lsp_latency.capabilities(pull=False),
        }
        server.request("initialize", parameters)
        server.notify("initialized", {})
        document = {"uri": uri, "languageId": "typescript", "version": 1, "text": text}
        server.notify("textDocument/didOpen", {"textDocument": document})

        def published(version):
            def wanted(message):
                if message.get("method") != "textDocument/publishDiagnostics" or message["params"]["uri"] != uri:
                    return False
                return message["params"].get("version") == version

            return wanted

        server.wait(published(1), 60)
        row = lsp_latency.edit_line(text.split("\n"))
        times, busy = [], 0
        for version in range(2, edits + 2):
            time.sleep(pause - 0.2)
            before = host_seconds(server.process.pid)
            time.sleep(0.2)
            busy += host_seconds(server.process.pid) - before > 0.05
            server.drain()
            # Always one more: what was reviewed once is not reviewed again.
            start = {"line": row, "character": 0}
            change = {"range": {"start": start, "end": start}, "text": " "}
            sent = time.perf_counter()
            params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
            server.notify("textDocument/didChange", params)
            at, _ = server.wait(published(version), 10)
            times.append((at - sent) * 1e3)
        return times, busy
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=lambda p: pathlib.Path(p).absolute())
    parser.add_argument("file", type=lambda p: pathlib.Path(p).absolute())
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--pause", type=float, default=3.5)
    parser.add_argument("--binary", default=str(ROOT / "target/release/sidenote"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        with_model = prepare(home, args.binary, args.model)
        without = {**with_model, "XDG_CONFIG_HOME": str(home / "none")}
        for name, environment in (("without a model", without), ("with a review", with_model)):
            times, busy = run(args.file, args.binary, environment, args.edits, args.pause)
            times.sort()
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            print(
                f"{name:<16} median {statistics.median(times):6.2f} ms, p95 {p95:6.2f}, at most {times[-1]:6.2f};"
                f" the host was at work at {busy} of {len(times)} edits"
            )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (lsp_latency.ServerError, subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"review.py: {error}")
