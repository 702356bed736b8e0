//! Rules judged by their cases: `sidenote rules test`.

use super::Patterns;
use crate::rules::Rule;
use crate::syntax::SyntaxTree;

/// How a rule did.
pub struct Tested {
    /// The rule.
    pub rule: &'static Rule,
    /// How many cases it has, over all of its languages.
    pub cases: usize,
    /// The cases in which it is wrong.
    pub failures: Vec<Failure>,
}

/// A case in which a rule is wrong.
pub struct Failure {
    /// The language that the code was read in.
    pub language: &'static str,
    /// The code.
    pub code: String,
    /// What is wrong.
    pub why: &'static str,
}

impl Patterns {
    /// Runs every rule on its cases.
    pub fn test(&self) -> Vec<Tested> {
        self.patterns()
            .iter()
            .map(|pattern| {
                let mut tested = Tested { rule: pattern.rule, cases: 0, failures: Vec::new() };
                let valid = pattern.valid.iter().map(|c| (c, false));
                for (code, bad) in valid.chain(pattern.invalid.iter().map(|c| (c, true))) {
                    for matcher in &pattern.matchers {
                        tested.cases += 1;
                        let language = matcher.language.0;
                        let mut fail = |why| {
                            tested.failures.push(Failure { language: language.name, code: code.clone(), why });
                        };
                        let Ok(tree) = SyntaxTree::parse_str(language, code) else {
                            fail("the code cannot be parsed");
                            continue;
                        };
                        let one = |rule: &Rule| rule.id == pattern.rule.id;
                        let (found, _) = self.scan(None, language, code.clone(), tree.tree(), &one);
                        match (bad, found.is_empty()) {
                            (true, true) => fail("it must find something here, and finds nothing"),
                            (false, false) => fail("it must find nothing here, and finds something"),
                            _ => {}
                        }
                    }
                }
                tested
            })
            .collect()
    }
}
