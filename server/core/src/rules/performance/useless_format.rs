use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::visible;
use crate::rules::rust_types::{macro_name, type_of_binding};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "useless-format",
    summary: "a string is formatted with nothing to format",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `format!(\"text\")` without arguments, and `format!(\"{}\", s)` or `format!(\"{s}\")` of something that is text already.",
        why: "The formatting machinery runs, and may grow the string several times, where `to_string()` or `to_owned()` copies once.",
        example: "let name = format!(\"{}\", user.name());",
        instead: "let name = user.name().to_string();",
        limits: "Width, precision and debug formats are left alone, and so is what is not known to be text.",
        fix: "`to_string()` of the text.",
    },
    checks: &[Check::Nodes(&[Kind::MacroInvocation], check)],
    cases: &[
        Case::bad("a.rs", "fn f() -> String { format!(\"hello\") } //~ useless-format"),
        Case::bad("a.rs", "fn f(s: &str) -> String { format!(\"{}\", s) } //~ useless-format"),
        Case::bad("a.rs", "fn f(s: String) -> String { format!(\"{s}\") } //~ useless-format"),
        Case::bad("a.rs", "fn f(s: &String) -> String { format!(\"{}\", s) } //~ useless-format"),
        Case::bad("a.rs", "fn f() -> String { let t = \"a\".to_string(); format!(\"{t}\") } //~ useless-format"),
        Case::bad("a.rs", "fn f() { go(format!(\"no arguments here\")); } //~ useless-format"),
        Case::bad(
            "a.rs",
            "fn f(x: Option<&str>) { if let Some(s) = x { go(format!(\"{}\", s)); } } //~ useless-format",
        ),
        Case::bad("a.rs", "fn f() -> String { format!(\"{}\", \"text\") } //~ useless-format"),
        Case::good("a.rs", "fn f(s: &str) -> String { s.to_string() }"),
        Case::good("a.rs", "fn f(s: &str) -> String { format!(\"<{}>\", s) }"),
        Case::good("a.rs", "fn f(n: u8) -> String { format!(\"{}\", n) }"),
        Case::good("a.rs", "fn f(s: &str) -> String { format!(\"{:>10}\", s) }"),
        Case::good("a.rs", "fn f(s: &str) -> String { format!(\"{s:?}\") }"),
        Case::good("a.rs", "fn f(a: &str, b: &str) -> String { format!(\"{}{}\", a, b) }"),
        Case::good("a.rs", "fn f(e: Error) -> String { format!(\"{e}\") }"),
        Case::good("a.rs", "fn f() -> String { format!(\"{{}}\") }"),
        Case::near_miss("a.rs", "fn f(w: usize, s: &str) -> String { format!(\"{:w$}\", s) }"),
        Case::near_miss("a.rs", "fn f(p: &Path) -> String { format!(\"{}\", p.display()) }"),
        Case::near_miss("a.rs", "fn f(c: char) -> String { format!(\"{}\", c) }"),
        Case::near_miss("a.rs", "macro_rules! m { ($x:expr) => { format!(\"{}\", $x) } }"),
        Case::near_miss("a.rs", "fn f() -> String { format!(include_str!(\"a.txt\")) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if macro_name(node) != "format"
        || node.ancestors().any(|a| matches!(a.kind(), Kind::TokenTree | Kind::MacroDefinition))
    {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    let tokens: Vec<Node<'a>> = tree.children().filter(|t| !t.is_comment()).collect();
    let Some(inner) = tokens.get(1..tokens.len().saturating_sub(1)) else { return };
    let Some(format) = inner.first().filter(|f| f.kind() == Kind::StringLiteral) else { return };
    let text = format.text();
    match inner {
        [_] if !text.contains(['{', '}']) => {
            let message = "Nothing is formatted here: `to_string()` copies the text and does no more.";
            let fix = vec![(node.span(), format!("{text}.to_string()"))];
            cx.report(Note::new(cx.rule, node.span(), message).safe_fix("Use `to_string`", fix));
        }
        [_] => {
            let Some(name) = text.strip_prefix("\"{").and_then(|t| t.strip_suffix("}\"")) else { return };
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return;
            }
            if is_text_variable(node, name, cx) {
                tell(node, name, cx);
            }
        }
        [_, comma, argument] if text == "\"{}\"" && comma.text() == "," => {
            let known = match argument.kind() {
                Kind::StringLiteral => true,
                Kind::Identifier => is_text_variable(node, argument.text(), cx),
                _ => false,
            };
            if known {
                tell(node, argument.text(), cx);
            }
        }
        _ => {}
    }
}

fn tell<'a>(node: Node<'a>, what: &str, cx: &mut Cx<'a>) {
    let message = format!("`{what}` is text already: `{what}.to_string()` copies it and formats nothing.");
    let fix = vec![(node.span(), format!("{what}.to_string()"))];
    let note = Note::new(cx.rule, node.span(), message);
    // An owned string that is not used again needs no copy at all.
    let borrowed = visible(node, what).and_then(|b| type_of_binding(b, cx)).is_some_and(|t| t.name == "str");
    let title = "Use `to_string`";
    cx.report(if borrowed { note.safe_fix(title, fix) } else { note.suggestion(title, fix) });
}

/// Whether the variable of that name, as seen from a node, is a string.
fn is_text_variable<'a>(node: Node<'a>, name: &str, cx: &Cx<'a>) -> bool {
    let Some(bound) = visible(node, name) else { return false };
    type_of_binding(bound, cx).is_some_and(|t| matches!(t.name, "str" | "String"))
}
