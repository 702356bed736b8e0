//! A rule's cases: code with the expected findings written beside it.

/// What a case shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Must be flagged, exactly where it is marked.
    Bad,
    /// Must stay silent.
    Good,
    /// Looks like a bad one and is not: must stay silent.
    NearMiss,
}

/// One case.
///
/// In the code of a bad case `//~ rule-id` marks a finding that starts on its own line and `//~^ rule-id` one that starts
/// on the line above (each further `^` one line more). Other rules' findings do not count.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it shows.
    pub verdict: Verdict,
    /// The file's name; its extension tells the language.
    pub file: &'static str,
    /// The code.
    pub code: &'static str,
}

impl Case {
    /// Code that must be flagged.
    pub const fn bad(file: &'static str, code: &'static str) -> Case {
        Case { verdict: Verdict::Bad, file, code }
    }

    /// Code that must not be flagged.
    pub const fn good(file: &'static str, code: &'static str) -> Case {
        Case { verdict: Verdict::Good, file, code }
    }

    /// Code that looks wrong and is right.
    pub const fn near_miss(file: &'static str, code: &'static str) -> Case {
        Case { verdict: Verdict::NearMiss, file, code }
    }

    /// The lines, counted from one, on which the case expects findings of a rule, ascending.
    pub fn expected(&self, rule: &str) -> Vec<usize> {
        let mut lines: Vec<usize> = self
            .code
            .lines()
            .enumerate()
            .flat_map(|(i, line)| {
                let marks = line.split("//~").skip(1).filter_map(move |mark| {
                    let up = mark.chars().take_while(|c| *c == '^').count();
                    (mark[up..].split_whitespace().next() == Some(rule)).then(|| (i + 1).saturating_sub(up))
                });
                marks.collect::<Vec<_>>()
            })
            .collect();
        lines.sort_unstable();
        lines
    }
}
