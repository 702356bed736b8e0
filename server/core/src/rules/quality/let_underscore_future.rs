use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::binding;
use crate::rules::support::{args, in_async, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "let-underscore-future",
    summary: "a future is made and never run",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[665],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let _ = f();` and `f();` where `f` is an async function of the file, and `let _ = async { .. };`.",
        why: "A future does nothing until it is awaited or spawned: the function never runs, without an error or a warning.",
        example: "let _ = save(&order);",
        instead: "save(&order).await?;",
        limits: "Only functions whose name no other function of the file has. Futures that are handed on, spawned or returned are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration, Kind::ExpressionStatement], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use tokio::sync::mpsc;\nstruct App { jobs: mpsc::Sender<String> }\nasync fn f(app: App, body: String) { app.jobs.send(body); go(); } //~ let-underscore-future",
        ),
        Case::bad(
            "a.rs",
            "use tokio::sync::mpsc::Sender;\nasync fn f(tx: Sender<u8>) { let _ = tx.send(1); } //~ let-underscore-future",
        ),
        Case::near_miss(
            "a.rs",
            "use tokio::sync::oneshot;\nasync fn f(tx: oneshot::Sender<u8>) { let _ = tx.send(1); }",
        ),
        Case::near_miss(
            "a.rs",
            "use tokio::sync::mpsc;\nasync fn f(tx: mpsc::UnboundedSender<u8>) { let _ = tx.send(1); }",
        ),
        Case::bad(
            "a.rs",
            "struct Db;\nimpl Db { async fn save(&self, n: u8) -> u8 { n } }\nstruct S { db: Db }\nimpl S {\n    async fn touch(&self) {\n        self.db.save(1); //~ let-underscore-future\n    }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "struct Db;\nimpl Db { async fn save(&self, n: u8) -> u8 { n } }\nstruct S { db: Log }\nimpl S {\n    async fn touch(&self) {\n        self.db.save(1);\n    }\n}",
        ),
        Case::bad("a.rs", "async fn save(x: u8) {}\nasync fn f() { let _ = save(1); } //~ let-underscore-future"),
        Case::bad("a.rs", "async fn save(x: u8) {}\nfn f() { save(1); } //~ let-underscore-future"),
        Case::bad("a.rs", "fn f() { let _ = async { go().await }; } //~ let-underscore-future"),
        Case::bad(
            "a.rs",
            "struct A;\nimpl A { async fn flush(&self) {}\nasync fn f(&self) { self.flush(); } } //~ let-underscore-future",
        ),
        Case::bad(
            "a.rs",
            "async fn load() -> u8 { 1 }\nasync fn f() { if ready() { load(); } } //~ let-underscore-future",
        ),
        Case::bad("a.rs", "fn f() { let _ = tokio::time::sleep(D); } //~ let-underscore-future"),
        Case::bad(
            "a.rs",
            "struct A;\nimpl A { async fn new() -> A { A }\nfn f() { let _ = Self::new(); } } //~ let-underscore-future",
        ),
        Case::bad(
            "a.rs",
            "async fn ping() {}\nasync fn f() { loop { let _ = ping(); wait().await; } } //~ let-underscore-future",
        ),
        Case::bad(
            "a.rs",
            "async fn f(client: &Client, u: &str) { client.post(u).body(\"x\").send(); } //~ let-underscore-future",
        ),
        Case::good("a.rs", "async fn save(x: u8) {}\nasync fn f() { save(1).await; }"),
        Case::good("a.rs", "async fn save(x: u8) {}\nfn f() { let _ = tokio::spawn(save(1)); }"),
        Case::good("a.rs", "async fn save(x: u8) {}\nfn f() -> impl Future<Output = ()> { save(1) }"),
        Case::good("a.rs", "async fn save(x: u8) {}\nasync fn f() { let fut = save(1); fut.await; }"),
        Case::good("a.rs", "fn save(x: u8) {}\nasync fn f() { save(1); }"),
        Case::good("a.rs", "async fn f() { let _ = tx.send(1); }"),
        Case::good("a.rs", "async fn save(x: u8) {}\nasync fn f() { let _ = save(1).await; }"),
        Case::good("a.rs", "async fn save(x: u8) {}\nfn f() { drop(save(1)); }"),
        Case::near_miss("a.rs", "async fn run(x: u8) {}\nmod m { pub fn run(x: u8) {} }\nfn f() { m::run(1); }"),
        Case::near_miss("a.rs", "struct A;\nimpl A { async fn get(&self) {} }\nfn f(c: &Cache) { c.get(); }"),
        Case::near_miss("a.rs", "async fn save(x: u8) {}\nfn f() { block_on(save(1)); }"),
        Case::near_miss("a.rs", "fn f() { let _ = tokio::time::sleep(D).await; }"),
        Case::near_miss(
            "a.rs",
            "#[tokio::main]\nasync fn serve(port: u16) { run(port).await }\nfn f() { std::thread::spawn(|| { serve(80); }); }",
        ),
        Case::near_miss(
            "a.rs",
            "struct Handle;\nimpl Handle { async fn ping(&self) {} }\nimpl Session { fn run(&self) { let _ = self.ping(); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let value = if node.kind() == Kind::LetDeclaration {
        node.child(Field::Value).filter(|_| node.child(Field::Pattern).is_some_and(|p| p.text() == "_"))
    } else {
        node.first_named().filter(|_| node.text().ends_with(';'))
    };
    let Some(value) = value else { return };
    let what = match value.kind() {
        Kind::AsyncBlock if node.kind() == Kind::LetDeclaration => "block",
        Kind::CallExpression if is_async_call(value, cx) => "function",
        _ => return,
    };
    let message = format!("This async {what} never runs: a future does nothing until it is awaited or spawned.");
    cx.report(
        Note::new(cx.rule, value.span(), message).suggestion(
            "Await it",
            vec![(Span { start: value.span().end, end: value.span().end }, ".await".to_owned())],
        ),
    );
}

fn is_async_call<'a>(call: Node<'a>, cx: &Cx<'a>) -> bool {
    let known = |name: &str| cx.file.declared.rust.async_functions.contains(name);
    if let Some((of, name)) = method(call) {
        // The same type must have both this method and the one around.
        let rust = &cx.file.declared.rust;
        let here = cx.arena().root().child(Field::Name).map_or("", Node::text);
        let mut owners = rust.methods.keys().filter(|(_, m)| m == here).map(|(of, _)| of);
        let owner = owners.next().filter(|_| owners.next().is_none());
        let own = owner.is_some_and(|o| rust.methods.contains_key(&(o.clone(), name.text().to_owned())));
        // `self.db.save(x)` where the file says what `db` is.
        let of_field = of.kind() == Kind::FieldExpression
            && known(name.text())
            && crate::rules::rust_types::type_of(of, cx)
                .is_some_and(|t| rust.methods.contains_key(&(t.name.to_owned(), name.text().to_owned())));
        return of.kind() == Kind::SelfValue && own && known(name.text())
            || of_field
            || sends(of, name.text(), call)
            || gives_to_channel(of, name.text(), call, cx);
    }
    let Some(callee) = call.child(Field::Function) else { return false };
    match callee.kind() {
        Kind::Identifier => known(callee.text()) && binding(callee).is_none(),
        Kind::ScopedIdentifier => {
            let own = callee.child(Field::Path).is_some_and(|p| p.text() == "Self");
            let path = rust_path(callee, cx).unwrap_or_default();
            own && callee.child(Field::Name).is_some_and(|n| known(n.text()))
                || matches!(path.as_str(), "tokio::time::sleep" | "tokio::time::sleep_until" | "tokio::task::yield_now")
        }
        _ => false,
    }
}

/// `jobs.send(job)` of a bounded channel of tokio, in async code: it waits for room.
fn gives_to_channel<'a>(of: Node<'a>, name: &str, call: Node<'a>, cx: &Cx<'a>) -> bool {
    if name != "send" || args(call).count() != 1 || !in_async(call) {
        return false;
    }
    let Some(ty) = crate::rules::rust_types::type_of(of, cx) else { return false };
    match ty.path {
        "Sender" => cx.file.imports.path("Sender") == Some("tokio::sync::mpsc::Sender"),
        "mpsc::Sender" => cx.file.imports.path("mpsc") == Some("tokio::sync::mpsc"),
        path => path == "tokio::sync::mpsc::Sender",
    }
}

/// `client.post(url).body(text).send()` of an asynchronous client, in async code.
fn sends<'a>(of: Node<'a>, name: &str, call: Node<'a>) -> bool {
    if name != "send" || args(call).next().is_some() || !in_async(call) {
        return false;
    }
    std::iter::successors(Some(of), |n| method(*n).map(|(r, _)| r)).filter_map(method).any(|(from, m)| {
        matches!(m.text(), "get" | "post" | "put" | "delete" | "patch" | "head" | "request")
            && from.text().rsplit('.').next().is_some_and(|n| n.contains("client") || n == "http")
    })
}
