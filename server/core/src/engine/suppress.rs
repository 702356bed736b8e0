//! Suppressions in the source: `// sidenote: allow(rule-id) -- reason`.
//!
//! A comment at the end of a line speaks for that line. A comment on a line of its own speaks for the next line of code,
//! and, where a function or class begins there, for all of it. `allow-file(rule-id)` speaks for the file. The reason is
//! required; a suppression that silences nothing is reported.

use std::ops::Range;

use crate::blocks;
use crate::config::Settings;
use crate::document::Document;
use crate::findings::{Finding, Fix};
use crate::rules::{self, Rule};
use crate::syntax::{Arena, Node, Span};
use crate::text::Text;

use super::foreign::{Reach, taken_back};

/// A suppression comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suppression {
    /// The comment, in its block's own text.
    span: Span,
    /// Rule ids, as written.
    rules: Vec<String>,
    /// Whether it speaks for the whole file.
    whole_file: bool,
    /// Why; `Err` says what is wrong with the comment.
    reason: Result<String, String>,
    /// For a comment that speaks to another linter, what it speaks for; `None` for one of ours.
    foreign: Option<Reach>,
}

impl Suppression {
    /// The comment, in its block's own text.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    /// The same at another place.
    pub(super) fn moved(&self, span: Span) -> Option<Suppression> {
        Some(Suppression { span, ..self.clone() })
    }
}

/// Suppressions among a block's comments.
pub(super) fn read(arena: &Arena, settings: &Settings) -> Vec<Suppression> {
    let ours = |c: Node<'_>| parse(c.text(), c.span(), settings);
    arena.comments().filter_map(|comment| ours(comment).or_else(|| foreign(comment.text(), comment.span()))).collect()
}

/// A comment that silences another linter about something that we tell of, too.
fn foreign(comment: &str, span: Span) -> Option<Suppression> {
    let found = super::foreign::parse(comment)?;
    let (rules, reason) = (found.rules, Ok(found.reason));
    Some(Suppression { span, rules, whole_file: false, reason, foreign: Some(found.reach) })
}

fn parse(comment: &str, span: Span, settings: &Settings) -> Option<Suppression> {
    let body = comment.trim_start_matches(['/', '*', '!', ' ', '\t']);
    let rest = body.strip_prefix("sidenote:")?.trim_start();
    let (whole_file, rest) = match (rest.strip_prefix("allow-file"), rest.strip_prefix("allow")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => {
            let reason = Err("write `sidenote: allow(rule-id) -- reason`".to_owned());
            return Some(Suppression { span, rules: Vec::new(), whole_file: false, reason, foreign: None });
        }
    };
    let inside = rest.trim_start().strip_prefix('(').and_then(|r| r.split_once(')'));
    let Some((ids, tail)) = inside else {
        let reason = Err("name the rules in parentheses: `allow(rule-id) -- reason`".to_owned());
        return Some(Suppression { span, rules: Vec::new(), whole_file, reason, foreign: None });
    };
    let rules: Vec<String> = ids.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    let tail = tail.trim().trim_end_matches("*/").trim();
    let reason = tail.strip_prefix("--").map_or("", str::trim);
    let reason = if let Some(unknown) = rules.iter().find(|id| settings.find(id).is_none()) {
        let near = rules::suggestions(unknown);
        let hint = near.first().map_or_else(String::new, |id| format!("; did you mean `{id}`?"));
        Err(format!("there is no rule `{unknown}`{hint}"))
    } else if rules.is_empty() {
        Err("name a rule: `allow(rule-id) -- reason`".to_owned())
    } else if reason.chars().filter(|c| c.is_alphanumeric()).count() < 3 {
        Err("say why after `--`: a suppression without a reason does not count".to_owned())
    } else {
        Ok(reason.to_owned())
    };
    Some(Suppression { span, rules, whole_file, reason, foreign: None })
}

/// A suppression with its place in the file.
pub(super) struct Placed {
    suppression: Suppression,
    range: Range<usize>,
    /// First and last byte for which it speaks.
    speaks_for: Range<usize>,
    used: Vec<bool>,
}

