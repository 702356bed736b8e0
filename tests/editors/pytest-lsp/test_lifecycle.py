"""Starting, stopping, and clients that misbehave."""

import harness
import pytest
import samples
from wire import Wire

URI = "file:///ws/report.ts"
SERVER_NOT_INITIALIZED, INVALID_REQUEST, METHOD_NOT_FOUND, REQUEST_CANCELLED = -32002, -32600, -32601, -32800


@pytest.fixture
def wire(tmp_path):
    with Wire(tmp_path) as wire:
        yield wire


def open_document(wire: Wire, text: str = samples.TYPESCRIPT) -> None:
    item = {"uri": URI, "languageId": "typescript", "version": 1, "text": text}
    wire.notify("textDocument/didOpen", {"textDocument": item})


def at(line: int, character: int) -> dict:
    return {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}


async def test_initialize(profile, tmp_path):
    session = harness.Session(profile, tmp_path)
    result = await session.start()
    await session.stop()
    assert result.server_info.name == "sidenote"
    assert result.server_info.version
    offered = profile.capabilities().general
    allowed = [str(getattr(item, "value", item)) for item in (offered and offered.position_encodings) or ["utf-16"]]
    assert session.encoding in allowed
    caps = result.capabilities
    assert caps.hover_provider and caps.code_action_provider
    sync = caps.text_document_sync
    change = getattr(sync, "change", sync)
    assert change == 2, f"text is synchronised whole, or not at all: {sync}"
    assert profile.pull or caps.diagnostic_provider is None or caps.diagnostic_provider.identifier in (None, "sidenote")


def test_shutdown_then_exit_is_0(wire):
    wire.initialize()
    wire.ask(2, "shutdown")
    assert wire.answer(2)["result"] is None
    wire.notify("exit")
    assert wire.exit_code() == 0


def test_exit_without_shutdown_is_1(wire):
    wire.initialize()
    wire.notify("exit")
    assert wire.exit_code() == 1


def test_exit_before_initialize_ends_the_server(wire):
    wire.notify("exit")
    assert wire.exit_code() == 1


def test_end_of_input_ends_the_server(wire):
    wire.initialize()
    open_document(wire)
    wire.process.stdin.close()
    wire.exit_code()


def test_requests_before_initialize_are_refused(wire):
    wire.ask(7, "textDocument/hover", at(0, 0))
    assert wire.answer(7)["error"]["code"] == SERVER_NOT_INITIALIZED
    wire.initialize()


def test_requests_after_shutdown_are_refused(wire):
    wire.initialize()
    wire.ask(2, "shutdown")
    wire.answer(2)
    wire.ask(3, "textDocument/hover", at(0, 0))
    assert wire.answer(3)["error"]["code"] == INVALID_REQUEST
    wire.notify("exit")
    assert wire.exit_code() == 0


def test_unknown_methods(wire):
    wire.initialize()
    wire.notify("$/sidenote/nonsense", {"a": 1})
    wire.notify("nonsense/notification")
    wire.ask(5, "nonsense/request", {})
    assert wire.answer(5)["error"]["code"] == METHOD_NOT_FOUND


def test_cancelled_requests_are_answered_exactly_once(wire):
    wire.initialize()
    open_document(wire)
    keys = range(100, 160)
    for key in keys:
        wire.ask(key, "textDocument/hover", at(3, 45))
        wire.notify("$/cancelRequest", {"id": key})
    wire.notify("$/cancelRequest", {"id": 99_999})
    for key, got in wire.answers(keys, linger=harness.QUIET).items():
        assert len(got) == 1, f"request {key} was answered {len(got)} times"
        if "error" in got[0]:
            assert got[0]["error"]["code"] == REQUEST_CANCELLED
    wire.ask(2, "shutdown")
    assert "error" not in wire.answer(2)


def test_requests_for_documents_that_are_not_open(wire):
    wire.initialize()
    wire.ask(4, "textDocument/hover", at(0, 0))
    wire.answer(4)
    wire.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    wire.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": ""}]})
    wire.ask(2, "shutdown")
    assert "error" not in wire.answer(2)


def test_positions_far_outside_are_survived(wire):
    wire.initialize()
    open_document(wire)
    wire.ask(6, "textDocument/hover", at(4_294_967_295 // 2, 2_147_483_647))
    wire.answer(6)
    backwards = {"start": {"line": 5, "character": 0}, "end": {"line": 0, "character": 0}}
    change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"range": backwards, "text": "x"}]}
    wire.notify("textDocument/didChange", change)
    wire.ask(8, "textDocument/hover", at(0, 0))
    wire.answer(8)
    wire.ask(2, "shutdown")
    assert "error" not in wire.answer(2)
