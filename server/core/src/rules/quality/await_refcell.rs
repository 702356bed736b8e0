use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{plain_method, tail};
use crate::rules::rust_guards::{await_in_statement, await_while_held};
use crate::rules::rust_types::type_of;
use crate::rules::support::{in_async, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "await-refcell",
    summary: "a `RefCell` is borrowed while a task waits",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[667, 662],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds guards of `RefCell::borrow` and `borrow_mut` that are alive at an `.await`: bound by `let` and not dropped before, or temporaries of the awaited expression or of the `match`, `if let` or `for` around it.",
        why: "While the task waits, another task of the same thread that borrows the cell panics. It works until two of them meet.",
        example: "let mut total = self.total.borrow_mut();\n*total += fetch(x).await;",
        instead: "let value = fetch(x).await;\n*self.total.borrow_mut() += value;",
        limits: "Only `borrow_mut()`, and `borrow()` where the source tells that it is a `RefCell`. After a `drop` or a move of the guard nothing is said.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "async fn f(c: &RefCell<u8>) { let mut g = c.borrow_mut(); *g += load().await; } //~ await-refcell",
        ),
        Case::bad(
            "a.rs",
            "use std::cell::RefCell;\nimpl A { async fn f(&self) { let g = self.state.borrow_mut(); send(&g.name).await; } } //~ await-refcell",
        ),
        Case::bad("a.rs", "async fn f(c: Rc<RefCell<Client>>) { c.borrow_mut().send().await; } //~ await-refcell"),
        Case::bad(
            "a.rs",
            "async fn f(c: &RefCell<Vec<u8>>) { for x in c.borrow().iter() { send(*x).await; } } //~ await-refcell",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &RefCell<Map>) { if let Some(x) = c.borrow().get(&1) { send(x).await; } } //~ await-refcell",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: Rc<RefCell<u8>>) { spawn_local(async move { let g = c.borrow_mut(); step().await; show(&g); }); } //~ await-refcell",
        ),
        Case::bad(
            "a.rs",
            "async fn f(c: &RefCell<Kind>) { match *c.borrow() { Kind::A => a().await, _ => {} } } //~ await-refcell",
        ),
        Case::bad(
            "a.rs",
            "struct S { c: RefCell<u8> }\nimpl S { async fn f(&self) { let g = self.c.borrow(); load(*g).await; done(g); } } //~ await-refcell",
        ),
        Case::good("a.rs", "async fn f(c: &RefCell<u8>) { let v = load().await; *c.borrow_mut() += v; }"),
        Case::good("a.rs", "async fn f(c: &RefCell<u8>) { { let mut g = c.borrow_mut(); *g += 1; } load().await; }"),
        Case::good(
            "a.rs",
            "async fn f(c: &RefCell<u8>) { let mut g = c.borrow_mut(); *g += 1; drop(g); load().await; }",
        ),
        Case::good("a.rs", "async fn f(c: &RefCell<u8>) { let v = *c.borrow(); load(v).await; }"),
        Case::good(
            "a.rs",
            "fn f(c: &RefCell<u8>) { let g = c.borrow_mut(); block_on(async { load().await }); show(g); }",
        ),
        Case::good("a.rs", "async fn f(c: &RefCell<String>) { let v = c.borrow().clone(); load(v).await; }"),
        Case::good("a.rs", "async fn f(s: &str) { let b: &[u8] = s.borrow(); load(b).await; }"),
        Case::good(
            "a.rs",
            "async fn f(m: &tokio::sync::Mutex<u8>) { let mut g = m.lock().await; *g += load().await; }",
        ),
        Case::near_miss("a.rs", "async fn f(rx: Receiver<u8>) { let g = rx.borrow(); load(*g).await; }"),
        Case::near_miss("a.rs", "async fn f(c: &RefCell<bool>) { if *c.borrow() { load().await; } }"),
        Case::near_miss(
            "a.rs",
            "async fn f(c: &RefCell<u8>) { let g = c.borrow_mut(); let t = async move { load().await }; push(t, g); }",
        ),
        Case::near_miss("a.rs", "async fn f(p: &mut Pool) { let g = p.borrow_mut(3); load(g).await; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, what)) = plain_method(node) else { return };
    if !matches!(what, "borrow" | "borrow_mut") || !in_async(node) {
        return;
    }
    let ty = type_of(of, cx).map(|t| if matches!(t.name, "Rc" | "Arc" | "Box") { t.arg().name } else { t.name });
    let cell = match ty {
        Some(name) => name == "RefCell",
        None => {
            what == "borrow_mut"
                && cx.file.imports.iter().any(|(_, path)| path == "std::cell::RefCell" || path == "std::cell")
        }
    };
    if !cell {
        return;
    }
    let Some((_, name)) = method(node) else { return };
    let span = tail(name, node);
    if let Some(parent) = node.parent().filter(|p| p.kind() == Kind::LetDeclaration) {
        let pattern = parent
            .child(Field::Pattern)
            .map(|p| if p.kind() == Kind::MutPattern { p.last_named().unwrap_or(p) } else { p });
        if let Some(pattern) = pattern.filter(|p| p.kind() == Kind::Identifier)
            && let Some(awaits) = await_while_held(parent, pattern.text())
        {
            let message = format!(
                "The borrow in `{0}` is held across an `.await`: a task that borrows the cell meanwhile panics. Drop `{0}` first.",
                pattern.text()
            );
            cx.report(Note::new(cx.rule, span, message).related(awaits, "the task waits here"));
        }
        return;
    }
    if let Some(awaits) = await_in_statement(node) {
        let message = "This borrow is a temporary that lives until the end of the statement, across an `.await`: a task that borrows the cell meanwhile panics. Take what is needed out of it in a `let` before.";
        cx.report(Note::new(cx.rule, span, message).related(awaits, "the task waits here"));
    }
}
