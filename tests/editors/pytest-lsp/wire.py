"""The protocol without a client library: for what a well-behaved client never sends."""

import json
import os
import pathlib
import queue
import subprocess
import threading
import time

import harness


class Wire:
    """One server process and its messages."""

    def __init__(self, cwd: pathlib.Path):
        self.process = subprocess.Popen(
            harness.server_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd
        )
        self.received: queue.Queue[dict | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"", b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not line:
                self.received.put(None)
                return
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:
                items = (message.get("params") or {}).get("items")
                self.send({"id": message["id"], "result": [None] * len(items) if items is not None else None})
            self.received.put(message)

    def send(self, message: dict) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, params=None) -> None:
        self.send({"method": method, **({} if params is None else {"params": params})})

    def ask(self, key: int, method: str, params=None) -> None:
        self.send({"id": key, "method": method, **({} if params is None else {"params": params})})

    def answer(self, key: int) -> dict:
        """The answer to request `key`; everything before it is dropped."""
        return self.answers([key])[key][0]

    def answers(self, keys, linger: float = 0.0) -> dict[int, list[dict]]:
        """The answers to these requests, waiting `linger` seconds after the last for any second one."""
        found: dict[int, list[dict]] = {key: [] for key in keys}
        deadline = time.monotonic() + harness.TIMEOUT
        while not all(found.values()):
            self._take(found, deadline)
        deadline = time.monotonic() + linger
        while time.monotonic() < deadline:
            self._take(found, deadline, required=False)
        return found

    def _take(self, found: dict[int, list[dict]], deadline: float, required: bool = True) -> None:
        missing = [key for key, got in found.items() if not got]
        try:
            message = self.received.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            assert not required, f"requests {missing} were not answered"
            return
        assert message is not None, f"the server ended its output; unanswered: {missing}"
        if "method" not in message and message.get("id") in found:
            found[message["id"]].append(message)

    def initialize(self, capabilities: dict | None = None) -> dict:
        self.ask(
            1,
            "initialize",
            {"processId": os.getpid(), "rootUri": None, "workspaceFolders": None, "capabilities": capabilities or {}},
        )
        result = self.answer(1)
        self.notify("initialized", {})
        return result["result"]

    def exit_code(self) -> int:
        return self.process.wait(harness.TIMEOUT)
