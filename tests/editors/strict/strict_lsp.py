#!/usr/bin/env python3
"""Validate what a language server sent, from the logs of lsp_tee.py; strictly, where editors forgive.

    strict_lsp.py SESSION.jsonl...

Checked against lsprotocol's types (the LSP 3.18 meta model): unknown keys, missing keys, wrong types, values outside
closed enumerations, null where the key must be left out. Checked over the session: stray bytes on stdout, ids answered
twice or never, messages before `initialize`, diagnostics for versions never sent, ranges outside the text or inside a
character, the exit code. A wrong column that is still inside the line cannot be seen here: assert the covered text too.

Prints one line per error and one per file; exits 1 when there was an error. Needs the package lsprotocol.
"""

import collections.abc
import dataclasses
import enum
import json
import sys
import types
import typing

import attrs
from lsprotocol import types as lsp

# Enumerations whose specification allows further values.
OPEN_ENUMS = {
    "CodeActionKind",
    "ErrorCodes",
    "FoldingRangeKind",
    "LanguageKind",
    "LSPErrorCodes",
    "PositionEncodingKind",
    "SemanticTokenModifiers",
    "SemanticTokenTypes",
}

# Position encoding -> Python codec, bytes per unit.
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


# Types ----------------------------------------------------------------------------------------------------------------


def camel(snake: str) -> str:
    head, *rest = snake.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)


@dataclasses.dataclass
class Field:
    type: typing.Any
    required: bool
    nullable: bool
    """`T | null`, which is not the same as an optional key: that one must be left out, not null."""


_fields: dict[type, dict[str, Field]] = {}


def fields(cls: type) -> dict[str, Field]:
    if cls not in _fields:
        attrs.resolve_types(cls)
        _fields[cls] = {
            camel(field.name): Field(
                type=field.type,
                required=field.default is attrs.NOTHING,
                nullable=lsp.is_special_property(cls, field.name),
            )
            for field in attrs.fields(cls)
        }
    return _fields[cls]


def mentions_any(ty) -> bool:
    return ty is typing.Any or any(mentions_any(arg) for arg in typing.get_args(ty))


def accepts_null(field: Field) -> bool:
    if mentions_any(field.type) or field.type is type(None):
        return True
    return type(None) in typing.get_args(field.type) and field.nullable


def show(value) -> str:
    return f"{value!r:.60}"


def check(value, ty, path: str) -> list[str]:
    """The errors of `value` as a `ty`."""
    if ty is typing.Any or ty is object or isinstance(ty, (str, typing.ForwardRef)):
        return []
    origin, args = typing.get_origin(ty), typing.get_args(ty)
    if origin is typing.Union or origin is types.UnionType:
        return check_union(value, args, path)
    if ty is type(None):
        return [] if value is None else [f"{path}: wrong type, want null, got {show(value)}"]
    if origin is typing.Literal:
        return [] if value in args else [f"{path}: want {args}, got {show(value)}"]
    if origin in (list, tuple, collections.abc.Sequence):
        return check_array(value, origin, args, path)
    if origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            return [f"{path}: wrong type, want object, got {show(value)}"]
        return [error for key, item in value.items() for error in check(item, args[1], f"{path}.{key}")]
    if isinstance(ty, type) and issubclass(ty, enum.Enum):
        return check_enum(value, ty, path)
    if attrs.has(ty):
        return check_object(value, ty, path)
    if ty is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return [] if number else [f"{path}: wrong type, want number, got {show(value)}"]
    if ty in (int, str, bool):
        return [] if type(value) is ty else [f"{path}: wrong type, want {ty.__name__}, got {show(value)}"]
    return []


def check_union(value, alternatives, path: str) -> list[str]:
    """No error when one alternative fits; else the errors of the one that came nearest."""
    tries = [check(value, alternative, path) for alternative in alternatives]
    if any(not errors for errors in tries):
        return []

    def distance(errors):
        other_type = any("wrong type" in error and error.startswith(path + ":") for error in errors)
        other_kind = any(error.startswith(path + ".kind: want") for error in errors)
        return other_type, other_kind, len(errors)

    return min(tries, key=distance)


