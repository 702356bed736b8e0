use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "bidirectional-text",
    summary: "characters that show code in another order than it runs",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[1007, 451],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: true,
    docs: Docs {
        what: "Finds comments and string literals with characters that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069) and do not \
               turn it back before they end.",
        why: "What follows is shown in another order than the compiler reads it: a `return` seems to stand in a comment, a condition behind one \
              (CVE-2021-42574).",
        example: "const level = 'user\\u{202e}'; // written as the character itself",
        instead: "const level = 'user\\\\u202e'; // written as an escape",
        limits: "Text that turns the direction back where it ends, as texts in Arabic and Hebrew do, is left alone.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "const level = 'user\u{202e} \u{2066}// only admins\u{2069} \u{2066}'; //~ bidirectional-text",
        ),
        Case::bad("a.ts", "/*\u{202e} } \u{2066}if (admin)\u{2069} \u{2066} begin */ go(); //~ bidirectional-text"),
        Case::bad("a.rs", "fn f() -> &'static str { \"user\u{202e}\" } //~ bidirectional-text"),
        Case::bad("a.js", "go(`a\u{2067}b`); //~ bidirectional-text"),
        Case::good("a.js", "const label = 'مرحبا';"),
        Case::good("a.js", "const label = '\u{202b}مرحبا\u{202c}';"),
        Case::good("a.rs", "fn f() -> &'static str { \"\u{2067}שלום\u{2069}\" }"),
        Case::good("a.js", "const mark = 'a\u{200f}b';"),
        Case::near_miss("a.js", "const controls = /[\\u202a-\\u202e\\u2066-\\u2069]/g;"),
        Case::near_miss("a.rs", "fn f(c: char) -> bool { c == '\\u{202e}' }"),
    ],
};

/// Whether a text turns the direction of writing and not back.
fn turns(text: &str) -> bool {
    let (mut embedded, mut isolated) = (0i32, 0i32);
    for c in text.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => embedded += 1,
            '\u{202c}' => embedded -= 1,
            '\u{2066}'..='\u{2068}' => isolated += 1,
            '\u{2069}' => isolated -= 1,
            _ => {}
        }
    }
    embedded > 0 || isolated > 0
}

fn check<'a>(cx: &mut Cx<'a>) {
    // All of them begin with the same two bytes.
    if !cx.arena().text().contains(|c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return;
    }
    let strings = cx.arena().nodes().filter(|n| {
        matches!(n.kind(), Kind::String | Kind::TemplateString | Kind::StringLiteral | Kind::RawStringLiteral)
    });
    let found: Vec<Node<'a>> = cx.arena().comments().chain(strings).filter(|n| turns(n.text())).collect();
    for node in found {
        let message = "Characters in here show what follows in another order than it is read. Remove them, or write them as escapes.";
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
