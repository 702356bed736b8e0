use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, enclosing_function, in_async, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "blocking-in-async",
    summary: "a blocking call in async code stops every task of its thread",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[833],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls that block the thread inside async functions and blocks: `std::thread::sleep`, `std::fs`, \
               `std::net` connections, `reqwest::blocking`, waiting for a `std::process::Command`, `block_on`, and tokio's \
               `blocking_*` methods.",
        why: "An executor's thread runs many tasks. While one of them blocks, none of the others moves: latency grows \
              for all of them, and with as many blocked tasks as threads the program stands still.",
        example: "async fn load(path: &Path) -> std::io::Result<String> {\n    std::fs::read_to_string(path)\n}",
        instead: "async fn load(path: &Path) -> std::io::Result<String> {\n    tokio::fs::read_to_string(path).await\n}",
        limits: "Closures that are not async are left alone, such as those of `spawn_blocking` and `thread::spawn`, and so is reading files in an \
                 async `main`. Names are resolved through the file's `use` declarations; functions that block inside are not \
                 seen.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "async fn f() { std::thread::sleep(Duration::from_secs(1)); } //~ blocking-in-async"),
        Case::bad(
            "a.rs",
            "use std::fs;\nasync fn f(p: &Path) -> String { fs::read_to_string(p).unwrap() } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "use std::{thread, time::Duration};\nfn f() { tokio::spawn(async move { loop { thread::sleep(Duration::from_millis(5)); } }); } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nimpl A { async fn f(&self) -> io::Result<File> { File::open(&self.path) } } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "async fn f() { let r = reqwest::blocking::get(\"https://example.com\"); } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "use std::process::Command;\nasync fn f() { let o = Command::new(\"git\").arg(\"log\").output().unwrap(); } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "use std::net::TcpStream;\nasync fn f() { let s = TcpStream::connect(\"a:1\"); } //~ blocking-in-async",
        ),
        Case::bad(
            "a.rs",
            "async fn f(tx: &Sender<u8>) { futures::executor::block_on(tx.send(1)); } //~ blocking-in-async",
        ),
        Case::good("a.rs", "async fn f() { tokio::time::sleep(Duration::from_secs(1)).await; }"),
        Case::good("a.rs", "use tokio::fs;\nasync fn f(p: &Path) -> String { fs::read_to_string(p).await.unwrap() }"),
        Case::good("a.rs", "fn f() { std::thread::sleep(Duration::from_secs(1)); }"),
        Case::good(
            "a.rs",
            "use tokio::process::Command;\nasync fn f() { Command::new(\"git\").output().await.unwrap(); }",
        ),
        Case::good("a.rs", "async fn f(p: PathBuf) { tokio::task::spawn_blocking(move || std::fs::read(p)).await; }"),
        Case::good("a.rs", "async fn f() { std::thread::spawn(|| { std::thread::sleep(D); }); }"),
        Case::near_miss("a.rs", "async fn f() { fn g() { std::thread::sleep(D); } spawn_blocking(g).await; }"),
        Case::near_miss(
            "a.rs",
            "#[tokio::main]\nasync fn main() { let c = std::fs::read_to_string(\"app.toml\").unwrap(); serve(c).await; }",
        ),
        Case::bad("a.rs", "async fn f(rx: &mut Receiver<u8>) { let x = rx.blocking_recv(); } //~ blocking-in-async"),
        Case::near_miss("a.rs", "async fn f(r: Response) { r.blocking_read(|b| parse(b)).await; }"),
        Case::near_miss(
            "a.rs",
            "use async_std::fs;\nasync fn f(p: &Path) { fs::read(p).await; let x = self.thread.sleep(1); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::process::Command;\nasync fn f() { let c = Command::new(\"git\"); run(c.into()).output().await; }",
        ),
    ],
};

/// What blocks, and what to use instead.
fn blocks(path: &str) -> Option<(&'static str, &'static str)> {
    let tokio_fs = "`tokio::fs`, or `spawn_blocking`";
    match path {
        "std::thread::sleep" => Some(("sleeps", "`tokio::time::sleep`")),
        "std::fs::File::open" | "std::fs::File::create" | "std::fs::File::create_new" => {
            Some(("opens a file", tokio_fs))
        }
        "std::net::TcpStream::connect" | "std::net::TcpStream::connect_timeout" | "std::net::TcpListener::accept" => {
            Some(("waits for the network", "`tokio::net`"))
        }
        "futures::executor::block_on"
        | "futures_executor::block_on"
        | "pollster::block_on"
        | "async_std::task::block_on" => Some(("waits for another future", "`.await`")),
        "std::io::read_to_string" => Some(("reads", "`tokio::io`")),
        _ if path.starts_with("reqwest::blocking::") => Some(("waits for the network", "reqwest's async client")),
        _ => {
            let name = path.strip_prefix("std::fs::")?;
            (name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')).then_some(("waits for the disk", tokio_fs))
        }
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !in_async(node) {
        return;
    }
    let Some(callee) = node.child(Field::Function) else { return };
    if let Some((receiver, name)) = method(node) {
        let what = name.text();
        if matches!(what, "output" | "status") && is_command(receiver, cx) && !is_awaited(node) {
            let span = Span { start: name.span().start, end: node.span().end };
            report(span, "waits for a process", "`tokio::process::Command`", cx);
        } else if matches!(
            what,
            "blocking_recv" | "blocking_send" | "blocking_lock" | "blocking_read" | "blocking_write"
        ) && args(node).count() == usize::from(what == "blocking_send")
            && !is_awaited(node)
        {
            report(name.span(), "blocks, and panics in async code,", "the async method and `.await`", cx);
        }
        return;
    }
    let Some(path) = rust_path(callee, cx) else { return };
    let Some((what, instead)) = blocks(&path) else { return };
    let files = path.starts_with("std::fs::");
    let main = enclosing_function(node).and_then(|f| f.child(Field::Name)).is_some_and(|n| n.text() == "main");
    if (files && main) || is_awaited(node) {
        return;
    }
    report(callee.span(), what, instead, cx);
}

fn is_awaited(node: Node<'_>) -> bool {
    node.parent().is_some_and(|p| p.kind() == Kind::AwaitExpression)
}

/// Whether a chain of methods begins with the standard library's `Command::new`.
fn is_command(receiver: Node<'_>, cx: &Cx<'_>) -> bool {
    let mut at = receiver;
    while let Some((inner, _)) = method(at) {
        at = inner;
    }
    let from = |n: Node<'_>| {
        n.child(Field::Function).and_then(|f| rust_path(f, cx)).is_some_and(|p| p == "std::process::Command::new")
    };
    if at.kind() == Kind::Identifier {
        let name = at.text();
        return at.arena().nodes().any(|n| {
            n.kind() == Kind::LetDeclaration
                && n.child(Field::Pattern).is_some_and(|p| p.text() == name)
                && n.child(Field::Value).is_some_and(from)
        });
    }
    from(at)
}

fn report<'a>(span: Span, what: &str, instead: &str, cx: &mut Cx<'a>) {
    let message = format!("This {what} in async code, and every other task of the thread waits too. Use {instead}.");
    cx.report(Note::new(cx.rule, span, message));
}
