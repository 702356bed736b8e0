#!/usr/bin/env python3
"""Do fingerprints survive refactorings? Random ones are made to files with findings, and the findings counted that keep theirs.

    refactor.py --count 200 --seed 1                  over the reading corpora (fetch.py gets them)
    refactor.py --count 40 --seed 1 FOLDER...         over folders
    refactor.py --prettier NODE_MODULES ...           reformat TypeScript and JavaScript by Prettier, found there

A refactoring is one of: lines inserted between functions; functions moved; a local of another function than the findings' renamed; the
file reformatted (Prettier or, without it, this script's own indentation and line breaks for TypeScript and JavaScript, rustfmt for Rust),
with random options. A finding that is gone because the refactoring changed what it is about would count as lost: none of these may do that.
Exits with 1 below --least percent. The binary is $SIDENOTE_BIN, else target/release/sidenote, else target/debug/sidenote.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = {".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs"}
MOST = 120_000  # bytes of a file: larger ones take long and say no more
FUNCTION = re.compile(r"^(?:export )?(?:default )?(?:async )?function\*? (\w+)\b|^(?:pub(?:\([a-z]+\))? )?(?:const |async |unsafe )*fn (\w+)\b")


def binary():
    if named := os.environ.get("SIDENOTE_BIN"):
        return str(ROOT / named)
    return str(next(p for p in (ROOT / "target/release/sidenote", ROOT / "target/debug/sidenote") if p.is_file()))


def scan(root, path, text):
    """The findings of one file with this text: (rule, fingerprint, line)."""
    command = [binary(), "scan", "--no-config", "-q", "-f", "json", "--select", "all", "--fail-on", "never", "--stdin-filename", str(root / path)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd=root, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{path}: {done.stderr.decode()}")
    report = json.loads(done.stdout)
    return [(f["rule"], f["fingerprint"], f["start"]["line"]) for f in report["findings"]], len(report["gaps"])


def functions(lines):
    """The functions at the outermost level: (first line, line behind the last, name), with the remarks above them."""
    found, at = [], 0
    while at < len(lines):
        match = FUNCTION.match(lines[at])
        end = next((n for n in range(at + 1, len(lines)) if lines[n].rstrip() in ("}", "};")), None) if match else None
        # What begins at the left margin before the end is something else: a template's text, or another function.
        if match and end and not any(lines[n][:1].strip() for n in range(at + 1, end) if lines[n][:1] not in ("", "\n", ")", "}", "/", "{") and not lines[n].startswith("where")):
            start = at
            while start > 0 and re.match(r"(///?|/\*\*| \*|#\[)", lines[start - 1]):
                start -= 1
            found.append((start, end + 1, match.group(1) or match.group(2)))
            at = end
        at += 1
    return found


def insert(rng, lines, _):
    """Lines between functions, and at the head of the file."""
    places = [0, *(start for start, _, _ in functions(lines))]
    out = list(lines)
    for place in sorted(rng.sample(places, min(len(places), rng.randint(1, 4))), reverse=True):
        if place == 0 and lines and lines[0].startswith(("#!", "#![", "//!", "'use", '"use')):
            continue
        out[place:place] = [f"// {rng.choice(['A remark', 'Moved here', 'TODO'])} {rng.randint(1, 999)}\n"] * rng.randint(1, 3) + ["\n"] * rng.randint(0, 4)
    return out


def move(rng, lines, _):
    """Two functions change places, at most a dozen times."""
    out = list(lines)
    for _ in range(rng.randint(1, 12)):
        found = functions(out)
        if len(found) < 2:
            return None
        (a, b, _), (c, d, _) = sorted(rng.sample(found, 2))
        out = out[:a] + out[c:d] + out[b:c] + out[a:b] + out[d:]
    return out


def rename(rng, lines, findings):
    """A local gets another name, in a function without findings."""
    free = [(a, b) for a, b, _ in functions(lines) if not any(a < line <= b for _, _, line in findings)]
    rng.shuffle(free)
    for start, end in free:
        body = "".join(lines[start:end])
        names = set(re.findall(r"^\s+(?:const|let(?: mut)?) (\w{2,})\b(?= ?[=:])", body, re.M)) - {"mut", "_"}
        for name in sorted(names):
            # Not where it might be a field, a key, a shorthand, or part of a text.
            if re.search(rf"(\.|['\"`{{,$]\s*){name}\b|\b{name}\s*(:(?!:)|[,}}'\"`])|[{{(]{name}\b", body.replace(f"let {name}:", "")):
                continue
            new = re.sub(rf"\b{name}\b", f"{name}{rng.randint(2, 99)}x", body)
            return lines[:start] + new.splitlines(keepends=True) + lines[end:]
    return None


def reformat(rng, lines, path, prettier):
    text = "".join(lines)
    if path.suffix == ".rs":
        options = f"max_width={rng.choice([60, 80, 140])},hard_tabs={rng.choice(['true', 'false'])},use_small_heuristics={rng.choice(['Off', 'Default', 'Max'])}"
        command = ["rustfmt", "--edition", "2021", "--emit", "stdout", "--quiet", "--config", options]
    elif prettier:
        command = ["node", str(prettier / "prettier/bin/prettier.cjs"), "--stdin-filepath", path.name, "--no-config", "--print-width", str(rng.choice([50, 80, 120])),
                   "--tab-width", str(rng.choice([2, 4, 8])), "--trailing-comma", rng.choice(["all", "none"]), "--arrow-parens", rng.choice(["always", "avoid"])]
        command += [flag for flag in ("--no-semi", "--single-quote", "--use-tabs", "--no-bracket-spacing") if rng.random() < 0.5]
    else:
        return own_format(rng, text).splitlines(keepends=True)
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    return done.stdout.decode().splitlines(keepends=True) if done.returncode == 0 and done.stdout else None


def own_format(rng, text):
    """Another indentation and more blanks and line breaks; texts that run over lines stay as they are."""
    if "`" in text or "/*" in text:
        return re.sub(r"^( +)(?=\S)", lambda m: m.group(1), text, flags=re.M) + "\n" * rng.randint(1, 3)
    unit = rng.choice(["\t", " ", "      "])
    out = []
    for line in text.split("\n"):
        body = line.lstrip(" ")
        depth = len(line) - len(body)
        if rng.random() < 0.3 and not re.search(r"['\"/]", body):
            body = re.sub(r", ", rng.choice([",", ",\n"]), body)
        out.append(unit * depth + body)
        if body.endswith((";", "{")) and rng.random() < 0.1:
            out.append("")
    return "\n".join(out)


def candidates(folders):
    for folder in folders:
        report = subprocess.run([binary(), "scan", "--no-config", "-q", "-f", "json", "--select", "all", "--fail-on", "never", str(folder)], capture_output=True, check=True)
        report = json.loads(report.stdout)
        top = pathlib.Path(folder).resolve()
        while not (top / ".git").exists() and top != top.parent:
            top = top.parent
        base = top if (top / ".git").exists() else pathlib.Path(folder).resolve()
        for row in report["files"]:
            path = base / row["path"]
            if row["findings"] and row["bytes"] < MOST and path.is_file():
                yield path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=95.0)
    parser.add_argument("--prettier", type=pathlib.Path)
    args = parser.parse_args()
    folders = args.folders
    if not folders:
        cache = pathlib.Path(os.environ.get("SIDENOTE_CORPORA") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "sidenote/corpora")
        folders = sorted([*(cache / "npm").glob("*"), *(cache / "crates").glob("*")])
        random.Random(args.seed).shuffle(folders)
        folders = folders[:24]
    paths = sorted(candidates(folders))
    if not paths:
        raise SystemExit("no file with findings")
    rng = random.Random(args.seed)
    by_kind, lost, made = collections.defaultdict(lambda: [0, 0, 0]), [], 0
    before = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch).resolve()
        (root / ".git").mkdir()
        (root / ".git/HEAD").write_text("ref: refs/heads/main\n")
        tries = 0
        while made < args.count and tries < args.count * 20:
            tries += 1
            path = rng.choice(paths)
            lines = path.read_text(encoding="utf-8").replace("\r\n", "\n").splitlines(keepends=True)
            name = pathlib.Path("src") / path.name
            if path not in before:
                before[path] = scan(root, name, "".join(lines))
            findings, gaps = before[path]
            if not findings:
                continue
            kind = rng.choice(["insert", "move", "rename", "reformat"])
            new = reformat(rng, lines, path, args.prettier) if kind == "reformat" else {"insert": insert, "move": move, "rename": rename}[kind](rng, lines, findings)
            if new is None or new == lines:
                continue
            after, gaps_after = scan(root, name, "".join(new))
            if gaps_after > gaps:
                continue  # the refactoring broke the file: it is none
            made += 1
            held = collections.Counter(f for _, f, _ in after)
            row = by_kind[kind + path.suffix.replace(".rs", " Rust") if path.suffix == ".rs" else kind + " TS/JS"]
            row[0] += 1
            for rule, fingerprint, line in findings:
                row[1] += 1
                if held[fingerprint] > 0:
                    held[fingerprint] -= 1
                    row[2] += 1
                else:
                    lost.append((kind, rule, f"{path}:{line}"))
    total, kept = sum(r[1] for r in by_kind.values()), sum(r[2] for r in by_kind.values())
    for kind, (count, of, survived) in sorted(by_kind.items()):
        print(f"{kind:18} {count:4} refactorings {survived:6} of {of:6} findings {100 * survived / of:6.2f} %")
    for kind, rule, place in lost[:40]:
        print(f"lost: {kind} {rule} {place}")
    print(f"{made} refactorings, {kept} of {total} findings keep their fingerprints: {100 * kept / total:.2f} %")
    sys.exit(0 if made == args.count and 100 * kept >= args.least * total else 1)


if __name__ == "__main__":
    main()
