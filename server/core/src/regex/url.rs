//! Patterns that check URLs or host names and let others through.

use std::ops::Range;

use super::allow::begins_with_anchor;
use super::ast::{Assertion, Ast, ClassForm, Kind, NodeId};

/// What is wrong with a URL or host check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFlaw {
    /// A dot of the host matches any character: `www.example.com` without backslashes.
    UnescapedDot,
    /// The host may be found anywhere in the text: nothing anchors the start.
    MissingStart,
    /// Anything may follow the host: `https://example.com.evil.org` passes.
    MissingEnd,
    /// `^a|b$`: the anchors belong to one branch each.
    HalfAnchored,
}

/// A flaw and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlIssue {
    /// Byte range in the pattern.
    pub span: Range<usize>,
    /// What is wrong.
    pub flaw: UrlFlaw,
}

const TOP_LEVEL: [&str; 32] = [
    "com", "org", "net", "io", "dev", "app", "co", "uk", "de", "fr", "eu", "edu", "gov", "info", "biz", "me", "ai",
    "us", "cn", "ru", "jp", "br", "in", "ca", "au", "nl", "ch", "it", "es", "pl", "se", "cloud",
];

#[derive(Clone, Debug)]
enum Token {
    /// A letter, digit or hyphen.
    Label(char),
    Dot,
    AnyDot,
    /// Any other literal.
    Other,
    Start,
    End,
    /// Something that may or may not be there, or is not literal.
    Open,
}

struct Piece {
    token: Token,
    span: Range<usize>,
}

/// Judges a pattern that is applied to a URL or a host name.
///
/// Only patterns with a literal host (`label.tld`, with a well-known top-level domain) are judged.
#[must_use]
pub fn missing_anchor(ast: &Ast) -> Vec<UrlIssue> {
    let root = ast.peel(ast.root());
    let branches: Vec<NodeId> = match ast.kind(root) {
        Kind::Alternate(branches) => branches.clone(),
        _ => vec![root],
    };
    let mut issues = Vec::new();
    let mut any_host = false;
    for &branch in &branches {
        let mut pieces = Vec::new();
        flatten(ast, branch, &mut pieces);
        any_host |= judge(&pieces, begins_with_anchor(ast, branch, false), &mut issues);
    }
    if any_host && let [first, .., last] = branches[..] {
        let at = |id, start| begins_with_anchor(ast, id, start);
        let opened = at(first, true) && !at(last, true);
        let closed = at(last, false) && !at(first, false);
        if opened || closed {
            issues.retain(|issue| issue.flaw == UrlFlaw::UnescapedDot);
            issues.push(UrlIssue { span: ast.node(root).span.clone(), flaw: UrlFlaw::HalfAnchored });
        }
    }
    issues
}

fn flatten(ast: &Ast, id: NodeId, out: &mut Vec<Piece>) {
    let node = ast.node(id);
    let mut push = |token| out.push(Piece { token, span: node.span.clone() });
    match &node.kind {
        Kind::Char { c, escaped, .. } => match char::from_u32(*c) {
            Some('.') if *escaped => push(Token::Dot),
            Some(c) if c.is_ascii_alphanumeric() || c == '-' => push(Token::Label(c)),
            Some(_) => push(Token::Other),
            None => push(Token::Open),
        },
        Kind::Class { form: ClassForm::Dot, .. } => push(Token::AnyDot),
        Kind::Class { set, .. } => match ast.set(*set).only().and_then(char::from_u32) {
            Some('.') => push(Token::Dot),
            Some('/') => push(Token::Other),
            _ => push(Token::Open),
        },
        Kind::Assert(Assertion::StartText) => push(Token::Start),
        Kind::Assert(Assertion::EndText | Assertion::EndTextNewline) => push(Token::End),
        Kind::Concat(items) => items.iter().for_each(|&item| flatten(ast, item, out)),
        Kind::Group { body, .. } => flatten(ast, *body, out),
        // `(^|\.)`, `(^|//)`: the host begins at a border either way.
        Kind::Alternate(branches) if branches.iter().all(|&b| borders(ast, b)) => push(Token::Start),
        _ => push(Token::Open),
    }
}

/// True when `id` ends in a border of a host: the start of the text, a dot, a slash or an `@`-free separator.
fn borders(ast: &Ast, id: NodeId) -> bool {
    match ast.kind(id) {
        Kind::Assert(a) => *a == Assertion::StartText,
        Kind::Char { c, .. } => *c == u32::from('.') || *c == u32::from('/'),
        Kind::Group { body, .. } => borders(ast, *body),
        Kind::Concat(items) => items.last().is_some_and(|&last| borders(ast, last)),
        _ => false,
    }
}

/// Looks for a literal host in `pieces`; true when there is one.
fn judge(pieces: &[Piece], anchored_end: bool, issues: &mut Vec<UrlIssue>) -> bool {
    let in_host = |p: &Piece| matches!(p.token, Token::Label(_) | Token::Dot | Token::AnyDot);
    let (mut at, mut found) = (0, false);
    while at < pieces.len() {
        if !in_host(&pieces[at]) {
            at += 1;
            continue;
        }
        let run = pieces[at..].iter().take_while(|p| in_host(p)).count();
        if let Some(host) = host(&pieces[at..at + run]) {
            found = true;
            let (from, to) = (at + host.start, at + host.end);
            let span = pieces[from].span.start..pieces[to - 1].span.end;
            for piece in pieces[from..to].iter().filter(|p| matches!(p.token, Token::AnyDot)) {
                issues.push(UrlIssue { span: piece.span.clone(), flaw: UrlFlaw::UnescapedDot });
            }
            let before = &pieces[..from];
            let started = before.iter().any(|p| matches!(p.token, Token::Start));
            let after_border = matches!(before.last(), Some(Piece { token: Token::Dot, .. }));
            let bounded = started || (after_border && anchored_end);
            if !bounded {
                issues.push(UrlIssue { span: span.clone(), flaw: UrlFlaw::MissingStart });
            } else if to == pieces.len() && !anchored_end {
                issues.push(UrlIssue { span, flaw: UrlFlaw::MissingEnd });
            }
        }
        at += run;
    }
    found
}

/// The part of a run that is a host name: at least two labels, the last one a known top-level domain.
fn host(run: &[Piece]) -> Option<Range<usize>> {
    let letter = |p: &Piece| match p.token {
        Token::Label(c) => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    let leading = run.iter().take_while(|p| letter(p).is_none()).count();
    let trailing = run.iter().rev().take_while(|p| letter(p).is_none()).count();
    let run_end = run.len().checked_sub(trailing)?;
    if leading >= run_end {
        return None;
    }
    let labels: Vec<String> =
        run[leading..run_end].split(|p| letter(p).is_none()).map(|l| l.iter().filter_map(letter).collect()).collect();
    let [.., second, last] = &labels[..] else { return None };
    let known = TOP_LEVEL.contains(&last.as_str());
    let plausible = second.len() >= 2 && labels.iter().all(|l| !l.is_empty());
    (known && plausible).then_some(leading..run_end)
}
