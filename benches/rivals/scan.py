#!/usr/bin/env python3
"""Scan a large body of other people's code with Sidenote and its rivals, interleaved, on the same files and cores.

    scan.py [--corpus typescript] [--rounds 5] [--threads 2] [--json FILE]

Corpora: typescript (about 675,000 lines), typescript-small (107,000), rust (1,300,000), each fetched once by
tests/corpora/fetch.py. Every tool runs in the corpus's folder, pinned to the same cores, with a fresh cache folder, and
writes machine-readable findings to a file. Prints the median wall time of the rounds, MB/s, the ratio to Sidenote,
the CPU time and the peak memory of the largest process. The tools do different work: the numbers say what a user
waits, not whose engine is better. Needs a release build of Sidenote (`cargo build --release -p sidenote`, or
SIDENOTE_BIN); when there is none the table says so and measures the others.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import rivals  # first: it puts the next one on the path
import fetch


@dataclasses.dataclass
class Run:
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int


def run_once(tool: rivals.Tool, folder: pathlib.Path, output: pathlib.Path, scratch: pathlib.Path, cores: set[int]) -> Run:
    """One run from a fresh cache folder; standard output goes to `output` unless the tool itself writes there."""
    cache = pathlib.Path(tempfile.mkdtemp(dir=scratch))
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "NO_COLOR": "1", **tool.environment}
    with open(output if str(output) not in tool.command else os.devnull, "wb") as sink, open(scratch / "err", "wb") as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            tool.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=err,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(cache)
    # 1 means findings; anything else would time a failure.
    if process.returncode not in (0, 1):
        tail = (scratch / "err").read_text(errors="replace")[-2000:]
        sys.exit(f"scan.py: {tool.name} exited with {process.returncode}:\n{tail}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode)


def table(rows: list[dict]) -> str:
    columns = ["tool", "version", "median s", "min s", "CPU s", "MB/s", "peak MB", "files", "sidenote/it"]
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in columns]
    lines = ["  ".join(name.rjust(width) for name, width in zip(columns, widths))]
    lines += ["  ".join(str(row[name]).rjust(width) for name, width in zip(columns, widths)) for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=["typescript", "typescript-small", "rust"], default="typescript")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=pathlib.Path, help="write every run here")
    args = parser.parse_args()

    (folder,) = fetch.fetch(f"timing.{args.corpus}")
    size = fetch.measure(folder)
    cores = set(sorted(os.sched_getaffinity(0))[: args.threads])
    print(
        f"{args.corpus}: {size['files']} files, {size['lines']} lines, {size['bytes'] / 1e6:.1f} MB; "
        f"{args.rounds} rounds after a warm-up, {args.threads} threads on cores {sorted(cores)}"
    )
    language = args.corpus.partition("-")[0]
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        output = scratch / "findings.json"
        tools = rivals.scanners(language, args.threads, output)
        runs: dict[str, list[Run]] = {tool.name: [] for tool in tools}
        files: dict[str, int | None] = {}
        for number in range(args.rounds + 1):
            # The order turns with the rounds, so that no tool always follows the same one.
            turn = number % len(tools)
            for tool in tools[turn:] + tools[:turn]:
                run = run_once(tool, folder, output, scratch, cores)
                if number:
                    runs[tool.name].append(run)
                else:
                    files[tool.name] = tool.files(output) if tool.files else None

    medians = {name: statistics.median(run.seconds for run in done) for name, done in runs.items()}
    ours = medians.get("sidenote")
    rows = [
        {
            "tool": tool.name,
            "version": tool.version,
            "median s": f"{medians[tool.name]:.2f}",
            "min s": f"{min(run.seconds for run in runs[tool.name]):.2f}",
            "CPU s": f"{statistics.median(run.cpu_seconds for run in runs[tool.name]):.2f}",
            "MB/s": f"{size['bytes'] / 1e6 / medians[tool.name]:.1f}",
            "peak MB": f"{max(run.peak_bytes for run in runs[tool.name]) / 1e6:.0f}",
            "files": files[tool.name] if files[tool.name] is not None else "-",
            "sidenote/it": f"{ours / medians[tool.name]:.2f}" if ours else "-",
        }
        for tool in tools
    ]
    print(table(rows))
    for tool in tools:
        if tool.note:
            print(f"{tool.name}: {tool.note}")
    if ours is None:
        print("sidenote: absent (no target/release/sidenote and no SIDENOTE_BIN); not measured")
    if args.json:
        report = {
            "corpus": args.corpus,
            "size": size,
            "threads": args.threads,
            "machine": {"system": platform.platform(), "cores": os.cpu_count()},
            "sidenote": "measured" if ours else "absent",
            "tools": {
                tool.name: {
                    "version": tool.version,
                    "note": tool.note,
                    "files": files[tool.name],
                    "median_s": medians[tool.name],
                    "runs": [dataclasses.asdict(run) for run in runs[tool.name]],
                }
                for tool in tools
            },
        }
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (rivals.SetupError, fetch.FetchError) as error:
        sys.exit(f"scan.py: error: {error}")
