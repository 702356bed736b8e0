#!/usr/bin/env python3
"""A transparent stdio proxy that records a language server's session, one JSON object a message.

    LSP_TEE_LOG=session.jsonl lsp_tee.py SERVER [ARGS...]    append to one file (one session)
    LSP_TEE_DIR=sessions/     lsp_tee.py SERVER [ARGS...]    a new file for each session

Put it between any real editor and the server, then read the file with strict_lsp.py. Each line holds `dir`
("c2s", "s2c" or "end") and one of `msg` (the message), `junk` (bytes that are no LSP header), `eof`, `broken`
or `exit_code`. The proxy exits with the server's exit code.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time


def log_path() -> pathlib.Path:
    if folder := os.environ.get("LSP_TEE_DIR"):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        return pathlib.Path(folder) / f"{time.time_ns()}-{os.getpid()}.jsonl"
    if file := os.environ.get("LSP_TEE_LOG"):
        return pathlib.Path(file)
    sys.exit("lsp_tee.py: set LSP_TEE_LOG or LSP_TEE_DIR")


class Recorder:
    """Appends to the log from both directions."""

    def __init__(self, path: pathlib.Path):
        self._file = open(path, "a", buffering=1, encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, direction: str, body: bytes | None = None, **extra) -> None:
        record = {"dir": direction, **extra}
        if body is not None:
            try:
                record["msg"] = json.loads(body)
            except ValueError:
                record["junk"] = body.decode("latin1")
        with self._lock:
            self._file.write(json.dumps(record) + "\n")


def pump(recorder: Recorder, source, sink, direction: str) -> None:
    """Copies framed messages unchanged, byte for byte, until `source` ends."""
    try:
        while True:
            head, length = b"", None
            while True:
                line = source.readline()
                if not line:
                    recorder.note(direction, eof=True, junk=head.decode("latin1"))
                    return
                head += line
                if line in (b"\r\n", b"\n"):
                    break
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    length = int(value)
                elif name.strip().lower() != b"content-type":
                    recorder.note(direction, junk=line.decode("latin1"))  # such as a println! on stdout
            if length is None:
                recorder.note(direction, junk=head.decode("latin1"))
                sink.write(head)
                sink.flush()
                continue
            body = source.read(length)
            recorder.note(direction, body)
            sink.write(head + body)
            sink.flush()
    except (BrokenPipeError, ValueError, OSError) as error:
        recorder.note(direction, broken=str(error))
    finally:
        try:
            sink.close()
        except OSError:
            pass


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    recorder = Recorder(log_path())
    server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    to_server = threading.Thread(target=pump, args=(recorder, sys.stdin.buffer, server.stdin, "c2s"), daemon=True)
    to_client = threading.Thread(target=pump, args=(recorder, server.stdout, sys.stdout.buffer, "s2c"))
    to_server.start()
    to_client.start()
    code = server.wait()
    to_client.join(2)
    recorder.note("end", exit_code=code)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
