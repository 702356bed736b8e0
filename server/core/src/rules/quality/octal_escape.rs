use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};

use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "octal-escape",
    summary: "what looks like an octal escape is a zero byte and digits",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[116],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds texts of Rust in which `\\0` is followed by octal digits, as in the escapes of terminals: `\"\\033[0m\"`.",
        why: "Rust has no octal escapes: `\\033` is a zero byte and the digits 33. Terminals, and whoever reads the text, get something else.",
        example: "print!(\"\\033[0m\");",
        instead: "print!(\"\\x1b[0m\");",
        limits: "Only one or two octal digits behind `\\0`; raw strings have no escapes.",
        fix: "The hexadecimal escape of the same value; a suggestion, for it changes the text.",
    },
    checks: &[Check::Nodes(&[Kind::StringLiteral], check)],
    cases: &[
        Case::bad("a.rs", "fn f() -> &'static str { \"\\033[0m\" } //~ octal-escape"),
        Case::bad("a.rs", "const RED: &str = \"\\033[31m\"; //~ octal-escape"),
        Case::bad("a.rs", "fn f() { go(\"a\\012b\"); } //~ octal-escape"),
        Case::bad("a.rs", "fn f() -> &'static [u8] { b\"\\033[2J\" } //~ octal-escape"),
        Case::bad("a.rs", "fn f() { let s = \"\\07\"; go(s); } //~ octal-escape"),
        Case::bad("a.rs", "static BELL: &str = \"\\007\"; //~ octal-escape"),
        Case::bad("a.rs", "fn f() { write(\"x\\011y\"); } //~ octal-escape"),
        Case::bad("a.rs", "fn f() -> String { \"\\033[1m\".to_string() + \"x\" } //~ octal-escape"),
        Case::good("a.rs", "fn f() -> &'static str { \"\\x1b[0m\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"\\0\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"a\\0b\" }"),
        Case::good("a.rs", "fn f() -> &'static str { r\"\\033\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"\\\\033\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"\\u{1b}[0m\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"033\" }"),
        Case::good("a.rs", "fn f() -> &'static str { \"\\n33\" }"),
        Case::near_miss("a.rs", "fn f() -> &'static str { \"\\0\\0\" }"),
        Case::near_miss("a.rs", "fn f() -> &'static str { \"a\\09\" }"),
        Case::near_miss("a.rs", "fn f() -> &'static [u8] { b\"\\0abc\" }"),
        Case::near_miss("a.rs", "fn f() -> &'static str { \"\\\\\\\\0123\" }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 2 < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        let digits = bytes[at + 1..].iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
        // A third digit that is no octal one, or more of them, are text.
        let longer = bytes.get(at + 1 + digits).is_some_and(u8::is_ascii_digit);
        if bytes[at + 1] == b'0' && digits > 1 && !longer {
            let value = u32::from_str_radix(&text[at + 1..at + 1 + digits], 8).unwrap_or(0);
            let start = node.span().start + at as u32;
            let span = Span { start, end: start + 1 + digits as u32 };
            let written = &text[at..at + 1 + digits];
            let message = format!(
                "Rust has no octal escapes: `{written}` is a zero byte and the text behind it. `\\x{value:02x}` is what this looks like."
            );
            cx.report(
                Note::new(cx.rule, node.span(), message)
                    .suggestion("Write it in hexadecimal", vec![(span, format!("\\x{value:02x}"))]),
            );
            return;
        }
        at += 2;
    }
}
