"""A foreign client around one `sidenote lsp` process: documents, positions, findings under either way of delivery."""

import asyncio
import dataclasses
import os
import pathlib
import sys
import typing

from lsprotocol import types as lsp
from pytest_lsp import LanguageClient, client_capabilities
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features
from pygls.protocol import default_converter

STRICT = pathlib.Path(__file__).resolve().parents[1] / "strict"
sys.path.insert(0, str(STRICT))
import strict_lsp  # noqa: E402

TIMEOUT = float(os.environ.get("SIDENOTE_TEST_TIMEOUT", "15"))
"""Seconds until an answer counts as missing."""

QUIET = 0.3
"""Seconds in which nothing may come, where silence is what is tested."""

RULE = "tls-verification-disabled"


def server_command() -> list[str]:
    binary = os.environ.get("SIDENOTE_BIN")
    if not binary or not os.access(binary, os.X_OK):
        raise RuntimeError(f"SIDENOTE_BIN={binary!r} is no executable; run this suite through run.sh")
    command = [binary, "lsp"]
    if os.environ.get("LSP_TEE_DIR"):
        command = [sys.executable, str(STRICT / "lsp_tee.py"), *command]
    return command


@dataclasses.dataclass(frozen=True)
class Profile:
    """The capabilities of a real editor, and how it takes diagnostics."""

    editor: str
    pull: bool

    @property
    def name(self) -> str:
        return f"{self.editor}-{'pull' if self.pull else 'push'}"

    def capabilities(self) -> lsp.ClientCapabilities:
        caps = client_capabilities(self.editor)
        text = caps.text_document
        if not self.pull:
            text.diagnostic = None
        elif text.diagnostic is None:
            text.diagnostic = lsp.DiagnosticClientCapabilities(dynamic_registration=True, related_document_support=True)
        return caps


PROFILES = [
    Profile("visual-studio-code", pull=False),
    Profile("visual-studio-code", pull=True),
    Profile("neovim", pull=False),
    Profile("neovim", pull=True),
    Profile("emacs", pull=False),
]


class Document:
    """A document open in the editor: its text and version as the server should have them."""

    def __init__(self, session: "Session", uri: str, text: str, language: str):
        self.session, self.uri, self.text, self.language, self.version = session, uri, text, language, 1

    @property
    def id(self) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri)

    def position(self, at: int) -> lsp.Position:
        """The position of index `at` of the text, in the encoding agreed on."""
        lines = strict_lsp.split_lines(self.text[:at])
        codec, width = strict_lsp.CODECS[self.session.encoding]
        return lsp.Position(len(lines) - 1, len(lines[-1].encode(codec)) // width)

    def index(self, position: lsp.Position) -> int:
        raw = {"line": position.line, "character": position.character}
        return strict_lsp.offset(self.text, raw, self.session.encoding)

    def range(self, needle: str, occurrence: int = 0) -> lsp.Range:
        at = -1
        for _ in range(occurrence + 1):
            at = self.text.index(needle, at + 1)
        return lsp.Range(self.position(at), self.position(at + len(needle)))

    def covered(self, span: lsp.Range) -> str:
        raw = {"start": dataclasses_dict(span.start), "end": dataclasses_dict(span.end)}
        reason = strict_lsp.range_error(self.text, raw, self.session.encoding)
        assert reason is None, reason
        return self.text[self.index(span.start) : self.index(span.end)]

    def replace(self, needle: str, replacement: str, occurrence: int = 0) -> None:
        """One incremental edit."""
        self.change([lsp.TextDocumentContentChangePartial(text=replacement, range=self.range(needle, occurrence))])

    def set_text(self, text: str) -> None:
        """The whole text anew, without a range."""
        self.change([lsp.TextDocumentContentChangeWholeDocument(text=text)])

    def change(self, changes: list[lsp.TextDocumentContentChangeEvent]) -> None:
        self.version += 1
        self.session.client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(self.version, self.uri), changes)
        )
        for change in changes:
            raw: dict = {"text": change.text}
            if isinstance(change, lsp.TextDocumentContentChangePartial):
                span = change.range
                raw["range"] = {"start": dataclasses_dict(span.start), "end": dataclasses_dict(span.end)}
            self.text = strict_lsp.apply_changes(self.text, [raw], self.session.encoding)

    def apply(self, edit: lsp.WorkspaceEdit) -> None:
        """What an editor does with an accepted code action: changes the text and tells the server."""
        edits: list[lsp.TextEdit] = list((edit.changes or {}).get(self.uri, []))
        for change in edit.document_changes or []:
            assert isinstance(change, lsp.TextDocumentEdit), f"no file may be created or moved: {change}"
            assert change.text_document.uri == self.uri
            assert change.text_document.version in (None, self.version)
            edits += change.edits
        assert edits, f"the edit does not touch {self.uri}: {edit}"
        text = self.text
        for item in sorted(edits, key=lambda item: self.index(item.range.start), reverse=True):
            self.covered(item.range)
            text = text[: self.index(item.range.start)] + item.new_text + text[self.index(item.range.end) :]
        self.set_text(text)

    def close(self) -> None:
        self.session.client.text_document_did_close(lsp.DidCloseTextDocumentParams(self.id))

    async def findings(self, until: typing.Callable[[list[lsp.Diagnostic]], bool] | None = None) -> list[lsp.Diagnostic]:
        """The diagnostics of the present version. Where the server pushes, waits for the first that satisfy `until`."""
        if self.session.profile.pull:
            report = await self.pull()
            assert isinstance(report, lsp.RelatedFullDocumentDiagnosticReport), report
            found = list(report.items)
            assert until is None or until(found), f"pulled version {self.version}: {brief(found)}"
            return found
        return await self.session.published(self.uri, self.version, until)

    async def pull(self, previous: str | None = None) -> lsp.DocumentDiagnosticReport:
        return await self.session.answer(
            self.session.client.text_document_diagnostic_async(
                lsp.DocumentDiagnosticParams(self.id, previous_result_id=previous)
            )
        )

    async def finding(self) -> lsp.Diagnostic:
        """The one finding of RULE, once it is there."""
        found = await self.findings(lambda items: any(item.code == RULE for item in items))
        (one,) = [item for item in found if item.code == RULE]
        return one

    async def clean(self) -> None:
        """Waits until no diagnostic of any kind is left."""
        assert await self.findings(lambda items: not items) == []

    async def actions(self, diagnostic: lsp.Diagnostic, only: list | None = None) -> list[lsp.CodeAction]:
        """Code actions for a finding, each with its edit resolved."""
        offered = await self.session.answer(
            self.session.client.text_document_code_action_async(
                lsp.CodeActionParams(self.id, diagnostic.range, lsp.CodeActionContext([diagnostic], only=only))
            )
        )
        result = []
        for action in offered or []:
            if not isinstance(action, lsp.CodeAction):
                continue
            if action.edit is None and action.data is not None:
                action = await self.session.answer(self.session.client.code_action_resolve_async(action))
            result.append(action)
        return result

    async def hover(self, position: lsp.Position) -> str:
        """The text of the hover, empty when there is none."""
        result = await self.session.answer(
            self.session.client.text_document_hover_async(lsp.HoverParams(self.id, position))
        )
        if result is None:
            return ""
        assert isinstance(result.contents, lsp.MarkupContent), result
        return result.contents.value