def check_array(value, origin, args, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: wrong type, want array, got {show(value)}"]
    if origin is tuple:
        if len(args) != len(value):
            return [f"{path}: want {len(args)} items"]
        items = zip(value, args)
    else:
        items = ((item, args[0]) for item in value)
    return [error for index, (item, ty) in enumerate(items) for error in check(item, ty, f"{path}[{index}]")]


def check_enum(value, ty, path: str) -> list[str]:
    if any(value == member.value and type(value) is type(member.value) for member in ty):
        return []
    if ty.__name__ in OPEN_ENUMS and type(value) is type(next(iter(ty)).value):
        return []
    return [f"{path}: wrong type, {value!r:.40} is no {ty.__name__}"]


def check_object(value, ty, path: str) -> list[str]:
    name = ty.__name__
    if not isinstance(value, dict):
        return [f"{path}: wrong type, want {name}, got {show(value)}"]
    known = fields(ty)
    errors = [f"{path}: unknown key {key!r} in {name}" for key in value if key not in known]
    for key, field in known.items():
        if key not in value:
            if field.required:
                errors.append(f"{path}: {name} lacks {key!r}")
        elif value[key] is None and not accepts_null(field):
            errors.append(f"{path}.{key}: null in {name}: leave the key out")
        else:
            errors += check(value[key], field.type, f"{path}.{key}")
    if ty is lsp.Position or name == "FoldingRange":
        errors += [f"{path}.{key}: negative" for key, item in value.items() if isinstance(item, int) and item < 0]
    return errors


# Positions ------------------------------------------------------------------------------------------------------------


def ranges(value, uri: str, path: str = ""):
    """Every Range inside a message about the document `uri`, with its path and the document it is of."""
    if isinstance(value, dict):
        if set(value) == {"start", "end"} and all(isinstance(at, dict) and "line" in at for at in value.values()):
            yield path, value, uri
            return
        document = value.get("textDocument")
        owner = value.get("uri") or (document.get("uri") if isinstance(document, dict) else None) or uri
        for key, item in value.items():
            # The keys of WorkspaceEdit.changes and of relatedDocuments are documents.
            yield from ranges(item, key if key.startswith(("file:", "untitled:")) else owner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from ranges(item, uri, f"{path}[{index}]")


def split_lines(text: str) -> list[str]:
    """Lines as the protocol has them: ended by \\n, \\r\\n or \\r, and by nothing else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def range_error(text: str, span: dict, encoding: str) -> str | None:
    """Why `span` is not a range of `text`, or None."""
    lines, (codec, width) = split_lines(text), CODECS[encoding]
    for end in ("start", "end"):
        row, column = span[end]["line"], span[end]["character"]
        if row > len(lines) or (row == len(lines) and column):
            return f"{end} line {row} is past the end ({len(lines)} lines)"
        units = (lines[row] if row < len(lines) else "").encode(codec)
        if column * width > len(units):
            return f"{end} character {column} is past the end of line {row} ({len(units) // width} {encoding} units)"
        try:
            units[: column * width].decode(codec)
        except UnicodeDecodeError:
            return f"{end} character {column} on line {row} splits a character"
    start, end = ((span[at]["line"], span[at]["character"]) for at in ("start", "end"))
    return "start is after end" if start > end else None


def offset(text: str, position: dict, encoding: str) -> int:
    """The index into `text` of a client's position: clamped to its line, and to the front of a character."""
    codec, width = CODECS[encoding]
    at = 0
    for _ in range(position["line"]):
        breaks = [found for found in (text.find("\n", at), text.find("\r", at)) if found >= 0]
        if not breaks:
            return len(text)
        at = min(breaks) + (2 if text.startswith("\r\n", min(breaks)) else 1)
    line = split_lines(text[at:])[0]
    prefix = line.encode(codec)[: position["character"] * width]
    return at + len(prefix.decode(codec, errors="ignore"))


def apply_changes(text: str, changes: list[dict], encoding: str) -> str:
    for change in changes:
        if "range" not in change:
            text = change["text"]
            continue
        start, end = (offset(text, change["range"][at], encoding) for at in ("start", "end"))
        text = text[:start] + change["text"] + text[end:]
    return text


# Sessions -------------------------------------------------------------------------------------------------------------


class Session:
    """One recorded session, read message by message."""

    def __init__(self, name: str):
        self.name = name
        self.errors: list[str] = []
        self.server_messages = 0
        self.encoding = "utf-16"
        self.sent: list[str] = []
        """Methods the client sent, in order."""
        self.pending: dict = {}
        """Unanswered requests of the client: id -> (method, parameters)."""
        self.documents: dict[str, dict[int, str]] = {}
        """uri -> version -> text, for every version since the document was opened."""

    def read(self) -> None:
        number = 0
        with open(self.name, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                self.at = f"{self.name}:{number}"
                self.record(json.loads(line))
        if number == 0:
            self.errors.append(f"{self.name}: the log is empty")
        if "exit" in self.sent or "shutdown" in self.sent:
            for key, (method, _) in self.pending.items():
                self.errors.append(f"{self.name}: request {key} ({method}) was never answered")

    def error(self, text: str) -> None:
        self.errors.append(f"{self.at}{text}")

    def record(self, record: dict) -> None:
        if record.get("junk") and record["dir"] == "s2c":
            self.error(f": bytes on stdout that are no LSP header: {record['junk']!r}")
        if record["dir"] == "end":
            self.ended(record["exit_code"])
        message = record.get("msg")
        if not message:
            return
        if record["dir"] == "c2s":
            self.from_client(message)
            return
        self.server_messages += 1
        if message.get("jsonrpc") != "2.0":
            self.error(": jsonrpc is not '2.0'")
        if message.get("method") is None:
            self.response(message)
        else:
            self.from_server(message)

    def ended(self, code: int) -> None:
        if "exit" in self.sent:
            want = 0 if "shutdown" in self.sent else 1
            if code != want:
                self.error(f": exit code {code}, want {want}")
        elif code < 0 or code >= 100:
            # The client hung up; a signal or a panic is still no way to end.
            self.error(f": the server crashed with exit code {code}")

    def from_client(self, message: dict) -> None:
        method, params = message.get("method"), message.get("params") or {}
        if not method:
            return
        self.sent.append(method)
        if message.get("id") is not None:
            self.pending[message["id"]] = (method, params)
        document = params.get("textDocument", {}) if isinstance(params, dict) else {}
        if method == "textDocument/didOpen":
            self.documents[document["uri"]] = {document["version"]: document["text"]}
        elif method == "textDocument/didClose":
            self.documents.pop(document["uri"], None)
        elif method == "textDocument/didChange" and document.get("uri") in self.documents:
            history = self.documents[document["uri"]]
            history[document["version"]] = apply_changes(
                history[max(history)], params["contentChanges"], self.encoding
            )

    def response(self, message: dict) -> None:
        key = message.get("id")
        if key not in self.pending:
            # A message that could not be read has no id to answer.
            if not (key is None and "error" in message):
                self.error(f": response to unknown or already answered id {key!r}")
            return
        method, params = self.pending.pop(key)
        for extra in set(message) - {"jsonrpc", "id", "result", "error"}:
            self.error(f": unknown key {extra!r}")
        if ("result" in message) == ("error" in message):
            self.error(f": a response needs result or error, not both or neither ({method})")
        if "error" in message:
            self.errors += check(message["error"], lsp.ResponseError, f"{self.at} {method} error")
            return
        result = message.get("result")
        if method in lsp.METHOD_TO_TYPES:
            want = fields(lsp.METHOD_TO_TYPES[method][1])["result"].type
            self.errors += check(result, want, f"{self.at} {method} result")
        if method == "initialize":
            self.encoding = (result or {}).get("capabilities", {}).get("positionEncoding", "utf-16")
        uri = params.get("textDocument", {}).get("uri") if isinstance(params, dict) else None
        if uri is None or not method.startswith("textDocument/"):
            return
        for path, span, owner in ranges(result, uri):
            # An answer may cross one edit on the wire.
            recent = list(self.documents.get(owner, {}).values())[-2:]
            reasons = [range_error(text, span, self.encoding) for text in recent]
            if reasons and all(reasons):
                self.error(f" {method} result{path}: {reasons[-1]}")

    def from_server(self, message: dict) -> None:
        method, params = message["method"], message.get("params") or {}
        if "initialize" not in self.sent:
            self.error(f": {method} before initialize")
        if method not in lsp.METHOD_TO_TYPES:
            if "/" not in method:
                self.error(f": method {method} is not in LSP")
            return
        self.errors += check(message, lsp.METHOD_TO_TYPES[method][0], f"{self.at} {method}")
        if method == "textDocument/publishDiagnostics" and params.get("uri") in self.documents:
            self.published(params)

    def published(self, params: dict) -> None:
        history, version = self.documents[params["uri"]], params.get("version")
        if version is not None and version not in history:
            self.error(f": diagnostics for version {version}, never sent (sent {sorted(history)})")
        for path, span, owner in ranges(params["diagnostics"], params["uri"]):
            versions = self.documents.get(owner)
            if versions is None:
                continue
            text = versions.get(version, versions[max(versions)]) if owner == params["uri"] else versions[max(versions)]
            if reason := range_error(text, span, self.encoding):
                self.error(f" textDocument/publishDiagnostics{path}: {reason}")


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    total = 0
    for name in sys.argv[1:]:
        session = Session(name)
        session.read()
        total += len(session.errors)
        for error in session.errors:
            print("ERROR", error)
        print(f"{name}: {session.server_messages} server messages, {len(session.errors)} errors")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
