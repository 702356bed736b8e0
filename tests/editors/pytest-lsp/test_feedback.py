"""Findings that the user dismisses, in a workspace folder."""

import ast
import asyncio
import json

from lsprotocol import types as lsp

import samples
from harness import RULE, TIMEOUT

DROPPED = """export function load(url: string) {
  return new Promise(async (resolve) => {
    resolve(await fetch(url));
  });
}
"""
QUALITY = "async-promise-executor"


async def settles(document, wanted) -> list[lsp.Diagnostic]:
    """Waits until the newest diagnostics are as wanted."""
    for _ in range(int(TIMEOUT / 0.05)):
        if document.session.profile.pull:
            found = list((await document.pull()).items)
        else:
            last = document.session.last_published(document.uri)
            found = list(last.diagnostics) if last else []
        if wanted(found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"the diagnostics stay {found}")


async def word(document, span: lsp.Range, title: str) -> lsp.Command:
    """The command of the action with that in its title."""
    offered = await document.session.answer(
        document.session.client.text_document_code_action_async(
            lsp.CodeActionParams(document.id, span, lsp.CodeActionContext([]))
        )
    )
    # The client's library reads an action with a command but no edit as a command whose name is the command's text.
    commands = [ast.literal_eval(a.command) for a in offered or [] if isinstance(a, lsp.Command) and title in a.title]
    assert len(commands) == 1, [a.title for a in offered or []]
    return lsp.Command(**commands[0])


async def execute(session, command: lsp.Command, **more):
    arguments = [{**command.arguments[0], **more}]
    answer = await session.answer(
        session.client.workspace_execute_command_async(lsp.ExecuteCommandParams(command.command, arguments))
    )
    return answer if isinstance(answer, dict) else json.loads(json.dumps(answer, default=vars))


async def test_a_dismissed_finding_vanishes_and_comes_back(session):
    document = session.open("load.ts", DROPPED, "typescript", on_disk=DROPPED)
    (finding,) = await document.findings(lambda items: len(items) == 1)
    assert finding.code == QUALITY
    answer = await execute(session, await word(document, finding.range, "Dismiss"), reason="a test")
    assert answer["done"], answer
    await settles(document, lambda items: items == [])
    text = (session.root / "sidenote-feedback.toml").read_text()
    assert f'rule = "{QUALITY}"' in text and 'reason = "a test"' in text
    # It moves with the text, and the flagged code brings it back.
    document.replace("export function", "// A line.\nexport function")
    await settles(document, lambda items: items == [])
    again = document.range("new Promise")
    answer = await execute(session, await word(document, again, "Count this"))
    assert answer["done"], answer
    await settles(document, lambda items: [i.code for i in items] == [QUALITY])
    assert "[[finding]]" not in (session.root / "sidenote-feedback.toml").read_text()


async def test_security_is_taken_down_and_stays(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript", on_disk=samples.TYPESCRIPT)
    finding = await document.finding()
    assert finding.severity == lsp.DiagnosticSeverity.Error
    await execute(session, await word(document, finding.range, "Dismiss"))
    is_hint = lambda items: [(i.code, i.severity) for i in items] == [(RULE, lsp.DiagnosticSeverity.Hint)]
    await settles(document, is_hint)
    assert "Taken down to info" in await document.hover(finding.range.start)


async def test_a_list_changed_elsewhere_counts(session):
    document = session.open("load.ts", DROPPED, "typescript", on_disk=DROPPED)
    (finding,) = await document.findings(lambda items: len(items) == 1)
    await execute(session, await word(document, finding.range, "Dismiss"))
    await settles(document, lambda items: items == [])
    path = session.root / "sidenote-feedback.toml"
    path.unlink()
    session.client.workspace_did_change_watched_files(
        lsp.DidChangeWatchedFilesParams([lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Deleted)])
    )
    await settles(document, lambda items: len(items) == 1)


async def test_a_broken_list_is_told_and_changes_nothing(session):
    path = session.root / "sidenote-feedback.toml"
    path.write_text("format = 1\n[[finding]]\nrule = 3\n")
    session.client.workspace_did_change_watched_files(
        lsp.DidChangeWatchedFilesParams([lsp.FileEvent(path.as_uri(), lsp.FileChangeType.Created)])
    )
    document = session.open("load.ts", DROPPED, "typescript", on_disk=DROPPED)
    (finding,) = await document.findings(lambda items: len(items) == 1)
    answer = await execute(session, await word(document, finding.range, "Dismiss"))
    assert not answer["done"] and "sidenote-feedback.toml" in answer["message"]
    assert path.read_text() == "format = 1\n[[finding]]\nrule = 3\n"