def dataclasses_dict(position: lsp.Position) -> dict:
    return {"line": position.line, "character": position.character}


def brief(found: typing.Iterable[lsp.Diagnostic]) -> str:
    return "; ".join(f"{item.code} {item.range} {item.message!r}" for item in found) or "no diagnostics"


class Session:
    """A client, the server process behind it, and all that the server published."""

    def __init__(self, profile: Profile, root: pathlib.Path):
        self.profile, self.root = profile, root
        self.encoding = "utf-16"
        self._published: list[lsp.PublishDiagnosticsParams] = []
        self._news = asyncio.Condition()
        self.client = LanguageClient(converter_factory=default_converter)
        features = dict(DEFAULT_CLIENT_FEATURES)

        async def on_publish(params: lsp.PublishDiagnosticsParams):
            async with self._news:
                self._published.append(params)
                self._news.notify_all()

        features[lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = on_publish
        for method in (
            lsp.CLIENT_REGISTER_CAPABILITY,
            lsp.CLIENT_UNREGISTER_CAPABILITY,
            lsp.WORKSPACE_CODE_LENS_REFRESH,
            lsp.WORKSPACE_INLAY_HINT_REFRESH,
        ):
            features[method] = lambda *_: None
        register_lsp_features(self.client, features)

    async def start(self) -> lsp.InitializeResult:
        await self.client.start_io(*server_command(), cwd=self.root)
        folder = lsp.WorkspaceFolder(uri=self.root.as_uri(), name=self.root.name)
        result = await self.answer(
            self.client.initialize_session(
                lsp.InitializeParams(
                    capabilities=self.profile.capabilities(),
                    process_id=os.getpid(),
                    root_uri=self.root.as_uri(),
                    workspace_folders=[folder],
                )
            )
        )
        self.encoding = result.capabilities.position_encoding or "utf-16"
        if not isinstance(self.encoding, str):
            self.encoding = self.encoding.value
        return result

    async def stop(self) -> None:
        process = self.client._server
        try:
            await asyncio.wait_for(self.client.shutdown_session(), TIMEOUT)
            assert self.client.error is None, self.client.error
            assert process.returncode == 0, f"the server's exit code is {process.returncode}"
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.wait_for(self.client.stop(), TIMEOUT)

    async def answer(self, request):
        """The answer to a request, or a failure after TIMEOUT."""
        return await asyncio.wait_for(request, TIMEOUT)

    def open(self, name: str, text: str, language: str, on_disk: str | None = None) -> Document:
        """Opens `name` with `text`. The file itself holds `on_disk`, or is not there at all."""
        path = self.root / name
        if on_disk is not None:
            path.write_bytes(on_disk.encode())
        document = Document(self, path.as_uri(), text, language)
        self.client.text_document_did_open(
            lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(document.uri, language, document.version, text))
        )
        return document

    async def published(
        self, uri: str, version: int, until: typing.Callable[[list[lsp.Diagnostic]], bool] | None = None
    ) -> list[lsp.Diagnostic]:
        """The first published diagnostics of this version that satisfy `until`."""

        def matching():
            for params in self._published:
                if params.uri == uri and params.version == version:
                    found = list(params.diagnostics)
                    if until is None or until(found):
                        return found
            return None

        async def wait():
            async with self._news:
                await self._news.wait_for(lambda: matching() is not None)
                return matching()

        try:
            return await asyncio.wait_for(wait(), TIMEOUT)
        except TimeoutError:
            got = [f"version {item.version}: {brief(item.diagnostics)}" for item in self._published if item.uri == uri]
            raise AssertionError(f"no such diagnostics for version {version} of {uri}; got {got or 'nothing'}") from None

    def last_published(self, uri: str) -> lsp.PublishDiagnosticsParams | None:
        return next((item for item in reversed(self._published) if item.uri == uri), None)
