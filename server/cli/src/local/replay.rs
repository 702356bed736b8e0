//! How well dismissals teach: scripted people go through the findings of some code, dismiss those that do not matter to them, and fix
//! the rest. What the vote hides of the findings that come later is held against what these people think of it.

use std::collections::HashMap;
use std::time::Duration;

use sidenote_core::feedback::{NEIGHBOURS, Subject, vote};

use super::Encoder;
use crate::error::Error;
use crate::feedback::text_of;
use crate::scan::Scan;

/// Findings of one rule, and of one kind within a rule, at most: cosines of all with all are kept.
const MOST_OF_RULE: usize = 700;
const MOST_OF_KIND: usize = 40;
/// Findings that a kind must have to be dismissed.
const LEAST_OF_KIND: usize = 4;
/// How long vectors are waited for.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A finding of the history.
struct Case {
    rule: &'static str,
    /// What a person would sort it by: the function that is called.
    kind: String,
    /// The part of the code: its first folder.
    part: String,
    subject: Subject,
}

/// What scripted people think does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taste {
    /// Half of the kinds.
    Kind,
    /// Half of the kinds in each part of the code by itself.
    KindInPart,
    /// A third of the rules in each part of the code.
    RuleInPart,
}

impl Taste {
    /// All of them, with what they are called.
    pub const ALL: [(Taste, &'static str); 3] = [
        (Taste::Kind, "by the function called"),
        (Taste::KindInPart, "by function and package"),
        (Taste::RuleInPart, "by rule and package"),
    ];

    fn dislikes(self, case: &Case, kinds: &HashMap<(&str, &str), usize>, seed: u64) -> bool {
        let draw = |parts: &[&str], of: u8| {
            let hash = blake3::hash(format!("{seed} {}", parts.join("\0")).as_bytes());
            hash.as_bytes()[0].is_multiple_of(of)
        };
        let common = kinds[&(case.rule, case.kind.as_str())] >= LEAST_OF_KIND;
        match self {
            Taste::Kind => common && draw(&[case.rule, &case.kind], 2),
            Taste::KindInPart => common && draw(&[case.rule, &case.kind, &case.part], 2),
            Taste::RuleInPart => draw(&[case.rule, &case.part], 3),
        }
    }
}

/// What came of some histories.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Findings that matter, and of those the ones that were hidden.
    pub wanted: usize,
    pub lost: usize,
    /// Findings that do not, and of those the ones that were dismissed by hand and that were hidden.
    pub unwanted: usize,
    pub dismissed: usize,
    pub hidden: usize,
}

impl Outcome {
    /// Share of what was hidden that did not matter.
    pub fn precision(&self) -> f64 {
        self.hidden as f64 / (self.hidden + self.lost).max(1) as f64
    }

    /// Share of what matters that was hidden.
    pub fn loss(&self) -> f64 {
        self.lost as f64 / self.wanted.max(1) as f64
    }

    /// Share of what does not matter that nobody had to dismiss.
    pub fn saved(&self) -> f64 {
        self.hidden as f64 / self.unwanted.max(1) as f64
    }
}

/// Rows of cosines; none for a text that the model could not read.
type Cosines = Vec<Option<Vec<f32>>>;

/// The findings of a scan with their cosines, ready to be replayed.
pub struct Replay {
    cases: Vec<Case>,
    /// By rule: the cases, and their cosines row by row.
    by_rule: HashMap<&'static str, (Vec<usize>, Cosines)>,
}

