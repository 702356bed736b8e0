use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, enclosing_function, in_async, method, resolve_rust, rust_path};
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
               `std::net` connections, `std::sync::mpsc` receivers, threads that are joined, standard input, `reqwest::blocking`, \
               `ureq`, slow password hashes (bcrypt, argon2, scrypt, PBKDF2), waiting for a `std::process::Command`, `block_on`, tokio's \
               `blocking_*` methods, and calls of functions of the same file that do one of these.",
        why: "An executor's thread runs many tasks. While one of them blocks, none of the others moves: latency grows \
              for all of them, and with as many blocked tasks as threads the program stands still.",
        example: "async fn load(path: &Path) -> std::io::Result<String> {\n    std::fs::read_to_string(path)\n}",
        instead: "async fn load(path: &Path) -> std::io::Result<String> {\n    tokio::fs::read_to_string(path).await\n}",
        limits: "Closures that are not async are left alone, such as those of `spawn_blocking` and `thread::spawn`, and so is reading files in an \
                 async `main`. Names are resolved through the file's `use` declarations; functions of other files are not \
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
        Case::bad(
            "a.rs",
            "use std::net::ToSocketAddrs;\nasync fn f(host: String) -> usize { (host.as_str(), 443).to_socket_addrs().map(|a| a.count()).unwrap_or(0) } //~ blocking-in-async",
        ),
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
        | "futures_lite::future::block_on"
        | "smol::block_on"
        | "async_std::task::block_on" => Some(("waits for another future", "`.await`")),
        "bcrypt::hash"
        | "bcrypt::verify"
        | "bcrypt::hash_with_result"
        | "argon2::hash_encoded"
        | "argon2::verify_encoded"
        | "scrypt::scrypt"
        | "pbkdf2::pbkdf2"
        | "pbkdf2::pbkdf2_hmac"
        | "ring::pbkdf2::derive"
        | "ring::pbkdf2::verify"
        | "openssl::pkcs5::pbkdf2_hmac"
        | "pwhash::bcrypt::hash"
        | "pwhash::bcrypt::verify" => Some(("hashes a password for a long time", "`spawn_blocking`")),
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
        } else if let Some((what, instead)) = method_blocks(node, receiver, what, cx).filter(|_| !is_awaited(node)) {
            report(name.span(), what, instead, cx);
        } else if receiver.kind() == Kind::SelfValue {
            helper(node, name, cx);
        }
        return;
    }
    helper(node, callee, cx);
    let Some(path) = rust_path(callee, cx) else { return };
    let Some((what, instead)) = blocks(&path) else { return };
    let files = path.starts_with("std::fs::");
    let main = enclosing_function(node).and_then(|f| f.child(Field::Name)).is_some_and(|n| n.text() == "main");
    if (files && main) || is_awaited(node) {
        return;
    }
    report(callee.span(), what, instead, cx);
}

/// Whether a method waits for somebody.
fn method_blocks<'a>(
    call: Node<'a>,
    receiver: Node<'a>,
    name: &str,
    cx: &Cx<'a>,
) -> Option<(&'static str, &'static str)> {
    let none = args(call).next().is_none();
    match name {
        "to_socket_addrs" if none && tuple_or_text(receiver, cx) => {
            Some(("asks for a host's address", "`tokio::net::lookup_host`"))
        }
        "recv" | "recv_timeout" if is_std_receiver(receiver, cx) => Some(("waits for a message", "tokio's channels")),
        "join"
            if none && (origin(receiver, cx).as_deref() == Some("std::thread::spawn") || is_thread(receiver, cx)) =>
        {
            Some(("waits for a thread", "`spawn_blocking` and `.await`"))
        }
        "call" | "send" | "send_json" | "send_string" | "send_form"
            if origin(receiver, cx).is_some_and(|p| p.starts_with("ureq::")) =>
        {
            Some(("waits for the network", "an async client, or `spawn_blocking`"))
        }
        "send" | "text" | "json" | "bytes" if none && begins(receiver, cx, "reqwest::blocking::") && name == "send" => {
            Some(("waits for the network", "reqwest's async client"))
        }
        "read_line" | "read_to_string" if begins(receiver, cx, "std::io::stdin") => {
            Some(("waits for input", "`tokio::io::stdin`"))
        }
        // A runtime's handle by its name, for `block_on` of anything is what it says.
        "block_on" if args(call).count() == 1 => Some(("waits for another future", "`.await`")),
        _ => None,
    }
}

