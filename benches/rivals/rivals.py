"""The tools Sidenote is measured beside: installed from npm at pinned versions into the cache, and how each is called."""

import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WORKSPACE = HERE.parents[1]
sys.path[:0] = [str(WORKSPACE / "tests" / "corpora"), str(WORKSPACE / "benches" / "latency")]

MAX_FILE = 5 * 1024 * 1024
"""Bytes of a source file above which Sidenote skips it; Biome's own limit, lower by default, is set to the same."""


class SetupError(Exception):
    """A rival could not be installed."""


def cache_root() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "sidenote"


def install() -> pathlib.Path:
    """The node_modules folder with the pinned rivals."""
    manifest = HERE / "package.json"
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()[:12]
    home = cache_root() / f"rivals-{digest}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.parent / ".rivals.lock", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            npm = shutil.which("npm")
            if npm is None:
                raise SetupError("npm is not installed; install Node.js 20 with npm")
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            shutil.copy(manifest, home)
            print(f"installing the rivals into {home}", file=sys.stderr)
            for attempt in (1, 2, 3):
                done = subprocess.run(
                    [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"],
                    cwd=home,
                    capture_output=True,
                    text=True,
                )
                if done.returncode == 0:
                    break
            else:
                raise SetupError(f"npm install failed {attempt} times:\n{done.stderr}")
            (home / ".complete").touch()
    return home / "node_modules"


def sidenote() -> pathlib.Path | None:
    """The release binary under measurement: $SIDENOTE_BIN, else target/release/sidenote. None when absent."""
    if named := os.environ.get("SIDENOTE_BIN"):
        path = pathlib.Path(named).resolve()
        if not os.access(path, os.X_OK):
            raise SetupError(f"SIDENOTE_BIN={named} is no executable")
        return path
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or WORKSPACE / "target")
    path = target / "release" / "sidenote"
    return path if os.access(path, os.X_OK) else None


def biome_binary(modules: pathlib.Path) -> pathlib.Path:
    """The native program itself: npm's `biome` is a node script that starts it."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    return modules / "@biomejs" / f"cli-linux-{machine}" / "biome"


def ast_grep_binary(modules: pathlib.Path) -> pathlib.Path:
    machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
    return modules / "@ast-grep" / f"cli-linux-{machine}-gnu" / "ast-grep"


def version_of(command: list[str]) -> str:
    done = subprocess.run([*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    words = done.stdout.split()
    return words[-1] if words else "?"


@dataclasses.dataclass
class Tool:
    name: str
    version: str
    command: list[str]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    note: str = ""
    files: object = None
    """A function from the tool's output file to the number of files it read, where the output says."""


def oxlint_files(output: pathlib.Path) -> int | None:
    return json.loads(output.read_text(encoding="utf-8")).get("number_of_files")


def biome_files(output: pathlib.Path) -> int | None:
    summary = json.loads(output.read_text(encoding="utf-8"))["summary"]
    return summary.get("changed", 0) + summary.get("unchanged", 0)


def scanners(language: str, threads: int, output: pathlib.Path) -> list[Tool]:
    """The command of each tool over the current folder; each writes machine-readable findings, to `output` or stdout."""
    modules = install()
    tools = []
    if binary := sidenote():
        command = [str(binary), "scan", ".", "--format", "json", "--output", str(output), "--jobs", str(threads)]
        tools.append(Tool("sidenote", version_of([str(binary)]), [*command, "--fail-on", "never"]))
    ast_grep = str(ast_grep_binary(modules))
    pattern, grammar = {
        "typescript": ("rejectUnauthorized: false", "ts"),
        "rust": ("$X.danger_accept_invalid_certs(true)", "rust"),
    }[language]
    if language == "typescript":
        oxlint = [str(modules / ".bin" / "oxlint")]
        tools.append(
            Tool(
                "oxlint",
                version_of(oxlint),
                [*oxlint, "--format", "json", "--threads", str(threads), "."],
                {"RAYON_NUM_THREADS": str(threads)},
                "default rules",
                oxlint_files,
            )
        )
        biome = [str(biome_binary(modules))]
        tools.append(
            Tool(
                "biome",
                version_of(biome),
                [*biome, "lint", "--reporter=json", "--max-diagnostics=none", f"--files-max-size={MAX_FILE}", "."],
                {"RAYON_NUM_THREADS": str(threads), "BIOME_THREADS": str(threads)},
                "recommended rules",
                biome_files,
            )
        )
    tools.append(
        Tool(
            "ast-grep",
            version_of([ast_grep]),
            [ast_grep, "run", "--pattern", pattern, "--lang", grammar, "--threads", str(threads), "--json=compact", "."],
            note="one pattern: about the floor of parsing with tree-sitter",
        )
    )
    return tools
