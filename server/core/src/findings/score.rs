//! The health score.

use super::{Confidence, Finding, Severity};

/// A health score with what it was computed from, so that scores add up over files.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Score {
    /// Weighted sum of the findings.
    pub debt: f64,
    /// Lines of code.
    pub lines: usize,
}

/// Debt at which a thousand lines lose half of their score.
pub const HALF: f64 = 40.0;

impl Score {
    /// The score, 0 to 100: `100 * 2^(-debt / (40 * max(lines, 200) / 1000))`, rounded to one decimal.
    ///
    /// Debt is the sum over findings that are not suppressed of severity weight (info 0.5, low 1, medium 4, high 12,
    /// critical 30) times confidence weight (low 0.4, medium 0.7, high 1). Clean code that is added never lowers it, and
    /// files under 200 lines count as 200, so that one note in a small file is no catastrophe.
    pub fn value(&self) -> f64 {
        let thousands = self.lines.max(200) as f64 / 1000.0;
        (1000.0 * (-self.debt / (HALF * thousands)).exp2()).round() / 10.0
    }
}

impl std::ops::Add for Score {
    type Output = Score;

    fn add(self, other: Score) -> Score {
        Score { debt: self.debt + other.debt, lines: self.lines + other.lines }
    }
}

impl std::iter::Sum for Score {
    fn sum<I: Iterator<Item = Score>>(iter: I) -> Score {
        iter.fold(Score::default(), |a, b| a + b)
    }
}

/// The score of a file's findings.
pub fn score(findings: &[Finding], lines: usize) -> Score {
    let debt = findings.iter().filter(|f| f.suppressed.is_none()).map(|f| weight(f.severity, f.confidence)).sum();
    Score { debt, lines }
}

/// What one finding adds to the debt.
pub fn weight(severity: Severity, confidence: Confidence) -> f64 {
    let severity = match severity {
        Severity::Info => 0.5,
        Severity::Low => 1.0,
        Severity::Medium => 4.0,
        Severity::High => 12.0,
        Severity::Critical => 30.0,
    };
    let confidence = match confidence {
        Confidence::Low => 0.4,
        Confidence::Medium => 0.7,
        Confidence::High => 1.0,
    };
    severity * confidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_code_never_lowers_the_score() {
        let score = |debt, lines| Score { debt, lines }.value();
        assert_eq!(score(0.0, 0), 100.0);
        assert_eq!(score(40.0, 1000), 50.0);
        for lines in (0..5000).step_by(50) {
            assert!(score(40.0, lines + 50) >= score(40.0, lines));
        }
        assert!(score(41.0, 1000) < score(40.0, 1000));
    }
}
