use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::call_on;
use crate::rules::rust_names::binding;
use crate::rules::support::rust_path;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "endless-receiver",
    summary: "a channel is read to its end while its sender lives on",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[833],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let (tx, rx) = channel()` where `tx` is only ever cloned, and `rx` is read to its end (`for x in rx`, `rx.iter()`) in the same function.",
        why: "A receiver ends when the last sender is dropped. The first one lives until the function ends, which waits for the receiver: it hangs for ever.",
        example: "let (tx, rx) = mpsc::channel();\nfor job in jobs {\n    let tx = tx.clone();\n    thread::spawn(move || tx.send(run(job)));\n}\nlet all: Vec<_> = rx.iter().collect();",
        instead: "let (tx, rx) = mpsc::channel();\nfor job in jobs {\n    let tx = tx.clone();\n    thread::spawn(move || tx.send(run(job)));\n}\ndrop(tx);\nlet all: Vec<_> = rx.iter().collect();",
        limits: "Loops that are left by `break` or `return`, and `take(n)`, end by themselves. A sender that is moved, dropped or handed on is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> u32 { let (tx, rx) = mpsc::channel(); for i in 0..4u32 { let tx = tx.clone(); std::thread::spawn(move || tx.send(i)); }\n rx.iter().sum() //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc::channel;\nfn f(jobs: Vec<J>) { let (tx, rx) = channel(); for j in jobs { let tx = tx.clone(); spawn(move || { tx.send(run(j)).unwrap(); }); }\n for x in rx { go(x); } //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn f(jobs: Vec<J>) { let (sender, receiver) = mpsc::channel::<u8>(); let a = sender.clone(); spawn(move || a.send(1));\n for x in &receiver { go(x); } //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn f(jobs: Vec<J>) { let (tx, rx) = mpsc::sync_channel(4); for j in jobs { let tx = tx.clone(); spawn(move || tx.send(j)); }\n while let Ok(x) = rx.recv() { go(x); } //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn f(jobs: Vec<J>) -> Vec<J> { let (tx, rx) = mpsc::channel(); for j in jobs { let t = mpsc::Sender::clone(&tx); spawn(move || t.send(j)); }\n rx.into_iter().collect() //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use crossbeam_channel::unbounded;\nfn f(jobs: Vec<J>) { let (tx, rx) = unbounded(); for j in jobs { let tx = tx.clone(); spawn(move || tx.send(j)); }\n for x in rx.iter() { go(x); } //~ endless-receiver\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn main() { let (tx, rx) = mpsc::channel(); for i in 0..2 { let tx1 = tx.clone(); thread::spawn(move || { tx1.send(i).unwrap(); }); }\n for got in rx { //~ endless-receiver\n println!(\"{}\", got); } }",
        ),
        Case::bad(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> usize { let (tx, rx) = mpsc::channel::<u8>(); let t2 = tx.clone(); spawn(move || t2.send(1));\n rx.iter().count() //~ endless-receiver\n}",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> u32 { let (tx, rx) = mpsc::channel(); for i in 0..4u32 { let tx = tx.clone(); spawn(move || tx.send(i)); } drop(tx); rx.iter().sum() }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> u32 { let (tx, rx) = mpsc::channel(); spawn(move || tx.send(1)); rx.iter().sum() }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> u32 { let (tx, rx) = mpsc::channel(); for i in 0..4 { let tx = tx.clone(); spawn(move || tx.send(i)); } rx.iter().take(4).sum() }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || t.send(1)); for x in rx { if x == 1 { break; } } }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || t.send(1)); go(rx.recv()); }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || t.send(1)); run(tx); for x in rx { go(x); } }",
        ),
        Case::good(
            "a.rs",
            "use std::sync::mpsc;\nfn f() -> S { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || { for x in rx { go(x); } }); S { t, tx } }",
        ),
        Case::good(
            "a.rs",
            "use tokio::sync::mpsc;\nasync fn f() { let (tx, mut rx) = mpsc::channel(4); let t = tx.clone(); spawn(async move { t.send(1).await }); go(rx.recv().await); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); { let tx = tx; spawn(move || tx.send(1)); } for x in rx { go(x); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || t.send(1)); for x in rx.try_iter() { go(x); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::sync::mpsc;\nfn f() { let (tx, rx) = mpsc::channel(); let t = tx.clone(); spawn(move || t.send(1)); for x in rx { tx.send(x).ok(); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f() { let (tx, rx) = pipe(); let t = tx.clone(); spawn(move || t.send(1)); for x in rx { go(x); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    if pattern.kind() != Kind::TuplePattern || value.kind() != Kind::CallExpression {
        return;
    }
    let Some(path) = value.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let known = matches!(
        path.as_str(),
        "std::sync::mpsc::channel"
            | "std::sync::mpsc::sync_channel"
            | "crossbeam_channel::unbounded"
            | "crossbeam_channel::bounded"
            | "crossbeam::channel::unbounded"
            | "crossbeam::channel::bounded"
    );
    let names: Vec<Node<'a>> = pattern
        .named_children()
        .filter_map(|p| if p.kind() == Kind::MutPattern { p.last_named() } else { Some(p) })
        .collect();
    let [sender, receiver] = names.as_slice() else { return };
    if !known || sender.kind() != Kind::Identifier || receiver.kind() != Kind::Identifier {
        return;
    }
    let Some(scope) = node.parent().filter(|p| p.kind() == Kind::Block) else { return };
    let sent = mentions_of(sender, scope);
    if sent.is_empty() || !sent.iter().all(|n| is_cloned(*n)) {
        return;
    }
    let read = mentions_of(receiver, scope);
    let [only] = read.as_slice() else { return };
    // In the function itself, and not in a thread of its own.
    let here = only
        .ancestors()
        .take_while(|a| *a != scope)
        .any(|a| matches!(a.kind(), Kind::ClosureExpression | Kind::AsyncBlock | Kind::FunctionItem));
    if here || !is_drained(*only) || scope.descendants().any(Node::is_hole) {
        return;
    }
    let message = format!(
        "This waits until every sender is dropped, and `{}` is not: it waits for ever. `drop({0})` before.",
        sender.text()
    );
    cx.report(Note::new(cx.rule, only.span(), message));
}

/// Where a name is used behind its declaration, but for those that another binding of that name takes.
fn mentions_of<'a>(declared: &Node<'a>, scope: Node<'a>) -> Vec<Node<'a>> {
    scope
        .descendants()
        .filter(|n| n.kind() == Kind::Identifier && n.text() == declared.text() && n.span().start > declared.span().end)
        .filter(|n| !(n.field() == Field::Pattern || n.parent().is_some_and(|p| p.kind() == Kind::MutPattern)))
        .filter(|n| {
            binding(*n).is_some_and(|b| b.name == *declared) || n.ancestors().any(|a| a.kind() == Kind::TokenTree)
        })
        .collect()
}

/// `tx.clone()` or `Sender::clone(&tx)`.
fn is_cloned(name: Node<'_>) -> bool {
    if call_on(name).is_some_and(|(_, m)| m.text() == "clone") {
        return true;
    }
    let call = name
        .parent()
        .filter(|p| p.kind() == Kind::ReferenceExpression)
        .and_then(|p| p.parent())
        .and_then(|a| a.parent());
    call.and_then(|c| c.child(Field::Function)).is_some_and(|f| f.text().ends_with("::clone"))
}

/// Whether a receiver is read to its end.
fn is_drained(name: Node<'_>) -> bool {
    let at = name.parent().filter(|p| p.kind() == Kind::ReferenceExpression).unwrap_or(name);
    let looped = |n: Node<'_>| {
        n.parent().is_some_and(|p| p.kind() == Kind::ForExpression && n.field() == Field::Value && !is_left(p))
    };
    if looped(at) {
        return true;
    }
    let Some((call, called)) = call_on(name) else { return false };
    match called.text() {
        "recv" => call
            .parent()
            .filter(|c| c.kind() == Kind::LetCondition)
            .and_then(|c| c.parent())
            .is_some_and(|w| w.kind() == Kind::WhileExpression && !is_left(w)),
        "iter" | "into_iter" => {
            looped(call)
                || call_on(call).is_some() && {
                    let mut at = call;
                    let mut whole = false;
                    while let Some((next, m)) = call_on(at) {
                        match m.text() {
                            "map" | "filter" | "filter_map" | "flat_map" | "enumerate" | "inspect" | "flatten"
                            | "copied" => {}
                            "collect" | "sum" | "count" | "for_each" | "fold" | "max" | "min" | "last" | "product" => {
                                whole = true
                            }
                            _ => return false,
                        }
                        at = next;
                    }
                    whole
                }
        }
        _ => false,
    }
}

/// Whether a loop may end before its head says so.
fn is_left(around: Node<'_>) -> bool {
    around.descendants().any(|n| {
        matches!(n.kind(), Kind::BreakExpression | Kind::ReturnExpression | Kind::TryExpression)
            || n.kind() == Kind::MacroInvocation && n.text().starts_with("panic")
            || n.kind() == Kind::CallExpression && n.text().contains("exit(")
    })
}
