#!/usr/bin/env python3
"""How soon a language server answers a request that the client has cancelled.

    cancel.py [--language typescript] [--rounds 100] FILE -- SERVER ARGS...

Opens FILE, and in every round replaces its whole text (so that there is much to do), asks for diagnostics, document symbols
and code actions of the new version, and takes all three back at once. Prints the time from `$/cancelRequest` to the answer,
median, 95th percentile and maximum in milliseconds, how many were answered with the error RequestCancelled, and whether each
request was answered exactly once.
"""

import argparse
import collections
import os
import pathlib
import statistics
import sys
import time

import lsp_latency

CANCELLED = -32800


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--language", default="typescript")
    parser.add_argument("--rounds", type=int, default=100)
    if "--" not in sys.argv:
        parser.error("give the server after --")
    split = sys.argv.index("--")
    args, command = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    path = pathlib.Path(args.file).absolute()
    uri, text = path.as_uri(), path.read_text(encoding="utf-8")
    server = lsp_latency.Server(command, str(path.parent))
    try:
        capabilities = lsp_latency.capabilities(pull=True)
        parameters = {"processId": os.getpid(), "rootUri": path.parent.as_uri(), "capabilities": capabilities}
        server.request("initialize", parameters)
        server.notify("initialized", {})
        document = {"uri": uri, "languageId": args.language, "version": 1, "text": text}
        server.notify("textDocument/didOpen", {"textDocument": document})
        server.request("textDocument/diagnostic", {"textDocument": {"uri": uri}}, 60)
        times, kinds = [], collections.Counter()
        answers: collections.Counter = collections.Counter()
        here = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
        asked = [
            ("textDocument/diagnostic", {}),
            ("textDocument/documentSymbol", {}),
            ("textDocument/codeAction", {"range": here, "context": {"diagnostics": []}}),
        ]
        for version in range(2, args.rounds + 2):
            changes = [{"text": f"// {version}\n{text}"}]
            server.notify(
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes},
            )
            keys = [f"{version}-{number}" for number in range(len(asked))]
            for key, (method, more) in zip(keys, asked):
                server.send({"id": key, "method": method, "params": {"textDocument": {"uri": uri}, **more}})
            time.sleep(0.005)
            sent = {}
            for key in keys:
                sent[key] = time.perf_counter()
                server.notify("$/cancelRequest", {"id": key})
            waiting = set(keys)
            while waiting:
                at, message = server.wait(lambda m: "method" not in m and m.get("id") in waiting, 30)
                key = message["id"]
                waiting.discard(key)
                answers[key] += 1
                code = message.get("error", {}).get("code")
                kinds["cancelled" if code == CANCELLED else "answered" if code is None else f"error {code}"] += 1
                if code == CANCELLED:
                    times.append((at - sent[key]) * 1e3)
            time.sleep(0.02)
        for _, message in server.drain():
            if "method" not in message:
                answers[message.get("id")] += 1
        twice = sum(1 for count in answers.values() if count != 1)
        if times:
            times.sort()
            p95 = times[min(len(times) - 1, int(len(times) * 0.95))]
            print(f"cancelled: p50 {statistics.median(times):.2f} p95 {p95:.2f} max {times[-1]:.2f} ms over {len(times)}")
        print(", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())), f"; answered twice: {twice}")
        return 1 if twice else 0
    except (lsp_latency.ServerError, OSError) as error:
        print(f"cancel.py: {command[0]}: {error}", file=sys.stderr)
        return 1
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