/// Whether a value is a host with its port, or a text of both.
fn tuple_or_text<'a>(receiver: Node<'a>, cx: &Cx<'a>) -> bool {
    let inner = crate::rules::unparenthesized(receiver);
    let known = matches!(inner.kind(), Kind::TupleExpression | Kind::StringLiteral | Kind::MacroInvocation)
        || type_of(inner, cx).is_some_and(|t| matches!(t.name, "str" | "String" | "()"));
    known && cx.file.imports.iter().all(|(_, p)| !p.ends_with("::ToSocketAddrs") || p.starts_with("std::"))
}

/// Whether a value is the handle of a thread of the standard library, by its written type.
fn is_thread<'a>(receiver: Node<'a>, cx: &Cx<'a>) -> bool {
    type_of(receiver, cx)
        .is_some_and(|t| t.name == "JoinHandle" && resolve_rust(t.path, cx) == "std::thread::JoinHandle")
}

/// The path of the call that a chain, or a variable's value, begins with.
fn origin(receiver: Node<'_>, cx: &Cx<'_>) -> Option<String> {
    let mut at = receiver;
    for _ in 0..12 {
        match at.kind() {
            Kind::TryExpression | Kind::AwaitExpression | Kind::ParenthesizedExpression => at = at.first_named()?,
            Kind::Identifier => match binding(at)?.origin {
                Origin::Let(declaration) => at = declaration.child(Field::Value)?,
                _ => return None,
            },
            Kind::CallExpression => match method(at) {
                Some((inner, _)) => at = inner,
                None => return rust_path(at.child(Field::Function)?, cx),
            },
            _ => return None,
        }
    }
    None
}

fn begins(receiver: Node<'_>, cx: &Cx<'_>, path: &str) -> bool {
    origin(receiver, cx).is_some_and(|p| p.starts_with(path))
}

/// Whether a value is the receiving end of a channel of the standard library.
fn is_std_receiver<'a>(receiver: Node<'a>, cx: &Cx<'a>) -> bool {
    if let Some(ty) = type_of(receiver, cx).filter(|t| t.name == "Receiver" && !t.path.is_empty()) {
        return resolve_rust(ty.path, cx).starts_with("std::sync::mpsc::");
    }
    let Some(bound) = binding(receiver) else { return false };
    let Origin::Let(declaration) = bound.origin else { return false };
    declaration
        .child(Field::Value)
        .and_then(|v| v.child(Field::Function))
        .and_then(|f| rust_path(f, cx))
        .is_some_and(|p| matches!(p.as_str(), "std::sync::mpsc::channel" | "std::sync::mpsc::sync_channel"))
}

/// A function of the file that blocks.
fn helper<'a>(call: Node<'a>, name: Node<'a>, cx: &mut Cx<'a>) {
    let plain = matches!(name.kind(), Kind::Identifier | Kind::FieldIdentifier)
        || name.text().starts_with("Self::") && name.kind() == Kind::ScopedIdentifier;
    let local =
        name.kind() == Kind::Identifier && (binding(name).is_some() || cx.file.imports.path(name.text()).is_some());
    let main = enclosing_function(call).and_then(|f| f.child(Field::Name)).is_some_and(|n| n.text() == "main");
    if !plain || local || main || is_awaited(call) {
        return;
    }
    let text = name.text().rsplit("::").next().unwrap_or_default();
    let Some((what, by)) = blocks_within(text, cx, 3) else { return };
    let message = format!(
        "`{text}` {what} (`{by}`), and every other task of the thread waits too. Call it in `spawn_blocking`, or make it async."
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// What a function of the file does that blocks, and by which call.
fn blocks_within(name: &str, cx: &Cx<'_>, depth: usize) -> Option<(&'static str, String)> {
    let depth = depth.checked_sub(1)?;
    let called = cx.file.declared.rust.calls.get(name)?;
    called.iter().find_map(|written| {
        if let Some((what, _)) = blocks(&resolve_rust(written, cx)) {
            return Some((what, written.clone()));
        }
        let own = !written.contains("::") || written.starts_with("Self::");
        let last = written.rsplit("::").next().unwrap_or(written);
        if own && last != name { blocks_within(last, cx, depth) } else { None }
    })
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
