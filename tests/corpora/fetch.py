#!/usr/bin/env python3
"""Download the pinned corpora of corpora.toml into the cache, outside any repository.

    fetch.py                     everything
    fetch.py reading             whole packages for reading findings by hand
    fetch.py timing.typescript   one timing corpus (also timing.typescript-small, timing.rust, timing.training)

Prints one line per corpus: its name, its folder, files, lines and bytes of source. What is there already is not
fetched again. The cache is $SIDENOTE_CORPORA, else ~/.cache/sidenote/corpora (under $XDG_CACHE_HOME when set):

    npm/NAME-VERSION/    crates/NAME-VERSION/    timing/CORPUS/NAME-VERSION/
"""

import argparse
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
SOURCE_SUFFIXES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".rs")
BATCH = 12  # packages per `npm pack`


class FetchError(Exception):
    """A corpus could not be fetched; the message says which and why."""


def cache_root() -> pathlib.Path:
    if explicit := os.environ.get("SIDENOTE_CORPORA"):
        return pathlib.Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "sidenote" / "corpora"


def pins() -> dict:
    return tomllib.loads((HERE / "corpora.toml").read_text(encoding="utf-8"))


def corpus_names() -> list[str]:
    return ["reading", *(f"timing.{name}" for name in pins()["timing"])]


def split_spec(spec: str) -> tuple[str, str]:
    name, _, version = spec.rpartition("@")
    if not name or not version:
        raise FetchError(f"`{spec}` is not NAME@VERSION")
    return name, version


def folder_name(spec: str) -> str:
    name, version = split_spec(spec)
    return f"{name.removeprefix('@').replace('/', '-')}-{version}"


def run(command: list[str], cwd: pathlib.Path, attempts: int = 3) -> str:
    """Standard output of a registry client, tried again when the registry is slow."""
    tool = shutil.which(command[0])
    if tool is None:
        raise FetchError(f"`{command[0]}` is not installed")
    for attempt in range(1, attempts + 1):
        done = subprocess.run([tool, *command[1:]], cwd=cwd, capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout
        print(f"attempt {attempt} of `{' '.join(command[:4])} ...` failed", file=sys.stderr)
    raise FetchError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")


def unpack(archive: pathlib.Path, target: pathlib.Path) -> None:
    """Regular files only, each inside `target`; the archive's top folder is dropped."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as scratch:
        with tarfile.open(archive) as tar:
            for member in tar:
                parts = pathlib.PurePosixPath(member.name).parts[1:]
                if not member.isfile() or not parts or ".." in parts or member.name.startswith("/"):
                    continue
                out = pathlib.Path(scratch, "tree", *parts)
                out.parent.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, open(out, "wb") as sink:
                    shutil.copyfileobj(source, sink)
        os.replace(pathlib.Path(scratch, "tree"), target)


def fetch_npm(root: pathlib.Path, specs: list[str]) -> None:
    home = root / "npm"
    home.mkdir(parents=True, exist_ok=True)
    missing = [spec for spec in specs if not (home / folder_name(spec)).is_dir()]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        print(f"npm: fetching {', '.join(batch)}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=home, prefix=".pack-") as scratch:
            packed = json.loads(run(["npm", "pack", "--json", "--silent", *batch], pathlib.Path(scratch)))
            # npm 11 answers with a list, newer ones with an object keyed by package.
            entries = packed if isinstance(packed, list) else list(packed.values())
            archives = {f"{entry['name']}@{entry['version']}": entry["filename"] for entry in entries}
            for spec in batch:
                if spec not in archives:
                    raise FetchError(f"npm did not deliver {spec}, only {', '.join(archives)}")
                unpack(pathlib.Path(scratch, archives[spec]), home / folder_name(spec))


@functools.cache
def cargo_home() -> pathlib.Path:
    return pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")


def cached_crate(spec: str) -> pathlib.Path | None:
    name, version = split_spec(spec)
    return next(iter(sorted(cargo_home().glob(f"registry/cache/*/{name}-{version}.crate"))), None)


def fetch_crates(root: pathlib.Path, specs: list[str]) -> None:
    home = root / "crates"
    home.mkdir(parents=True, exist_ok=True)
    for spec in specs:
        if (home / folder_name(spec)).is_dir():
            continue
        # `cargo info` downloads the one crate it describes, without its dependencies.
        if cached_crate(spec) is None:
            print(f"cargo: fetching {spec}", file=sys.stderr)
            run(["cargo", "info", "--quiet", "--registry", "crates-io", spec], home)
        archive = cached_crate(spec)
        if archive is None:
            raise FetchError(f"cargo left no archive of {spec} under {cargo_home()}/registry/cache")
        unpack(archive, home / folder_name(spec))


def wanted(path: pathlib.Path, keep: tuple[str, ...]) -> bool:
    name = path.name
    if not name.endswith(keep) or name.endswith((".d.ts", ".d.mts", ".d.cts")):
        return False
    return "node_modules" not in path.parts


def build_timing(root: pathlib.Path, name: str, corpus: dict) -> pathlib.Path:
    """A tree with the kept sources of each package, rebuilt when the pins change."""
    specs = [("npm", spec) for spec in corpus.get("npm", [])] + [("crates", spec) for spec in corpus.get("crates", [])]
    fetch_npm(root, corpus.get("npm", []))
    fetch_crates(root, corpus.get("crates", []))
    target, stamp = root / "timing" / name, root / "timing" / f".{name}.stamp"
    digest = hashlib.sha256(json.dumps(corpus, sort_keys=True).encode()).hexdigest()
    if target.is_dir() and stamp.is_file() and stamp.read_text() == digest:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    keep = tuple(corpus["keep"])
    for kind, spec in specs:
        package = root / kind / folder_name(spec)
        for source in sorted(package.rglob("*")):
            relative = source.relative_to(package)
            if source.is_file() and wanted(relative, keep):
                out = target / folder_name(spec) / relative
                out.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, out)
    if not target.is_dir():
        raise FetchError(f"timing.{name}: no file ends in {' or '.join(keep)}")
    stamp.write_text(digest)
    return target


def measure(folder: pathlib.Path) -> dict:
    files = lines = size = 0
    for path in folder.rglob("*"):
        if path.name.endswith(SOURCE_SUFFIXES) and path.is_file():
            data = path.read_bytes()
            files, lines, size = files + 1, lines + data.count(b"\n"), size + len(data)
    return {"files": files, "lines": lines, "bytes": size}


def fetch(name: str) -> list[pathlib.Path]:
    """Fetch one corpus by name and return its folders."""
    root, known = cache_root(), pins()
    root.mkdir(parents=True, exist_ok=True)
    with open(root / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if name == "reading":
            fetch_npm(root, known["reading"]["npm"])
            fetch_crates(root, known["reading"]["crates"])
            packages = [root / "npm" / folder_name(spec) for spec in known["reading"]["npm"]]
            return packages + [root / "crates" / folder_name(spec) for spec in known["reading"]["crates"]]
        kind, _, corpus = name.partition(".")
        if kind != "timing" or corpus not in known["timing"]:
            raise FetchError(f"no corpus `{name}`; there are {', '.join(corpus_names())}")
        return [build_timing(root, corpus, known["timing"][corpus])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="*", help=f"one of {', '.join(corpus_names())}; all of them when left out")
    args = parser.parse_args()
    try:
        for name in args.corpus or corpus_names():
            for folder in fetch(name):
                size = measure(folder)
                print(f"{name}\t{folder}\t{size['files']} files\t{size['lines']} lines\t{size['bytes']} bytes", flush=True)
    except FetchError as error:
        print(f"fetch.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
