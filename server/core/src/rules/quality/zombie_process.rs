use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, plain_method};
use crate::rules::rust_names::{Binding, Origin, binding, uses};
use crate::rules::support::{enclosing_function, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "zombie-process",
    summary: "a child process is started and never waited for",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[772],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `spawn()` of `std::process::Command` whose child is dropped at once, or kept in a variable on which nobody calls `wait`, `wait_with_output`, `try_wait` or `kill`.",
        why: "A process that ended stays in the system's table until its parent asks for its result. A program that runs long fills the table, and cannot start anything any more. Errors of the child stay unseen, too.",
        example: "Command::new(\"convert\").arg(path).spawn()?;",
        instead: "let status = Command::new(\"convert\").arg(path).status()?;",
        limits: "tokio waits for its children by itself. A child that is returned, stored or handed on is somebody else's. Programs that end right away need not care: `exit` behind it makes the rule silent.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn f() -> R { Command::new(\"ls\").spawn()?; ok() } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn f() { let _ = Command::new(\"ls\").arg(\"-l\").spawn(); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn f() { let child = Command::new(\"ls\").spawn().unwrap(); println!(\"{}\", child.id()); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "fn f() { std::process::Command::new(\"xdg-open\").arg(\"a\").spawn().expect(\"opens\"); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn f() { let mut cmd = Command::new(\"ls\"); cmd.arg(\"-l\"); cmd.spawn().unwrap(); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process;\nfn f() { let _child = process::Command::new(\"ls\").spawn().unwrap(); go(); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process::{Command, Stdio};\nfn f() { let c = Command::new(\"cat\").stdin(Stdio::piped()).spawn().unwrap(); let s = c.stdin; go(s); } //~ zombie-process",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nfn f(xs: &[&str]) { for x in xs { Command::new(x).spawn().unwrap(); } } //~ zombie-process",
        ),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn f() { let mut c = Command::new(\"ls\").spawn().unwrap(); c.wait().unwrap(); }",
        ),
        Case::good("a.rs", "use std::process::Command;\nfn f() { Command::new(\"ls\").status().unwrap(); }"),
        Case::good("a.rs", "use std::process::Command;\nfn f() -> Child { Command::new(\"ls\").spawn().unwrap() }"),
        Case::good("a.rs", "use tokio::process::Command;\nfn f() { Command::new(\"ls\").spawn().unwrap(); }"),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn f() { let c = Command::new(\"ls\").spawn().unwrap(); keep(c); }",
        ),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn f() { Command::new(\"ls\").spawn().unwrap().wait().unwrap(); }",
        ),
        Case::good("a.rs", "use std::thread;\nfn f() { thread::spawn(|| go()); }"),
        Case::good(
            "a.rs",
            "use std::process::Command;\nfn f() -> R { let c = Command::new(\"ls\").spawn()?; Ok(c.wait_with_output()?) }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nfn f() { Command::new(\"ls\").spawn().unwrap(); std::process::exit(0); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nimpl A { fn f(&mut self) { self.child = Some(Command::new(\"ls\").spawn().unwrap()); } }",
        ),
        Case::near_miss("a.rs", "fn f(pool: &Pool) { pool.spawn(); }"),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nfn f() { match Command::new(\"ls\").spawn() { Ok(c) => watch(c), Err(e) => log(e) } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, "spawn")) = plain_method(node) else { return };
    if !is_command(of, cx) {
        return;
    }
    // The child behind `unwrap` and `?`.
    let mut at = node;
    while let Some(parent) = at.parent() {
        if parent.kind() == Kind::TryExpression {
            at = parent;
            continue;
        }
        match call_on(at) {
            Some((call, name))
                if matches!(name.text(), "unwrap" | "expect" | "map_err" | "context" | "with_context") =>
            {
                at = call
            }
            _ => break,
        }
    }
    let Some(parent) = at.parent() else { return };
    let home = enclosing_function(node).unwrap_or_else(|| cx.arena().root());
    let ends = home.descendants().any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.text().ends_with("exit") || f.text().ends_with("abort"))
    });
    let left = match parent.kind() {
        Kind::ExpressionStatement => parent.text().ends_with(';'),
        Kind::LetDeclaration => {
            let Some(pattern) = parent.child(Field::Pattern) else { return };
            if pattern.text() == "_" {
                true
            } else if let Some(bound) = parent.parent().filter(|_| pattern.kind() == Kind::Identifier) {
                let bound = Binding { name: pattern, pattern, origin: Origin::Let(parent), scope: bound };
                // A result may be taken apart later.
                at != node && uses(&bound, cx).is_some_and(|all| all.iter().all(|u| only_looks(*u)))
            } else {
                false
            }
        }
        _ => false,
    };
    if !left || ends {
        return;
    }
    let message = "Nobody waits for this child: when it ends it stays in the system's table of processes. Use `status()`, or keep it and call `wait()`.";
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether a use of the child takes a part of it alone.
fn only_looks(used: Node<'_>) -> bool {
    match used.parent() {
        Some(p) if p.kind() == Kind::FieldExpression => {
            let name = p.child(Field::Field).map_or("", Node::text);
            matches!(name, "id" | "stdin" | "stdout" | "stderr")
        }
        Some(p) => {
            p.kind() == Kind::TokenTree
                && used.next_sibling().is_some_and(|d| d.text() == ".")
                && p.text().contains(".id")
        }
        None => false,
    }
}

fn is_command<'a>(of: Node<'a>, cx: &Cx<'a>) -> bool {
    let mut at = of;
    while let Some((inner, _)) = method(at) {
        at = inner;
    }
    let made = |n: Node<'a>| {
        n.child(Field::Function).and_then(|f| rust_path(f, cx)).is_some_and(|p| p == "std::process::Command::new")
    };
    if at.kind() != Kind::Identifier {
        return made(at);
    }
    let Some(bound) = binding(at) else { return false };
    match bound.origin {
        Origin::Let(n) => {
            let value = n.child(Field::Value);
            let root = value.and_then(|v| std::iter::successors(Some(v), |v| method(*v).map(|(r, _)| r)).last());
            root.is_some_and(made)
        }
        _ => false,
    }
}
