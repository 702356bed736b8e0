use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::regex::{Dialect, Flags};
use crate::rules::support::{args, rust_path, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "invalid-regex",
    summary: "a pattern does not compile",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[185],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds constant patterns given to `Regex::new`, `RegexBuilder::new`, `RegexSet::new` and their `bytes` forms that have unbalanced groups or brackets, or use look-around and back-references, which the `regex` crate does not have.",
        why: "`Regex::new` gives an error whenever it is run; with `unwrap` behind it the program panics.",
        example: "let re = Regex::new(r\"(\\d+\").unwrap();",
        instead: "let re = Regex::new(r\"(\\d+)\").unwrap();",
        limits: "Only where the name is that of the `regex` crate, by its path or its import. Verbose patterns, and what this parser does not know, are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(\"(ab\").unwrap() } //~ invalid-regex"),
        Case::bad("a.rs", "fn f() { let r = regex::Regex::new(\"[a-z\").unwrap(); go(r); } //~ invalid-regex"),
        Case::bad("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?<=a)b\").unwrap() } //~ invalid-regex"),
        Case::bad("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(a)\\1\").unwrap() } //~ invalid-regex"),
        Case::bad("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?!x)y\").unwrap() } //~ invalid-regex"),
        Case::bad(
            "a.rs",
            "use regex::bytes::Regex;\nfn f() -> Regex { Regex::new(\"a)b\").unwrap() } //~ invalid-regex",
        ),
        Case::bad(
            "a.rs",
            "use regex::RegexBuilder;\nfn f() { RegexBuilder::new(\"(\").build().unwrap(); } //~ invalid-regex",
        ),
        Case::bad("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(\"*a\").unwrap() } //~ invalid-regex"),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(\"(ab)\").unwrap() }"),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"\\d+\\.\\d*\").unwrap() }"),
        Case::good("a.rs", "use regex::Regex;\nfn f(p: &str) -> Regex { Regex::new(p).unwrap() }"),
        Case::good(
            "a.rs",
            "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?P<year>\\d{4})-(?<month>\\d\\d)\").unwrap() }",
        ),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?i)abc(?:d|e)\").unwrap() }"),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"[[:alpha:]&&[^x]]+\").unwrap() }"),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"\\p{Greek}\\b\").unwrap() }"),
        Case::good("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"\\(a\\)\").unwrap() }"),
        Case::near_miss("a.rs", "use fancy_regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?<=a)b\").unwrap() }"),
        Case::near_miss("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"(?x) a # ( comment\").unwrap() }"),
        Case::near_miss("a.rs", "use glob::Pattern as Regex;\nfn f() -> Regex { Regex::new(\"[a\").unwrap() }"),
        Case::near_miss("a.rs", "use regex::Regex;\nfn f() -> Regex { Regex::new(r\"[\\]\\[(]\").unwrap() }"),
        Case::near_miss("a.rs", "use pcre2::bytes::Regex;\nfn f() -> Regex { Regex::new(r\"(a)\\1\").unwrap() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let known = matches!(
        path.as_str(),
        "regex::Regex::new"
            | "regex::bytes::Regex::new"
            | "regex::RegexBuilder::new"
            | "regex::bytes::RegexBuilder::new"
    );
    let Some(given) = args(node).next().filter(|_| known) else { return };
    // Escapes of plain strings are resolved in part only.
    let raw = given.kind() == Kind::RawStringLiteral || !given.text().contains('\\');
    let Some(pattern) = string_value(given).filter(|p| raw && p.len() < 4096) else { return };
    let flags = pattern.strip_prefix("(?").and_then(|r| r.split([')', ':']).next()).unwrap_or("");
    if flags.contains('x') && flags.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return;
    }
    let Some(what) = wrong(&pattern) else { return };
    let message = format!("This pattern does not compile: {what}. `new` gives an error whenever it is run.");
    cx.report(Note::new(cx.rule, given.span(), message));
}

/// What the `regex` crate does not accept in a pattern.
fn wrong(pattern: &str) -> Option<&'static str> {
    if crate::regex::parse(pattern, Flags::default(), Dialect::Pcre).is_err() {
        return unbalanced(pattern);
    }
    let mut rest = pattern.char_indices().peekable();
    let mut in_class = 0u32;
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => {
                if let Some((_, next)) = rest.next()
                    && in_class == 0
                    && ('1'..='9').contains(&next)
                {
                    return Some("it refers back to a group, which the `regex` crate cannot");
                }
            }
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            '(' if in_class == 0 => {
                let after = &pattern[at + 1..];
                if ["?=", "?!", "?<=", "?<!"].iter().any(|l| after.starts_with(l)) {
                    return Some("it looks around, which the `regex` crate cannot");
                }
            }
            _ => {}
        }
    }
    None
}

/// Groups and classes that are not closed, or closed without being open.
fn unbalanced(pattern: &str) -> Option<&'static str> {
    let (mut groups, mut class) = (0i32, 0i32);
    let mut before = None;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' => {
                class += 1;
                // `[]a]` and `[^]a]`
                if chars.peek() == Some(&'^') {
                    chars.next();
                }
                if chars.peek() == Some(&']') {
                    chars.next();
                }
            }
            ']' if class > 0 => class -= 1,
            '(' if class == 0 => groups += 1,
            ')' if class == 0 => {
                groups -= 1;
                if groups < 0 {
                    return Some("a `)` closes nothing");
                }
            }
            '*' | '+' | '?' if class == 0 && before.is_none_or(|b| b == '|') => {
                return Some("a repetition has nothing before it");
            }
            _ => {}
        }
        before = Some(c);
    }
    match (groups, class) {
        (0, 0) => None,
        (_, 0) => Some("a group is not closed"),
        _ => Some("a bracket is not closed"),
    }
}
