use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "argument-with-space",
    summary: "two arguments of a command are given as one",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[628],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `.arg(\"-t ext4\")` and `.args([\"--depth 1\", ..])` of a `std::process::Command` or tokio's: a flag and its value in one text.",
        why: "No shell splits arguments here: the program gets one argument with a space in it, and does not know that flag.",
        example: "Command::new(\"mount\").arg(\"-t ext4\")",
        instead: "Command::new(\"mount\").args([\"-t\", \"ext4\"])",
        limits: "Only texts that begin with `-`, then a flag's name, one space and one word. Arguments of shells (`-c`) and of programs that read such text (`ssh`, `-o \"Key Value\"` after `-o`) are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f() { Command::new(\"mount\").arg(\"-t ext4\").status().unwrap(); } //~ argument-with-space",
        ),
        Case::bad(
            "a.rs",
            "fn f() { Command::new(\"git\").arg(\"clone\").arg(\"--depth 1\").arg(url).status().unwrap(); } //~ argument-with-space",
        ),
        Case::bad(
            "a.rs",
            "fn f() { std::process::Command::new(\"tar\").arg(\"-C /tmp\").status().unwrap(); } //~ argument-with-space",
        ),
        Case::bad(
            "a.rs",
            "fn f() { let mut c = Command::new(\"cargo\"); c.arg(\"--target wasm32\"); c.status().unwrap(); } //~ argument-with-space",
        ),
        Case::bad(
            "a.rs",
            "fn f() { Command::new(\"curl\").args([\"-X POST\", url]).status().unwrap(); } //~ argument-with-space",
        ),
        Case::bad("a.rs", "fn f() { Command::new(\"head\").arg(\"-n 5\").output().unwrap(); } //~ argument-with-space"),
        Case::bad(
            "a.rs",
            "fn f() { tokio::process::Command::new(\"ffmpeg\").arg(\"-i in.mp4\").status(); } //~ argument-with-space",
        ),
        Case::bad("a.rs", "fn f() { Command::new(\"nice\").arg(\"-n 10\").spawn().unwrap(); } //~ argument-with-space"),
        Case::good("a.rs", "fn f() { Command::new(\"mount\").args([\"-t\", \"ext4\"]).status().unwrap(); }"),
        Case::good(
            "a.rs",
            "fn f() { Command::new(\"git\").arg(\"commit\").arg(\"-m\").arg(\"a message\").status().unwrap(); }",
        ),
        Case::good("a.rs", "fn f() { Command::new(\"sh\").arg(\"-c\").arg(\"ls -l\").status().unwrap(); }"),
        Case::good("a.rs", "fn f() { Command::new(\"git\").arg(\"--depth=1\").status().unwrap(); }"),
        Case::good("a.rs", "fn f() { let a = Arg::new(\"x\").arg(\"-t ext4\"); go(a); }"),
        Case::good("a.rs", "fn f() { Command::new(\"x\").arg(\"hello world\"); }"),
        Case::good("a.rs", "fn f() { Command::new(\"x\").arg(\"-t\").arg(ty); }"),
        Case::good("a.rs", "fn f() { Command::new(\"x\").arg(\"- item\"); }"),
        Case::near_miss("a.rs", "fn f() { Command::new(\"x\").arg(\"-m a longer message of words\"); }"),
        Case::near_miss("a.rs", "fn f() { App::new(\"x\").arg(\"-t ext4\"); }"),
        Case::near_miss("a.rs", "fn f() { Command::new(\"tool\").arg(\"serve\").about(\"-t ext4\"); }"),
        Case::near_miss("a.rs", "fn f(b: &mut Builder) { b.arg(\"-t ext4\"); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, n)| matches!(n.text(), "arg" | "args")) else { return };
    let Some(given) = args(node).next() else { return };
    let all: Vec<Node<'a>> = if name.text() == "arg" {
        vec![given]
    } else {
        std::iter::once(given)
            .chain(given.descendants())
            .find(|n| n.kind() == Kind::ArrayExpression)
            .into_iter()
            .flat_map(Node::named_children)
            .collect()
    };
    let wrong = all.into_iter().find(|a| string_value(*a).is_some_and(|t| two(&t)));
    let Some(wrong) = wrong.filter(|_| is_command(of)) else { return };
    let text = string_value(wrong).unwrap_or_default().into_owned();
    let Some((flag, value)) = text.split_once(' ') else { return };
    let message = format!(
        "The program gets {} as one argument, with a space in it. Give it two: \"{flag}\" and \"{value}\".",
        wrong.text()
    );
    let mut note = Note::new(cx.rule, wrong.span(), message);
    if name.text() == "arg" {
        let span = Span { start: name.span().start, end: node.span().end };
        note = note.suggestion("Give it two arguments", vec![(span, format!("args([\"{flag}\", \"{value}\"])"))]);
    }
    cx.report(note);
}

/// Whether a text is a flag and one value.
fn two(text: &str) -> bool {
    let Some((flag, value)) = text.split_once(' ') else { return false };
    let name = flag.trim_start_matches('-');
    flag.starts_with('-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !value.is_empty()
        && !value.contains(char::is_whitespace)
}

/// Whether a chain of methods, or the variable that it is called on, begins with `Command::new`.
fn is_command(of: Node<'_>) -> bool {
    let mut at = of;
    while let Some((inner, _)) = method(at) {
        at = inner;
    }
    let made = |n: Node<'_>| {
        let first = std::iter::successors(Some(n), |n| method(*n).map(|(i, _)| i)).last().unwrap_or(n);
        first
            .child(Field::Function)
            .is_some_and(|f| f.text() == "Command::new" || f.text().ends_with("process::Command::new"))
    };
    match at.kind() {
        Kind::Identifier => crate::rules::rust_names::binding(at).is_some_and(|b| match b.origin {
            crate::rules::rust_names::Origin::Let(l) => l.child(Field::Value).is_some_and(made),
            _ => false,
        }),
        _ => made(at),
    }
}