impl Placed {
    pub(super) fn new(suppression: &Suppression, placed: blocks::Placed<'_>, text: &Text) -> Placed {
        let range = placed.range(suppression.span);
        let speaks_for = match suppression.foreign {
            _ if suppression.whole_file => 0..usize::MAX,
            None => reach(&range, placed, text),
            Some(Reach::Rest) => {
                let rest = text.slice(range.end, text.len());
                let comment = text.slice(range.start, range.end);
                range.start..taken_back(&comment, &rest).map_or(usize::MAX, |at| range.end + at)
            }
            Some(reach) => {
                let line = text.line_of(range.end.saturating_sub(1)) + usize::from(reach == Reach::Next);
                text.line_start(line)..text.line_start(line + 1)
            }
        };
        Placed { suppression: suppression.clone(), range, speaks_for, used: vec![false; suppression.rules.len()] }
    }
}

/// The bytes of a document for which comments silence a rule.
pub(super) fn silenced(document: &Document, settings: &Settings, rule: &str) -> Vec<Range<usize>> {
    let speaks_for = |placed: blocks::Placed<'_>| -> Vec<Range<usize>> {
        let about_it = read(placed.block.arena(), settings)
            .into_iter()
            .filter(|s| s.reason.is_ok() && s.rules.iter().any(|r| r == rule));
        about_it.map(|s| Placed::new(&s, placed, document.text()).speaks_for).collect()
    };
    document.blocks().iter().flat_map(speaks_for).collect()
}

/// Longest run of comment and attribute lines between a suppression and its code.
const MAX_LINES_BETWEEN: usize = 50;

fn reach(range: &Range<usize>, placed: blocks::Placed<'_>, text: &Text) -> Range<usize> {
    let line = text.line_of(range.start);
    let before = text.slice(text.line_start(line), range.start);
    // `{/* .. */}` in JSX stands on a line of its own too.
    if !before.trim().trim_start_matches('{').is_empty() {
        return text.line_start(line)..text.line_start(line + 1);
    }
    let mut next = text.line_of(range.end.saturating_sub(1)) + 1;
    let mut start = text.line_start(next);
    let mut in_comment = false;
    for _ in 0..MAX_LINES_BETWEEN {
        let content = text.slice(start, text.line_start(next + 1));
        let skipped = is_between(content.trim(), &mut in_comment);
        if !skipped || next >= text.lines() {
            break;
        }
        next += 1;
        start = text.line_start(next);
    }
    let end = text.line_start(next + 1);
    // A block that begins on that line: the child of the comment's block, or, where the comment comes first in a file
    // or class, whatever starts there.
    let block = placed.children_starting_in(start..end).map(|r| r.end).max();
    start..end.max(block.unwrap_or(0))
}

/// Whether a trimmed line holds nothing but comments or an attribute. `in_comment` tells whether a block comment is open at
/// its start, and then at its end.
fn is_between(line: &str, in_comment: &mut bool) -> bool {
    let mut rest = line;
    loop {
        if *in_comment {
            let Some((_, after)) = rest.split_once("*/") else { return true };
            *in_comment = false;
            // The comment of JSX is in braces.
            rest = after.trim_start().trim_start_matches('}').trim_start();
        }
        match rest.strip_prefix("/*").or_else(|| rest.strip_prefix("{/*")) {
            Some(inside) => (rest, *in_comment) = (inside, true),
            None => break,
        }
    }
    rest.is_empty() || rest.starts_with("//") || ["#[", "@"].iter().any(|l| rest.starts_with(l)) && !rest.ends_with('{')
}

