//! Every rule judged by its own cases.

use super::{Case, Rule, all};
use crate::config::Config;
use crate::document::Document;
use crate::engine::Engine;

/// How a rule does on its own cases, counted in findings.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// The rule.
    pub rule: &'static Rule,
    /// Cases.
    pub cases: usize,
    /// Findings where one is expected.
    pub true_positives: usize,
    /// Findings where none is.
    pub false_positives: usize,
    /// Expected findings that are missing.
    pub false_negatives: usize,
}

impl Measure {
    /// Share of the findings that are true; 1 if there is none.
    pub fn precision(&self) -> f64 {
        share(self.true_positives, self.false_positives)
    }

    /// Share of the expected findings that are made; 1 if there is none.
    pub fn recall(&self) -> f64 {
        share(self.true_positives, self.false_negatives)
    }

    /// Whether every case is judged right.
    pub fn is_perfect(&self) -> bool {
        self.false_positives == 0 && self.false_negatives == 0
    }
}

fn share(right: usize, wrong: usize) -> f64 {
    if right + wrong == 0 { 1.0 } else { right as f64 / (right + wrong) as f64 }
}

/// Judges all rules, in the order of [`all`].
pub fn measure() -> Vec<Measure> {
    let engine = Engine::new(Config::everything());
    all().iter().map(|rule| measure_rule(&engine, rule)).collect()
}

fn measure_rule(engine: &Engine, rule: &'static Rule) -> Measure {
    let mut sum = Measure { rule, cases: rule.cases.len(), true_positives: 0, false_positives: 0, false_negatives: 0 };
    for case in rule.cases {
        let expected = case.expected(rule.id);
        // A case that cannot be read has all of its findings missing.
        let found = found(engine, rule, case).unwrap_or_default();
        let (mut e, mut f) = (expected.iter().peekable(), found.iter().peekable());
        loop {
            match (e.peek(), f.peek()) {
                (Some(a), Some(b)) if a == b => {
                    sum.true_positives += 1;
                    e.next();
                    f.next();
                }
                (Some(a), Some(b)) if a < b => {
                    sum.false_negatives += 1;
                    e.next();
                }
                (_, Some(_)) => {
                    sum.false_positives += 1;
                    f.next();
                }
                (Some(_), None) => {
                    sum.false_negatives += 1;
                    e.next();
                }
                (None, None) => break,
            }
        }
    }
    sum
}

/// The lines, counted from one, on which a rule speaks in a case, ascending; `None` if the case cannot be parsed.
pub(super) fn found(engine: &Engine, rule: &Rule, case: &Case) -> Option<Vec<usize>> {
    let language = crate::grammars::by_path(case.file)?;
    let document = Document::new(case.file, language, case.code, 1).ok()?;
    let report = engine.analyze(&document);
    let mut lines: Vec<usize> =
        report.active().filter(|f| f.rule == rule).map(|f| document.text().line_of(f.range.start) + 1).collect();
    lines.sort_unstable();
    Some(lines)
}
