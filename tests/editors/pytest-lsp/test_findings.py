"""Findings appear, lie where they should, and vanish; the same under push and pull."""

import asyncio

import pytest
from lsprotocol import types as lsp

import harness
import samples
from harness import RULE

each_language = pytest.mark.parametrize("language", list(samples.LANGUAGES))


@each_language
async def test_finding_where_it_belongs(session, language):
    name, language_id, text, span, flaw, _ = samples.LANGUAGES[language]
    document = session.open(name, text, language_id)
    finding = await document.finding()
    assert finding.source == "sidenote"
    assert finding.message.strip()
    assert finding.severity in (lsp.DiagnosticSeverity.Error, lsp.DiagnosticSeverity.Warning)
    covered = document.covered(finding.range)
    assert span.fullmatch(covered), f"the range covers {covered!r}"
    assert finding.range.start.line == document.range(flaw).start.line


@each_language
async def test_the_buffer_counts_and_not_the_file(session, language):
    name, language_id, text, _, flaw, fixed = samples.LANGUAGES[language]
    document = session.open(name, text, language_id, on_disk=text.replace(flaw, fixed))
    await document.finding()
    document.replace(flaw, fixed)
    await document.clean()


@each_language
async def test_incremental_edit_clears_and_brings_back(session, language):
    name, language_id, text, span, flaw, fixed = samples.LANGUAGES[language]
    document = session.open(name, text, language_id)
    await document.finding()
    document.replace(flaw, fixed)
    await document.clean()
    document.replace(fixed, flaw)
    assert span.fullmatch(document.covered((await document.finding()).range))


async def test_the_range_follows_edits_above_and_before_it(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    before = await document.finding()
    document.replace("const https", "// 😀 first\n// é second\nconst https")
    document.replace("/* é😀 */", "/* é😀😀 */")
    after = await document.finding()
    assert after.range.start.line == before.range.start.line + 2
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered(after.range))


async def test_changes_of_one_notification_apply_in_order(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    shifted = lsp.Range(document.range("export").start, document.range("export").start)
    flaw = document.range(samples.TYPESCRIPT_FLAW)
    # The second range is meant in the text that the first change left behind, two lines further down.
    moved = lsp.Range(
        lsp.Position(flaw.start.line + 2, flaw.start.character), lsp.Position(flaw.end.line + 2, flaw.end.character)
    )
    document.change(
        [
            lsp.TextDocumentContentChangePartial(text="// one\n// two 😀\n", range=shifted),
            lsp.TextDocumentContentChangePartial(text=samples.TYPESCRIPT_FIXED, range=moved),
        ]
    )
    assert document.text.count(samples.TYPESCRIPT_FIXED) == 1
    await document.clean()


async def test_whole_text_without_a_range(session):
    document = session.open("report.ts", "export const nothing = 1;\n", "typescript")
    await document.clean()
    document.set_text(samples.TYPESCRIPT)
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))
    document.set_text("")
    await document.clean()


async def test_typing_ends_where_the_text_does(session):
    """Many single-character edits, broken syntax on the way: the last state is what counts."""
    document = session.open("report.ts", samples.TYPESCRIPT.replace(samples.TYPESCRIPT_FLAW, ""), "typescript")
    for typed in samples.TYPESCRIPT_FLAW:
        close = document.range(" });")
        document.change(
            [lsp.TextDocumentContentChangePartial(text=typed, range=lsp.Range(close.start, close.start))]
        )
    assert document.text == samples.TYPESCRIPT
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))


@each_language
async def test_crlf(session, language):
    name, language_id, text, span, flaw, fixed = samples.LANGUAGES[language]
    document = session.open(name, text.replace("\n", "\r\n"), language_id)
    finding = await document.finding()
    assert span.fullmatch(document.covered(finding.range))
    document.replace(flaw, fixed)
    await document.clean()
    document.replace(fixed, flaw)
    assert (await document.finding()).range == finding.range


async def test_only_newlines_end_lines(session):
    """U+2028, U+0085, a vertical tab and a form feed are ordinary characters to the protocol."""
    text = "/* a\u2028b\u0085c\u000bd\u000ce */\n" + samples.TYPESCRIPT
    document = session.open("report.ts", text, "typescript")
    finding = await document.finding()
    assert finding.range.start.line == 4
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered(finding.range))


async def test_positions_inside_a_surrogate_pair_and_past_the_end_are_clamped(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    if session.encoding == "utf-16":
        emoji = document.range("😀")
        inside = lsp.Position(emoji.start.line, emoji.start.character + 1)
        document.change([lsp.TextDocumentContentChangePartial(text="+", range=lsp.Range(inside, inside))])
        assert "+😀" in document.text
        assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))
    line = document.range("const https").start.line
    past = lsp.Position(line, 9_999)
    document.change([lsp.TextDocumentContentChangePartial(text=" // end", range=lsp.Range(past, past))])
    assert "require('https'); // end\n" in document.text
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))
    beyond = lsp.Position(9_999, 0)
    document.change([lsp.TextDocumentContentChangePartial(text="// last\n", range=lsp.Range(beyond, beyond))])
    assert document.text.endswith("}\n// last\n")
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))