/// Marks suppressed findings, and reports suppressions that are wrong or silence nothing.
pub(super) fn apply(document: &Document, settings: &Settings, mut all: Vec<Placed>, findings: &mut Vec<Finding>) {
    if all.is_empty() {
        return;
    }
    for finding in findings.iter_mut() {
        for placed in &mut all {
            let Ok(reason) = &placed.suppression.reason else { continue };
            if !placed.speaks_for.contains(&finding.range.start) {
                continue;
            }
            if let Some(i) = placed.suppression.rules.iter().position(|id| id == finding.rule.id) {
                placed.used[i] = true;
                finding.suppressed = Some(reason.clone());
            }
        }
    }
    let family = document.language().family;
    for placed in all {
        match &placed.suppression.reason {
            // Whether the other linter still finds something is its own affair.
            _ if placed.suppression.foreign.is_some() => {}
            Err(problem) => report(findings, "invalid-suppression", &placed.range, problem.clone(), None, settings),
            Ok(_) => {
                let unused = |(id, used): (&String, &bool)| {
                    let runs = settings.find(id).is_some_and(|(r, s)| s.enabled && r.families.contains(&family));
                    (!used && runs).then(|| id.clone())
                };
                let ids: Vec<String> = placed.suppression.rules.iter().zip(&placed.used).filter_map(unused).collect();
                // In a block that is held what it silences may be out of sight.
                if !ids.is_empty() && !document.is_held() {
                    let message =
                        format!("Nothing here is flagged by `{}`: this suppression can go.", ids.join("`, `"));
                    let fix = (ids.len() == placed.suppression.rules.len()).then(|| Fix {
                        title: "Remove the suppression".into(),
                        edits: vec![(placed.range.clone(), String::new())],
                        safe: true,
                    });
                    report(findings, "unused-suppression", &placed.range, message, fix, settings);
                }
            }
        }
    }
}

fn report(
    findings: &mut Vec<Finding>,
    id: &str,
    range: &Range<usize>,
    message: String,
    fix: Option<Fix>,
    settings: &Settings,
) {
    let Some(index) = rules::index(id) else { return };
    let rule: &'static Rule = rules::all()[index];
    if !settings.rules[index].enabled {
        return;
    }
    findings.push(Finding {
        rule,
        severity: settings.rules[index].severity.unwrap_or(rule.severity),
        confidence: rule.confidence,
        range: range.clone(),
        message: if message.ends_with('.') { message } else { format!("This suppression does not count: {message}.") },
        related: Vec::new(),
        flow: Vec::new(),
        fixes: fix.into_iter().collect(),
        symbol: String::new(),
        suppressed: None,
        feedback: None,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(comment: &str) -> Option<Result<(Vec<String>, String), String>> {
        parse(comment, Span::default(), &Settings::default()).map(|s| s.reason.map(|r| (s.rules, r)))
    }

    #[test]
    fn code_behind_a_comment_is_code() {
        let between = |lines: &[&str]| {
            let mut in_comment = false;
            lines.iter().take_while(|l| is_between(l.trim(), &mut in_comment)).count()
        };
        assert_eq!(between(&["", "// x", "/* a", "b", " * c */", "#[inline]", "@Get()", "{/* y */}", "f();"]), 8);
        assert_eq!(between(&["/* é😀 */ f();"]), 0);
        assert_eq!(between(&["/* a */ /* b", "*/ f();"]), 1);
        assert_eq!(between(&["*guard += 1;"]), 0);
    }

    #[test]
    fn comments_are_read() {
        let ok =
            |ids: &[&str], reason: &str| Some(Ok((ids.iter().map(ToString::to_string).collect(), reason.to_owned())));
        assert_eq!(parsed("// a comment"), None);
        assert_eq!(parsed("// see sidenote: allow(x)"), None);
        assert_eq!(
            parsed("/* sidenote: allow(async-promise-executor) -- a legacy API */"),
            ok(&["async-promise-executor"], "a legacy API")
        );
        assert!(matches!(parsed("// sidenote: allow(async-promise-executor)"), Some(Err(e)) if e.contains("why")));
        assert!(
            matches!(parsed("// sidenote: allow(async-promise-executr) -- why not"), Some(Err(e)) if e.contains("did you mean `async-promise-executor`"))
        );
        assert!(matches!(parsed("// sidenote: alow(x) -- why"), Some(Err(_))));
        assert!(matches!(parsed("// sidenote: allow() -- why"), Some(Err(_))));
        assert!(matches!(parsed("// sidenote: allow"), Some(Err(_))));
    }
}
