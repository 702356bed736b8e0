//! What a model answers when it reviews a block: a grammar, and its texts read.

use serde::{Deserialize, Serialize};

/// Every answer is a text of this grammar. Messages and quotes are bounded, so that an answer ends.
pub const GRAMMAR: &str = r#"
root     ::= "{\"findings\":[" (note ("," note){0,2})? "]}"
note     ::= "{\"category\":\"" category "\",\"severity\":\"" severity "\",\"line\":" line ",\"quote\":\"" char{1,160} "\",\"message\":\"" char{1,240} "\",\"fix\":\"" char{0,480} "\"}"
category ::= "quality" | "security" | "performance"
severity ::= "low" | "medium" | "high"
line     ::= [1-9] [0-9]{0,4}
char     ::= [^"\\\x00-\x1f\x7f] | "\\" ["\\nt]
"#;

/// What a note is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// It does what nobody meant.
    Quality,
    /// Somebody can misuse it.
    Security,
    /// It is slower than it has to be.
    Performance,
}

/// How bad the model thinks it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Somewhat.
    Low,
    /// Rather.
    Medium,
    /// Very.
    High,
}

/// A note as a model writes it. Nothing of it is believed before it has passed the gate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What it is about.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// The line in the block, from 1.
    pub line: u32,
    /// Code that is said to stand there.
    pub quote: String,
    /// What is wrong.
    pub message: String,
    /// What the quoted code should be instead; empty without.
    pub fix: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    findings: Vec<Note>,
}

/// Reads an answer.
///
/// # Errors
/// When it is none; under [`GRAMMAR`] that does not happen.
pub fn parse(text: &str) -> Result<Vec<Note>, String> {
    serde_json::from_str::<Answer>(text).map(|a| a.findings).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::Grammar;

    #[test]
    fn an_answer_of_the_grammar_is_read() {
        let text = r#"{"findings":[{"category":"security","severity":"high","line":12,"quote":"eval(\"é\")","message":"runs text as code\nof others","fix":""}]}"#;
        let grammar = Grammar::parse(GRAMMAR).expect("a grammar");
        let mut matcher = grammar.matcher();
        assert!(matcher.accept(text.as_bytes()) && matcher.may_end() && matcher.must_end());
        let notes = parse(text).expect("read");
        assert_eq!((notes.len(), notes[0].line, notes[0].quote.as_str()), (1, 12, "eval(\"é\")"));
        assert!(parse("{\"findings\":[{}]}").is_err() && parse("sure! {\"findings\":[]}").is_err());
    }
}
