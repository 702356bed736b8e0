//! Fixes applied to a text: those that get along, round after round, each proven by a new analysis.

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::document::Document;
use crate::engine::Report;
use crate::findings::{Finding, Fix};
use crate::rules::Rule;

/// Which fixes are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Those that keep the meaning of correct code.
    Safe,
    /// Suggestions too, which somebody should look at.
    Any,
}

impl Wanted {
    /// The fix of a finding that would be applied: the first safe one, else a suggestion where those are wanted.
    pub fn of(self, finding: &Finding) -> Option<&Fix> {
        let safe = finding.fixes.iter().find(|f| f.safe);
        safe.or_else(|| finding.fixes.first().filter(|_| self == Wanted::Any))
    }
}

/// Replacements of byte ranges, ascending and disjoint.
pub type Edits = Vec<(Range<usize>, String)>;

/// A text with its fixes applied.
pub struct Fixed {
    /// The last version.
    pub document: Document,
    /// What is found in it.
    pub report: Report,
    /// What was fixed, by rule, in the order of the rounds.
    pub applied: Vec<&'static Rule>,
    /// Fixes that were not applied, since the code after them would not parse, still have the finding, or have a new one.
    pub refused: usize,
    /// Findings that nobody wants to have fixed: their rules, and where they are in the last version.
    spared: Vec<(&'static str, Range<usize>)>,
}

/// Which of a version's findings are left as they are, by their place in its report.
pub type Spares<'a> = &'a dyn Fn(&Document, &Report) -> Vec<usize>;

/// Applies the wanted fixes until there is none left. Each round applies fixes that do not touch and analyses the result: it
/// stays only if no syntax error came, the findings that were fixed are gone, and there is no new one. Ends, since every round
/// that stays leaves fewer findings. What `spares` names in the first version keeps its code through all rounds.
pub fn fix(document: Document, analyze: &dyn Fn(&Document) -> Report, wanted: Wanted, spares: Spares<'_>) -> Fixed {
    let report = analyze(&document);
    let spared = spares(&document, &report).into_iter().filter_map(|n| report.findings.get(n));
    let spared = spared.map(|f| (f.rule.id, f.range.clone())).collect();
    let mut at = Fixed { document, report, applied: Vec::new(), refused: 0, spared };
    let mut refused: FxHashSet<String> = FxHashSet::default();
    loop {
        match round(&at, &refused, analyze, wanted) {
            Round::Proven(document, report, rules, edits) => {
                let windows = breaks_as_windows(&at.document.text().to_string());
                at.spared.iter_mut().for_each(|(_, range)| *range = moved(range, &edits, windows));
                (at.document, at.report) = (document, report);
                at.applied.extend(rules);
            }
            Round::Refused(key) => {
                refused.insert(key);
                at.refused += 1;
            }
            Round::Nothing => return at,
        }
    }
}

enum Round {
    Proven(Document, Report, Vec<&'static Rule>, Edits),
    Refused(String),
    Nothing,
}

fn round(at: &Fixed, refused: &FxHashSet<String>, analyze: &dyn Fn(&Document) -> Report, wanted: Wanted) -> Round {
    let text = at.document.text().to_string();
    let spared = |f: &Finding| at.spared.iter().any(|(rule, range)| *rule == f.rule.id && touch(range, &f.range));
    let fresh = |f: &&Finding| !spared(f) && wanted.of(f).is_some_and(|fix| !refused.contains(&key(f, fix, &text)));
    let mut batch = compatible(at.report.active().filter(fresh), wanted);
    // A batch that does not prove itself is halved, down to the one fix that is to blame.
    while let [(finding, fix), rest @ ..] = &batch[..] {
        let edits = merged(&batch);
        if let Some((document, report)) = attempt(at, &text, &edits, &batch, analyze) {
            return Round::Proven(document, report, batch.iter().map(|(finding, _)| finding.rule).collect(), edits);
        }
        if rest.is_empty() {
            return Round::Refused(key(finding, fix, &text));
        }
        batch.truncate(batch.len().div_ceil(2));
    }
    Round::Nothing
}

/// Findings with the fixes that can be applied at once, first come first served: a fix that touches an earlier one waits for
/// the next round.
pub fn compatible<'a>(findings: impl Iterator<Item = &'a Finding>, wanted: Wanted) -> Vec<(&'a Finding, &'a Fix)> {
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut chosen = Vec::new();
    for finding in findings {
        let Some(fix) = wanted.of(finding).filter(|f| !f.edits.is_empty()) else { continue };
        let free = |range: &Range<usize>| {
            let next = taken.partition_point(|t| t.end < range.start);
            taken.get(next).is_none_or(|t| range.end < t.start)
        };
        let disjoint = fix.edits.windows(2).all(|w| w[0].0.end <= w[1].0.start);
        if disjoint && fix.edits.iter().all(|(range, _)| free(range)) {
            for (range, _) in &fix.edits {
                taken.insert(taken.partition_point(|t| t.end < range.start), range.clone());
            }
            chosen.push((finding, fix));
        }
    }
    chosen
}

/// The edits of fixes that do not touch, in the order of the text.
pub fn merged(fixes: &[(&Finding, &Fix)]) -> Edits {
    let mut edits: Edits = fixes.iter().flat_map(|(_, fix)| fix.edits.iter().cloned()).collect();
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    edits
}

fn touch(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// Where a range is after some edits; it grows and shrinks with those inside of it.
fn moved(range: &Range<usize>, edits: &Edits, windows: bool) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    for (at, new) in edits.iter().rev() {
        let length = new.len() + if windows { new.matches('\n').count() - new.matches("\r\n").count() } else { 0 };
        let after = |offset: usize| {
            if at.end <= offset { offset - at.len() + length } else { offset.min(at.start) }
        };
        (start, end) = (after(start), after(end));
    }
    start..end.max(start)
}

/// Whether the lines of a text end as on Windows.
fn breaks_as_windows(text: &str) -> bool {
    text.find('\n').is_some_and(|at| text[..at].ends_with('\r'))
}

/// The text with edits applied, and with the line breaks that it has itself; `None` where they do not fit it.
pub fn apply(text: &str, edits: &Edits) -> Option<String> {
    let windows = breaks_as_windows(text);
    let mut out = String::with_capacity(text.len() + edits.iter().map(|(_, t)| t.len()).sum::<usize>());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(text.get(at..range.start)?);
        if windows && new.contains('\n') {
            out.push_str(&new.replace("\r\n", "\n").replace('\n', "\r\n"));
        } else {
            out.push_str(new);
        }
        at = range.end.max(range.start);
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The document after the edits, if they do what they should.
fn attempt(
    before: &Fixed,
    text: &str,
    edits: &Edits,
    batch: &[(&Finding, &Fix)],
    analyze: &dyn Fn(&Document) -> Report,
) -> Option<(Document, Report)> {
    let gone: Vec<&Finding> = batch.iter().map(|(finding, _)| *finding).collect();
    proven((&before.document, &before.report), text, edits, &gone, analyze)
}

/// The document after some edits, if no syntax error came, these findings are gone, and there is no new one.
pub fn proven(
    (old, known): (&Document, &Report),
    text: &str,
    edits: &Edits,
    gone: &[&Finding],
    analyze: &dyn Fn(&Document) -> Report,
) -> Option<(Document, Report)> {
    let changed = apply(text, edits)?;
    let document = Document::new(old.path(), old.language(), &changed, old.version() + 1).ok()?;
    if syntax_errors(&document) > syntax_errors(old) {
        return None;
    }
    let report = analyze(&document);
    if report.gaps.len() > known.gaps.len() {
        return None;
    }
    let mut budget = counts(known);
    for finding in gone {
        let left = budget.get_mut(&(finding.rule.id, finding.symbol.as_str()))?;
        *left = left.checked_sub(1)?;
    }
    let after = counts(&report);
    let proven = after.iter().all(|(place, n)| budget.get(place).is_some_and(|b| n <= b));
    proven.then_some((document, report))
}

/// Active findings by rule and enclosing symbol.
fn counts(report: &Report) -> FxHashMap<(&'static str, &str), usize> {
    let mut counts = FxHashMap::default();
    for finding in report.active() {
        *counts.entry((finding.rule.id, finding.symbol.as_str())).or_default() += 1;
    }
    counts
}

/// Places that the parser could not make sense of.
fn syntax_errors(document: &Document) -> usize {
    let Ok(tree) = document.tree() else { return usize::MAX };
    let root = tree.tree().root_node();
    if !root.has_error() {
        return 0;
    }
    let mut cursor = root.walk();
    let mut errors = 0;
    loop {
        let node = cursor.node();
        errors += usize::from(node.is_error() || node.is_missing());
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return errors;
            }
        }
    }
}

