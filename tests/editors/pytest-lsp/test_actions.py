"""Hover, quick fixes and suppressions."""

import pytest
from lsprotocol import types as lsp

import samples
from harness import RULE

SUPPRESSION = f"sidenote: allow({RULE}) -- "
each_language = pytest.mark.parametrize("language", list(samples.LANGUAGES))


def inserted(action: lsp.CodeAction) -> str:
    edit = action.edit
    assert edit is not None, f"`{action.title}` has no edit, resolved or not"
    edits = [item for items in (edit.changes or {}).values() for item in items]
    edits += [item for change in edit.document_changes or [] for item in change.edits]
    return "".join(item.new_text for item in edits)


def suppressions(actions: list[lsp.CodeAction]) -> list[lsp.CodeAction]:
    return [action for action in actions if action.edit and SUPPRESSION in inserted(action)]


def fixes(actions: list[lsp.CodeAction]) -> list[lsp.CodeAction]:
    """Quick fixes that change the code; what fixes a whole file is a source action."""
    quick = [action for action in actions if str(getattr(action.kind, "value", action.kind)).startswith("quickfix")]
    return [action for action in quick if action.edit and "sidenote:" not in inserted(action)]


@each_language
async def test_hover_names_the_rule(session, language):
    name, language_id, text, *_ = samples.LANGUAGES[language]
    document = session.open(name, text, language_id)
    finding = await document.finding()
    assert RULE in await document.hover(finding.range.start)
    assert RULE not in await document.hover(lsp.Position(0, 0))


@each_language
async def test_suppressing_makes_the_finding_vanish(session, language):
    name, language_id, text, *_ = samples.LANGUAGES[language]
    document = session.open(name, text, language_id)
    offered = suppressions(await document.actions(await document.finding()))
    assert offered, "no action writes a suppression"
    for n in range(len(offered)):
        document.set_text(text)
        # An edit is for the version that it was made for.
        action = suppressions(await document.actions(await document.finding()))[n]
        (reason,) = [line.partition(SUPPRESSION)[2] for line in inserted(action).splitlines() if SUPPRESSION in line]
        assert reason.strip(), f"`{action.title}` gives no reason"
        document.apply(action.edit)
        # An unused or malformed suppression would itself be reported.
        await document.clean()


async def test_suppression_keeps_crlf_and_indentation(session):
    document = session.open("report.ts", samples.TYPESCRIPT.replace("\n", "\r\n"), "typescript")
    for n in range(len(suppressions(await document.actions(await document.finding())))):
        document.set_text(samples.TYPESCRIPT.replace("\n", "\r\n"))
        action = suppressions(await document.actions(await document.finding()))[n]
        document.apply(action.edit)
        assert "\n" not in document.text.replace("\r\n", ""), f"`{action.title}` mixes line endings"
        await document.clean()


async def test_the_fix_fixes(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    finding = await document.finding()
    offered = fixes(await document.actions(finding))
    assert offered, "no quick fix is offered"
    for n in range(len(offered)):
        document.set_text(samples.TYPESCRIPT)
        action = fixes(await document.actions(await document.finding()))[n]
        document.apply(action.edit)
        assert samples.TYPESCRIPT_FLAW not in document.text
        assert "host: 'x'" in document.text and "/* é😀 */ https.request({" in document.text
        await document.clean()


async def test_only_filters_kinds(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    finding = await document.finding()
    assert await document.actions(finding, only=[lsp.CodeActionKind.SourceOrganizeImports]) == []
    assert fixes(await document.actions(finding, only=[lsp.CodeActionKind.QuickFix]))


async def test_no_actions_where_nothing_is_wrong(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    start = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    actions = await session.answer(
        session.client.text_document_code_action_async(
            lsp.CodeActionParams(document.id, start, lsp.CodeActionContext([], only=[lsp.CodeActionKind.QuickFix]))
        )
    )
    assert not actions


async def test_a_reason_is_required(session):
    text = samples.TYPESCRIPT.replace("  /* é😀 */", f"  // sidenote: allow({RULE})\n  /* é😀 */")
    document = session.open("report.ts", text, "typescript")
    found = await document.findings(lambda items: len(items) > 0)
    assert found, "a suppression without a reason went unreported"


async def test_configuration_changes_are_accepted(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    for settings in ({}, None, {"sidenote": {}}, {"sidenote": None}, {"other": {"deep": [1, "two"]}}):
        session.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=settings))
    document.replace(samples.TYPESCRIPT_FLAW, samples.TYPESCRIPT_FIXED)
    await document.clean()
    assert [message for message in session.client.messages if message.type == lsp.MessageType.Error] == []