async def test_surrogate_pairs_in_the_edit_itself(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    document.replace("'x'", "'😀é𝒳'")
    document.replace("😀", "🦀🦀", occurrence=1)
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))


async def test_two_documents_do_not_mix(session):
    flawed = session.open("a.ts", samples.TYPESCRIPT, "typescript")
    clean = session.open("b.ts", samples.TYPESCRIPT.replace(samples.TYPESCRIPT_FLAW, ""), "typescript")
    await clean.clean()
    await flawed.finding()


async def test_tsx_and_javascript_by_language_id(session):
    for name, language_id in (("a.tsx", "typescriptreact"), ("a.js", "javascript"), ("a.jsx", "javascriptreact")):
        text = samples.TYPESCRIPT.replace(": void", "")
        document = session.open(name, text, language_id)
        assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range)), name


async def test_closing_clears(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    document.close()
    if not session.profile.pull:

        async def cleared():
            while session.last_published(document.uri).diagnostics:
                await asyncio.sleep(0.01)

        await asyncio.wait_for(cleared(), harness.TIMEOUT)
    # Versions start anew; nothing of the earlier text may be left.
    again = session.open("report.ts", "export const nothing = 1;\n", "typescript")
    await again.clean()
    again.close()
    await asyncio.sleep(harness.QUIET)
    last = session.last_published(document.uri)
    assert last is None or not last.diagnostics


async def test_unknown_language_is_ignored_politely(session):
    unknown = session.open("ledger.cob", "IDENTIFICATION DIVISION.\n" + samples.TYPESCRIPT, "cobol")
    unknown.replace("DIVISION", "DIVISIONS 😀")
    if session.profile.pull:
        report = await unknown.pull()
        assert isinstance(report, lsp.RelatedFullDocumentDiagnosticReport) and not report.items
    assert await unknown.hover(lsp.Position(0, 0)) == ""
    known = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await known.finding()
    last = session.last_published(unknown.uri)
    assert last is None or not last.diagnostics
    assert [message for message in session.client.messages if message.type == lsp.MessageType.Error] == []
    unknown.close()


async def test_unsaved_document_without_a_path(session):
    text = samples.TYPESCRIPT
    document = harness.Document(session, "untitled:Untitled-1", text, "typescript")
    session.client.text_document_did_open(
        lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(document.uri, "typescript", 1, text))
    )
    assert samples.TYPESCRIPT_SPAN.fullmatch(document.covered((await document.finding()).range))


async def test_push_carries_the_version(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await session.published(document.uri, 1, lambda found: any(item.code == RULE for item in found))
    document.replace(samples.TYPESCRIPT_FLAW, samples.TYPESCRIPT_FIXED)
    await session.published(document.uri, 2, lambda found: not found)
    last = session.last_published(document.uri)
    assert (last.version, list(last.diagnostics)) == (2, [])


test_push_carries_the_version.profiles = [profile for profile in harness.PROFILES if not profile.pull]


async def test_pull_with_result_ids(session):
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    first = await document.pull()
    assert isinstance(first, lsp.RelatedFullDocumentDiagnosticReport)
    assert [item.code for item in first.items] == [RULE]
    assert first.result_id, "a full report without a result id can never be answered `unchanged`"
    second = await document.pull(first.result_id)
    assert isinstance(second, lsp.RelatedUnchangedDocumentDiagnosticReport), second
    assert second.result_id
    document.replace(samples.TYPESCRIPT_FLAW, samples.TYPESCRIPT_FIXED)
    third = await document.pull(second.result_id)
    assert isinstance(third, lsp.RelatedFullDocumentDiagnosticReport) and not third.items
    stale = await document.pull(first.result_id)
    assert isinstance(stale, lsp.RelatedFullDocumentDiagnosticReport) and not stale.items


test_pull_with_result_ids.profiles = [profile for profile in harness.PROFILES if profile.pull]


async def test_pulled_findings_are_not_pushed_too(session):
    """An editor that pulls shows pushed diagnostics beside the pulled ones: each finding twice."""
    document = session.open("report.ts", samples.TYPESCRIPT, "typescript")
    await document.finding()
    await asyncio.sleep(harness.QUIET)
    last = session.last_published(document.uri)
    assert last is None or not last.diagnostics


test_pulled_findings_are_not_pushed_too.profiles = [profile for profile in harness.PROFILES if profile.pull]
