#!/usr/bin/env python3
"""Keystroke-to-diagnostics latency of any stdio language server.

    lsp_latency.py [--language typescript] [--edits 200] [--kind space|typing] [--push] [--json] FILE -- SERVER ARGS...

Opens FILE, then types inside a function near its middle, one character after the previous answer, and measures from
didChange to publishDiagnostics of that version (push), or to the answer of textDocument/diagnostic (pull, where the
server offers it and --push is not given). `space` inserts and deletes a blank before a statement; `typing` writes
statements letter by letter, through every broken state on the way, where a linter that stops at a syntax error has
little to do. Prints the median, the 95th percentile and the maximum in milliseconds, the time from the start of the
process to the first diagnostics, and the peak memory.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import queue
import statistics
import subprocess
import sys
import threading
import time

TYPED = {
    "typescript": "const margin12 = compute(input.length, `${label} é`, [1, 2, 3]);",
    "rust": 'let margin12 = compute(input.len(), &format!("{label} é"), &[1, 2, 3]);',
}


class ServerError(Exception):
    """The server died or did not answer."""


class Server:
    """A stdio language server and the messages it sent, with the time each was read whole."""

    def __init__(self, command: list[str], cwd: str, env: dict | None = None):
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd, env=env
        )
        self.inbox: queue.Queue = queue.Queue()
        self._sending = threading.Lock()
        self._last_id = 0
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message: dict) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        try:
            with self._sending:
                self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                self.process.stdin.flush()
        except OSError as error:
            raise ServerError(f"the server's input is closed: {error}") from error

    def notify(self, method: str, params: dict) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, params, timeout: float = 30) -> tuple[float, dict]:
        self._last_id += 1
        key = self._last_id
        self.send({"id": key, "method": method, **({} if params is None else {"params": params})})
        return self.wait(lambda message: "method" not in message and message.get("id") == key, timeout)

    def wait(self, wanted, timeout: float) -> tuple[float, dict]:
        deadline = time.monotonic() + timeout
        while True:
            try:
                item = self.inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise ServerError(f"no answer within {timeout:g} s") from None
            if item is None:
                raise ServerError(f"the server ended with exit code {self.process.wait()}")
            if wanted(item[1]):
                return item

    def drain(self) -> list[tuple[float, dict]]:
        taken = []
        while not self.inbox.empty():
            item = self.inbox.get()
            if item is None:
                raise ServerError(f"the server ended with exit code {self.process.wait()}")
            taken.append(item)
        return taken

    def _read(self) -> None:
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"", b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not line:
                self.inbox.put(None)
                return
            message = json.loads(stream.read(length))
            read = time.perf_counter()
            if "method" in message and "id" in message:
                items = (message.get("params") or {}).get("items", [])
                configuration = message["method"] == "workspace/configuration"
                self.send({"id": message["id"], "result": [None] * len(items) if configuration else None})
            self.inbox.put((read, message))

    def peak_memory(self) -> int:
        """Peak resident bytes of the process (of a proxy, not of the daemon behind it)."""
        return peak_memory(self.process.pid)

    def stop(self) -> None:
        try:
            self.request("shutdown", None, 3)
            self.send({"method": "exit"})
            self.process.wait(3)
        except (ServerError, subprocess.TimeoutExpired):
            pass
        finally:
            self.process.kill()
            self.process.wait()


def peak_memory(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    raise ServerError(f"process {pid} has no VmHWM")


@dataclasses.dataclass
class Measurement:
    delivery: str
    sync: str
    lines: int
    diagnostics: int
    """Diagnostics of the text as opened, after the time to settle."""
    first_ms: float
    """From the start of the process to the first diagnostics, which may be a part of them."""
    edits_ms: list[float]
    missed: int
    """Edits for which no diagnostics of their version came within 5 s."""
    peak_bytes: int

    def percentile(self, fraction: float) -> float:
        ordered = sorted(self.edits_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else float("nan")

    def summary(self) -> dict:
        return {
            "delivery": self.delivery,
            "sync": self.sync,
            "lines": self.lines,
            "diagnostics": self.diagnostics,
            "first_ms": round(self.first_ms, 1),
            "p50_ms": round(statistics.median(self.edits_ms), 2) if self.edits_ms else None,
            "p95_ms": round(self.percentile(0.95), 2) if self.edits_ms else None,
            "max_ms": round(max(self.edits_ms), 2) if self.edits_ms else None,
            "edits": len(self.edits_ms) + self.missed,
            "missed": self.missed,
            "peak_mb": round(self.peak_bytes / 1e6, 1),
        }


def capabilities(pull: bool) -> dict:
    return {
        "general": {"positionEncodings": ["utf-8", "utf-16"]},
        "workspace": {
            "configuration": True,
            "workspaceFolders": True,
            "didChangeConfiguration": {"dynamicRegistration": True},
            "diagnostics": {"refreshSupport": True},
        },
        "textDocument": {
            "synchronization": {},
            "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
            **({"diagnostic": {"dynamicRegistration": True}} if pull else {}),
        },
        "window": {"workDoneProgress": True},
    }


def edit_line(lines: list[str]) -> int:
    """The first whole statement in the file's second half that stands inside a block."""
    for number in range(len(lines) // 2, len(lines)):
        line = lines[number].strip()
        aside = line.startswith(("//", "*", "use ", "pub ", "type ", "const ", "import "))
        if lines[number].startswith("  ") and line.endswith(";") and not aside:
            return number
    raise ServerError("the file has no indented statement in its second half")


def keystrokes(kind: str, count: int, language: str = "typescript"):
    """(column, deleted characters, inserted text) of each edit on one line."""
    if kind == "space":
        for number in range(count):
            yield (0, 0, " ") if number % 2 == 0 else (0, 1, "")
        return
    text = TYPED.get(language, TYPED["typescript"])
    typed = 0
    growing = True
    for _ in range(count):
        if growing:
            yield typed, 0, text[typed]
            typed += 1
            growing = typed < len(text)
        else:
            typed -= 1
            yield typed, 1, ""
            growing = typed == 0


def measure(
    file: str,
    command: list[str],
    *,
    language: str = "typescript",
    edits: int = 200,
    kind: str = "space",
    push: bool = False,
    options=None,
    settle: float = 1.0,
    env: dict | None = None,
    on_running=None,
    quiet: float = 0,
) -> Measurement:
    """Types into `file` under one server. `on_running(process)` may add to the peak memory, called at the end. A server that names no
    versions must have been `quiet` for so many seconds before the next edit, or its answer to the one before would count."""
    path = pathlib.Path(file).absolute()
    root, uri = path.parent, path.as_uri()
    text = path.read_text(encoding="utf-8")
    server = Server(command, str(root), env)
    try:
        folder = {"uri": root.as_uri(), "name": root.name}
        _, reply = server.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root.as_uri(),
                "rootPath": str(root),
                "workspaceFolders": [folder],
                "initializationOptions": options,
                "capabilities": capabilities(not push),
            },
        )
        offered = reply["result"]["capabilities"]
        pull = bool(offered.get("diagnosticProvider")) and not push
        encoding = offered.get("positionEncoding", "utf-16")
        sync = offered.get("textDocumentSync")
        whole = (sync if isinstance(sync, int) else (sync or {}).get("change")) == 1
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        server.notify("initialized", {})
        server.notify("textDocument/didOpen", {"textDocument": document})

        def published(version):
            def wanted(message):
                if message.get("method") != "textDocument/publishDiagnostics" or message["params"]["uri"] != uri:
                    return False
                return message["params"].get("version") in (None, version)

            return wanted

        def diagnostics(version, timeout):
            if pull:
                at, answer = server.request("textDocument/diagnostic", {"textDocument": {"uri": uri}}, timeout)
                if "error" in answer:
                    raise ServerError(f"textDocument/diagnostic: {answer['error']}")
                return at, answer["result"].get("items", [])
            at, message = server.wait(published(version), timeout)
            return at, message["params"]["diagnostics"]

        at, found = diagnostics(1, 60)
        first = (at - server.started) * 1e3
        time.sleep(settle)
        # A server may publish a part first: what it has said by now counts as its findings.
        for _, message in server.drain():
            if not pull and published(1)(message):
                found = message["params"]["diagnostics"]
        if pull:
            _, found = diagnostics(1, 60)

        lines = text.split("\n")
        row = edit_line(lines)
        before, line, after = "\n".join(lines[:row]), lines[row], "\n".join(lines[row + 1 :])
        times, missed = [], 0
        for version, (column, deleted, inserted) in enumerate(keystrokes(kind, edits, language), 2):
            changed = line[:column] + inserted + line[column + deleted :]
            if whole:
                change = {"text": f"{before}\n{changed}\n{after}"}
            else:
                start, end = (
                    {"line": row, "character": units(line[:at], encoding)} for at in (column, column + deleted)
                )
                change = {"range": {"start": start, "end": end}, "text": inserted}
            line = changed
            sent = time.perf_counter()
            params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}
            server.notify("textDocument/didChange", params)
            try:
                at, _ = diagnostics(version, 5)
                times.append((at - sent) * 1e3)
            except ServerError:
                if server.process.poll() is not None:
                    raise
                missed += 1
            if quiet and not pull:
                try:
                    while True:
                        server.wait(published(version), quiet)
                except ServerError:
                    if server.process.poll() is not None:
                        raise
            else:
                time.sleep(0.01)
        peak = server.peak_memory() + (on_running() if on_running else 0)
        return Measurement(
            delivery="pull" if pull else "push",
            sync="full" if whole else "incremental",
            lines=len(lines),
            diagnostics=len(found),
            first_ms=first,
            edits_ms=times,
            missed=missed,
            peak_bytes=peak,
        )
    finally:
        server.stop()


def units(text: str, encoding: str) -> int:
    return len(text.encode()) if encoding == "utf-8" else len(text.encode("utf-16-le")) // 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--language", default="typescript")
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--kind", choices=["space", "typing"], default="space")
    parser.add_argument("--push", action="store_true", help="hide that the client could pull diagnostics")
    parser.add_argument("--init", default="null", help="initializationOptions as JSON")
    parser.add_argument("--settle", type=float, default=1.0, help="seconds of rest after the first diagnostics")
    parser.add_argument("--json", action="store_true")
    if "--" not in sys.argv:
        parser.error("give the server after --")
    split = sys.argv.index("--")
    args, command = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    try:
        result = measure(
            args.file,
            command,
            language=args.language,
            edits=args.edits,
            kind=args.kind,
            push=args.push,
            options=json.loads(args.init),
            settle=args.settle,
        )
    except (ServerError, OSError) as error:
        print(f"lsp_latency.py: {command[0]}: {error}", file=sys.stderr)
        return 1
    summary = result.summary()
    if args.json:
        print(json.dumps(summary))
    else:
        print(os.path.basename(command[0]), " ".join(f"{key}={value}" for key, value in summary.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
