use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_guards::{await_in_statement, await_while_held};
use crate::rules::support::{args, in_async, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "lock-across-await",
    summary: "a blocking lock is held while a task waits",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[833, 667],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds guards of `std::sync` and `parking_lot` locks that are alive at an `.await`: bound by `let` and not \
               dropped before, or temporaries of the awaited expression or of the `match`, `if let`, `while let` or `for` around it.",
        why: "The task is put aside with the lock in hand. Any other task of the same thread that wants the lock blocks the thread, and with \
              it the only one that could give the lock back: the program hangs. The future is not `Send` either.",
        example: "async fn add(&self, x: u32) {\n    let mut total = self.total.lock().unwrap();\n    *total += fetch(x).await;\n}",
        instead: "async fn add(&self, x: u32) {\n    let value = fetch(x).await;\n    *self.total.lock().unwrap() += value;\n}",
        limits: "Locks of tokio, futures and async-lock are awaited, not unwrapped, and are silent. `parking_lot`'s are recognised where \
                 the file imports the crate. After a `drop` or a move of the guard on some path nothing is said.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "async fn f(m: &Mutex<u32>) {\n    let mut g = m.lock().unwrap(); //~ lock-across-await\n    *g += load().await;\n}",
        ),
        Case::bad(
            "a.rs",
            "impl A { async fn f(&self) {\n    let g = self.state.read().expect(\"poisoned\"); //~ lock-across-await\n    if g.ready { send(&g.name).await; }\n} }",
        ),
        Case::bad(
            "a.rs",
            "use parking_lot::Mutex;\nasync fn f(m: &Mutex<u32>) {\n    let g = m.lock(); //~ lock-across-await\n    load().await;\n    drop(g);\n}",
        ),
        Case::bad("a.rs", "async fn f(m: &Mutex<Client>) { m.lock().unwrap().send().await; } //~ lock-across-await"),
        Case::bad(
            "a.rs",
            "async fn f(m: &Mutex<Vec<u8>>) { send(m.lock().unwrap().len()).await; } //~ lock-across-await",
        ),
        Case::bad(
            "a.rs",
            "async fn f(m: &Mutex<Map>) {\n    if let Some(x) = m.lock().unwrap().get(&1) { //~ lock-across-await\n        send(x).await;\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(m: Arc<RwLock<u32>>) { tokio::spawn(async move {\n    let g = m.write().unwrap_or_else(|e| e.into_inner()); //~ lock-across-await\n    step().await;\n    println!(\"{}\", *g);\n}); }",
        ),
        Case::bad(
            "a.rs",
            "async fn f(m: &Mutex<Kind>) {\n    match *m.lock().unwrap() { //~ lock-across-await\n        Kind::A => a().await,\n        Kind::B => {}\n    }\n}",
        ),
        Case::good(
            "a.rs",
            "async fn f(m: &tokio::sync::Mutex<u32>) { let mut g = m.lock().await; *g += load().await; }",
        ),
        Case::good(
            "a.rs",
            "async fn f(m: &Mutex<u32>) { let mut g = m.lock().unwrap(); *g += 1; drop(g); load().await; }",
        ),
        Case::good("a.rs", "async fn f(m: &Mutex<u32>) { { let mut g = m.lock().unwrap(); *g += 1; } load().await; }"),
        Case::good("a.rs", "async fn f(m: &Mutex<u32>) { let v = *m.lock().unwrap(); load(v).await; }"),
        Case::good("a.rs", "async fn f(m: &Mutex<Vec<u8>>) { let v = m.lock().unwrap().clone(); load(v).await; }"),
        Case::good("a.rs", "fn f(m: &Mutex<u32>) { let g = m.lock().unwrap(); block_on(async { load().await }); }"),
        Case::bad(
            "a.rs",
            "async fn f(m: &Mutex<u32>) {\n    let g = match m.lock() { Ok(g) => g, Err(p) => p.into_inner() }; //~ lock-across-await\n    load(*g).await;\n}",
        ),
        Case::near_miss(
            "a.rs",
            "async fn f(m: &Mutex<u32>) { let g = m.lock().unwrap(); let task = async move { load().await }; tasks.push(task); }",
        ),
        Case::near_miss("a.rs", "async fn f(m: &Mutex<u32>) { let _ = m.lock().unwrap(); load().await; }"),
        Case::near_miss("a.rs", "async fn f(m: &Mutex<bool>) { if *m.lock().unwrap() { load().await; } }"),
        Case::near_miss(
            "a.rs",
            "async fn f(m: &Mutex<u32>) { let g = m.lock().unwrap(); let v = finish(g); load(v).await; }",
        ),
        Case::near_miss("a.rs", "async fn f(r: &mut Reader) { let n = r.read(&mut buf).unwrap(); load(n).await; }"),
        Case::near_miss(
            "a.rs",
            "async fn f(m: &Mutex<Map>) { let x = m.lock().unwrap().get(&1).cloned(); if let Some(x) = x { send(x).await; } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node) else { return };
    if !matches!(name.text(), "lock" | "read" | "write") || args(node).next().is_some() || !in_async(node) {
        return;
    }
    let Some(guard) = guard(node, cx) else { return };
    let span = Span { start: name.span().start, end: node.span().end };
    if let Some(parent) = guard.parent()
        && parent.kind() == Kind::LetDeclaration
        && parent.child(Field::Alternative).is_none()
    {
        let Some(pattern) = parent.child(Field::Pattern) else { return };
        let pattern =
            if pattern.kind() == Kind::MutPattern { pattern.first_named().unwrap_or(pattern) } else { pattern };
        if pattern.kind() == Kind::Identifier
            && let Some(awaits) = await_while_held(parent, pattern.text())
        {
            let message = format!(
                "The lock behind `{0}` is held across an `.await`: a task that wants it meanwhile blocks the thread. Drop `{0}` first, or use `tokio::sync`.",
                pattern.text()
            );
            cx.report(Note::new(cx.rule, span, message).related(awaits, "the task waits here"));
        }
        return;
    }
    if let Some(awaits) = await_in_statement(guard) {
        let message = "The guard of this lock is a temporary that lives until the end of the statement, across an `.await`. Take what is needed out of it in a `let` before.";
        cx.report(Note::new(cx.rule, span, message).related(awaits, "the task waits here"));
    }
}

/// The expression whose value is the guard: the lock call with its `unwrap`, or the bare call of `parking_lot`.
fn guard<'a>(lock: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let field = lock.parent()?;
    let outer = field.parent().filter(|c| c.kind() == Kind::CallExpression && c.child(Field::Function) == Some(field));
    let unwrapped = outer.filter(|c| {
        let name = field.child(Field::Field).map_or("", Node::text);
        let recovers = name == "unwrap_or_else" && args(*c).next().is_some_and(|a| a.text().contains("into_inner"));
        matches!(name, "unwrap" | "expect") || recovers
    });
    if unwrapped.is_some() {
        return unwrapped;
    }
    // `match m.lock() { Ok(g) => g, Err(p) => p.into_inner() }`.
    if field.kind() == Kind::MatchExpression
        && lock.field() == Field::Value
        && field.parent().is_some_and(|p| p.kind() == Kind::LetDeclaration)
        && field.text().contains("into_inner")
    {
        return Some(field);
    }
    if field.kind() == Kind::AwaitExpression || field.kind() == Kind::TryExpression {
        return None;
    }
    let mut parking_lot = false;
    for (_, path) in cx.file.imports.iter() {
        if path.starts_with("parking_lot::") || path == "parking_lot" {
            parking_lot = true;
        } else if path.ends_with("::Mutex") || path.ends_with("::RwLock") || path == "tokio::sync" {
            return None;
        }
    }
    parking_lot.then_some(lock)
}