impl Replay {
    /// Embeds the findings of a scan.
    ///
    /// # Errors
    /// When the model fails.
    pub fn new(scan: &Scan, encoder: &Encoder) -> Result<Replay, Error> {
        let mut cases = Vec::new();
        let mut of_kind: HashMap<(&str, String), usize> = HashMap::new();
        let mut of_rule: HashMap<&str, usize> = HashMap::new();
        for file in &scan.files {
            let Some(text) = text_of(file).filter(|_| !file.findings.is_empty()) else { continue };
            // What is said of whole functions and of pairs of them is no matter of taste in a line.
            let by_line =
                |f: &&crate::scan::Finding| !f.rule.id.contains("complexity") && f.rule.id != "duplicated-block";
            for finding in file.findings.iter().filter(by_line) {
                let rule = finding.rule.id;
                let range = finding.region.range();
                let line_end = text.line_start(text.line_of(range.end.min(text.len())) + 3);
                let kind = called(&text.slice(range.start, line_end.max(range.end)));
                let (of_kind, of_rule) =
                    (of_kind.entry((rule, kind.clone())).or_default(), of_rule.entry(rule).or_default());
                if *of_kind >= MOST_OF_KIND || *of_rule >= MOST_OF_RULE {
                    continue;
                }
                (*of_kind, *of_rule) = (*of_kind + 1, *of_rule + 1);
                let part = file.path.split('/').next().unwrap_or_default().to_owned();
                let subject = Subject::of(rule, &finding.message, &text, &range);
                cases.push(Case { rule, kind, part, subject });
            }
        }
        let mut places: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (n, case) in cases.iter().enumerate() {
            places.entry(case.rule).or_default().push(n);
        }
        let mut by_rule = HashMap::new();
        for (rule, places) in places {
            let texts: Vec<String> = places.iter().map(|n| cases[*n].subject.described.clone()).collect();
            let rows = encoder.embedder.cosines(&texts, &texts, PATIENCE).map_err(Error::Host)?;
            by_rule.insert(rule, (places, rows));
        }
        Ok(Replay { cases, by_rule })
    }

    /// Findings that take part.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Histories of people with that taste; each meets the findings in an order of its own.
    pub fn run(&self, taste: Taste, histories: u64) -> Outcome {
        let mut kinds: HashMap<(&str, &str), usize> = HashMap::new();
        for case in &self.cases {
            *kinds.entry((case.rule, case.kind.as_str())).or_default() += 1;
        }
        let mut outcome = Outcome::default();
        for seed in 0..histories {
            for (places, rows) in self.by_rule.values() {
                let mut order: Vec<usize> = (0..places.len()).collect();
                order.sort_by_cached_key(|n| *blake3::hash(format!("{seed} {}", places[*n]).as_bytes()).as_bytes());
                let mut dismissed: Vec<usize> = Vec::new();
                for n in order {
                    let case = &self.cases[places[n]];
                    let is_unwanted = taste.dislikes(case, &kinds, seed);
                    let hides = rows[n].as_ref().filter(|_| dismissed.len() >= NEIGHBOURS).is_some_and(|row| {
                        let near: Vec<_> =
                            dismissed.iter().map(|d| (&self.cases[places[*d]].subject, row[*d])).collect();
                        vote(&case.subject, &near, &[]).is_some()
                    });
                    match (is_unwanted, hides) {
                        (true, true) => outcome.hidden += 1,
                        (true, false) => {
                            dismissed.push(n);
                            outcome.dismissed += 1;
                        }
                        (false, true) => outcome.lost += 1,
                        (false, false) => {}
                    }
                    outcome.unwanted += usize::from(is_unwanted);
                    outcome.wanted += usize::from(!is_unwanted);
                }
            }
        }
        outcome
    }
}

/// The first function that code calls, or how it begins.
fn called(code: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    for (at, _) in code.match_indices('(') {
        let before = code[..at].trim_end_matches(['!', '?', ' ']);
        let name = &before[before.trim_end_matches(is_part).len()..];
        if !name.is_empty() {
            return name.to_owned();
        }
    }
    code.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_the_functions_called() {
        for (code, kind) in [
            ("this.bus.emit('x', y)", "emit"),
            ("unsafe { ptr::read(p) }", "read"),
            ("panic!(\"x\")", "panic"),
            ("(a + b)", "(a + b)"),
        ] {
            assert_eq!(called(code), kind);
        }
    }

    #[test]
    fn shares_are_of_what_they_say() {
        let outcome = Outcome { wanted: 200, lost: 2, unwanted: 100, dismissed: 60, hidden: 38 };
        assert_eq!((outcome.precision(), outcome.loss(), outcome.saved()), (0.95, 0.01, 0.38));
    }
}