/// Names a fix, wherever its line may move.
fn key(finding: &Finding, fix: &Fix, text: &str) -> String {
    let mut key = format!("{}\0{}\0{}\0", finding.rule.id, finding.symbol, finding.message);
    let at = finding.range.start.min(text.len());
    let start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    key.push_str(text.get(start..).and_then(|t| t.lines().next()).unwrap_or_default());
    for (range, new) in &fix.edits {
        key.push('\0');
        key.push_str(text.get(range.clone()).unwrap_or_default());
        key.push('\0');
        key.push_str(new);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::engine::Engine;
    use crate::rules::{self, Verdict};

    fn open(path: &str, text: &str) -> Document {
        Document::new(path, crate::grammars::by_path(path).expect("language"), text, 1).expect("parses")
    }

    fn none(_: &Document, _: &Report) -> Vec<usize> {
        Vec::new()
    }

    fn fixed(path: &str, text: &str, wanted: Wanted) -> Fixed {
        let engine = Engine::new(Config::everything());
        fix(open(path, text), &|d| engine.analyze(d), wanted, &none)
    }

    /// What `--fix` does to the bad cases of every rule: each rule that offers a safe fix has it applied somewhere, none is
    /// refused, no syntax error comes, and a second run changes nothing.
    #[test]
    fn safe_fixes_hold_over_every_rule_s_cases() {
        let engine = Engine::new(Config::everything());
        let mut wrong = String::new();
        let mut applied: FxHashSet<&str> = FxHashSet::default();
        let mut offered: FxHashSet<&str> = FxHashSet::default();
        for rule in rules::all() {
            for case in rule.cases.iter().filter(|c| c.verdict == Verdict::Bad) {
                for code in [case.code.to_owned(), format!("\u{feff}{}", case.code.replace('\n', "\r\n"))] {
                    let document = open(case.file, &code);
                    let before = engine.analyze(&document);
                    offered.extend(before.active().filter(|f| f.fixes.iter().any(|x| x.safe)).map(|f| f.rule.id));
                    let errors = syntax_errors(&document);
                    let once = fix(document, &|d| engine.analyze(d), Wanted::Safe, &none);
                    let text = once.document.text().to_string();
                    applied.extend(once.applied.iter().map(|r| r.id));
                    if once.refused > 0 {
                        wrong += &format!("\n{}: a safe fix is refused:\n{code}\n", rule.id);
                    }
                    assert!(syntax_errors(&once.document) <= errors, "{}: {text}", rule.id);
                    assert_eq!(text.starts_with('\u{feff}'), code.starts_with('\u{feff}'), "{}", rule.id);
                    if code.contains('\r') {
                        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{}:\n{text}", rule.id);
                    }
                    let twice = fix(open(case.file, &text), &|d| engine.analyze(d), Wanted::Safe, &none);
                    assert_eq!(twice.document.text().to_string(), text, "{}: not at rest", rule.id);
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
        assert!(offered.len() >= 5, "{offered:?}");
        assert_eq!(offered.difference(&applied).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn all_of_a_file_is_fixed_in_one_call() {
        let text = "const a = b.map((x) => x.y).flat();\nconst c = d.map((x) => x.map((y) => y.z).flat()).flat();\nconst e = f === NaN;\n";
        let fixed = fixed("a.js", text, Wanted::Any);
        assert_eq!(
            fixed.document.text().to_string(),
            "const a = b.flatMap((x) => x.y);\nconst c = d.flatMap((x) => x.flatMap((y) => y.z));\nconst e = Number.isNaN(f);\n"
        );
        assert_eq!((fixed.applied.len(), fixed.refused), (4, 0));
    }

    #[test]
    fn a_fix_that_proves_nothing_is_refused_and_the_others_are_applied() {
        let engine = Engine::new(Config::everything());
        let analyze = |d: &Document| {
            let mut report = engine.analyze(d);
            for finding in &mut report.findings {
                for (_, new) in finding.fixes.iter_mut().flat_map(|f| &mut f.edits) {
                    // Of the second line's fix nothing is left but a syntax error.
                    if finding.range.start > 10 && d.text().line_of(finding.range.start) == 1 {
                        *new = "((".into();
                    }
                }
            }
            report
        };
        let text = "const a = b === NaN;\nconst c = d === NaN;\nconst e = f === NaN;\n";
        let fixed = fix(open("a.js", text), &analyze, Wanted::Any, &none);
        assert_eq!(
            fixed.document.text().to_string(),
            "const a = Number.isNaN(b);\nconst c = d === NaN;\nconst e = Number.isNaN(f);\n"
        );
        assert_eq!((fixed.applied.len(), fixed.refused), (2, 1));
    }

    #[test]
    fn suppressed_findings_keep_their_code() {
        let text = "// sidenote: allow(nan-comparison) -- shows what not to write\nconst a = b === NaN;\n";
        assert_eq!(fixed("a.js", text, Wanted::Any).document.text().to_string(), text);
    }

    #[test]
    fn what_is_spared_keeps_its_code_through_all_rounds() {
        let engine = Engine::new(Config::everything());
        let text = "const x = a.map((x) => x.map((y) => y.z).flat()).flat();\nconst a = b === NaN;\nconst c = d === NaN;\nconst e = f === NaN;\n";
        for code in [text.to_owned(), text.replace('\n', "\r\n")] {
            let second = |_: &Document, report: &Report| {
                let of_rule = report.findings.iter().enumerate().filter(|(_, f)| f.rule.id == "nan-comparison");
                of_rule.map(|(n, _)| n).skip(1).take(1).collect()
            };
            let fixed = fix(open("a.js", &code), &|d| engine.analyze(d), Wanted::Any, &second);
            assert_eq!(
                fixed.document.text().to_string().replace('\r', ""),
                "const x = a.flatMap((x) => x.flatMap((y) => y.z));\nconst a = Number.isNaN(b);\nconst c = d === NaN;\nconst e = Number.isNaN(f);\n"
            );
            assert_eq!((fixed.applied.len(), fixed.refused), (4, 0), "more than one round");
        }
    }

    #[test]
    fn ranges_move_with_edits() {
        let edits = vec![(2..4, "\n\n\n".to_owned()), (10..12, String::new()), (20..20, "ab".to_owned())];
        for (range, after) in [(0..2, 0..2), (5..8, 6..9), (11..15, 11..14), (9..13, 10..12), (18..25, 17..26)] {
            assert_eq!(moved(&range, &edits, false), after, "{range:?}");
        }
        assert_eq!(moved(&(5..8), &edits, true), 9..12);
    }

    #[test]
    fn edits_take_the_line_breaks_of_the_text() {
        assert_eq!(apply("a\r\nb", &vec![(0..1, "x\ny".into())]).as_deref(), Some("x\r\ny\r\nb"));
        assert_eq!(apply("a\nb\r\n", &vec![(0..1, "x\ny".into())]).as_deref(), Some("x\ny\nb\r\n"));
        assert_eq!(apply("é", &vec![(1..2, String::new())]), None);
        assert_eq!(apply("a", &vec![(3..4, String::new())]), None);
    }

    #[test]
    fn fixes_that_touch_are_applied_one_at_a_time() {
        let report = Engine::new(Config::everything()).analyze(&open("a.js", "const a = b === NaN;\n"));
        let with = |edits: &[(usize, usize)], safe| Finding {
            fixes: vec![Fix {
                title: String::new(),
                edits: edits.iter().map(|(a, b)| (*a..*b, "x".to_owned())).collect(),
                safe,
            }],
            ..report.findings[0].clone()
        };
        let all =
            [with(&[(10, 12)], true), with(&[(0, 2), (11, 14)], true), with(&[(3, 4)], false), with(&[(5, 6)], true)];
        let ranges = |wanted| -> Vec<_> {
            merged(&compatible(all.iter(), wanted)).into_iter().map(|(r, _)| (r.start, r.end)).collect()
        };
        assert_eq!(ranges(Wanted::Safe), [(5, 6), (10, 12)]);
        assert_eq!(ranges(Wanted::Any), [(3, 4), (5, 6), (10, 12)]);
    }
}
