use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::support::{args, enclosing_function, is_function, is_loop, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unwrap-of-io",
    summary: "a library or a server panics where a file or a peer fails",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[248, 755],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `unwrap` and `expect` behind `accept` and the streams of `incoming` in a server's loop, and, in public functions of a library, behind `File::open(path)`, `fs::read(path)` and the like of a path that the caller gives, and behind `parse` of a text that the caller gives.",
        why: "A file that is not there and a connection that breaks are no faults of the program. One client that hangs up early ends the server for all others; who calls the library cannot do anything about its panic.",
        example: "let (socket, _) = listener.accept().await.unwrap();",
        instead: "let socket = match listener.accept().await {\n    Ok((socket, _)) => socket,\n    Err(error) => { log(error); continue; }\n};",
        limits: "Programs (`main.rs`, `bin/`, `build.rs`), tests, examples and functions whose name says that they panic are left alone but for their loops.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "src/main.rs",
            "async fn run(listener: TcpListener) {\n    loop {\n        let (socket, _) = listener.accept().await.unwrap(); //~ unwrap-of-io\n        tokio::spawn(serve(socket));\n    }\n}",
        ),
        Case::bad(
            "src/main.rs",
            "fn main() {\n    let listener = TcpListener::bind(ADDRESS).unwrap();\n    for stream in listener.incoming() {\n        let stream = stream.unwrap(); //~ unwrap-of-io\n        serve(stream);\n    }\n}",
        ),
        Case::bad(
            "src/lib.rs",
            "use std::fs::File;\npub fn load(path: &Path) -> Config { read(File::open(path).unwrap()) } //~ unwrap-of-io",
        ),
        Case::bad(
            "src/lib.rs",
            "pub fn text(path: &str) -> String { std::fs::read_to_string(path).expect(\"readable\") } //~ unwrap-of-io",
        ),
        Case::bad("src/lib.rs", "pub fn port(text: &str) -> u16 { text.parse().unwrap() } //~ unwrap-of-io"),
        Case::bad(
            "src/net.rs",
            "pub fn serve(l: &TcpListener) { loop { let (s, from) = l.accept().expect(\"accept\"); go(s, from); } } //~ unwrap-of-io",
        ),
        Case::bad(
            "src/store.rs",
            "use std::fs;\npub fn save(dir: &Path, data: &[u8]) { fs::write(dir.join(\"data\"), data).unwrap(); } //~ unwrap-of-io",
        ),
        Case::bad("src/lib.rs", "pub fn number(s: &str) -> u32 { s.trim().parse::<u32>().unwrap() } //~ unwrap-of-io"),
        Case::good(
            "src/lib.rs",
            "use std::fs::File;\npub fn load(path: &Path) -> io::Result<Config> { Ok(read(File::open(path)?)) }",
        ),
        Case::good("src/lib.rs", "pub fn port(text: &str) -> Option<u16> { text.parse().ok() }"),
        Case::good(
            "src/main.rs",
            "fn main() { let text = std::fs::read_to_string(\"app.toml\").unwrap(); run(&text); }",
        ),
        Case::good("src/main.rs", "fn load(path: &str) -> String { std::fs::read_to_string(path).unwrap() }"),
        Case::good("src/lib.rs", "pub fn table() -> Table { TEXT.parse().unwrap() }"),
        Case::good("src/lib.rs", "pub fn zero() -> u16 { \"0\".parse().unwrap() }"),
        Case::good("src/lib.rs", "pub fn must_load(path: &Path) -> String { std::fs::read_to_string(path).unwrap() }"),
        Case::good("src/net.rs", "pub fn one(l: &TcpListener) -> TcpStream { let (s, _) = l.accept().unwrap(); s }"),
        Case::near_miss(
            "src/lib.rs",
            "pub fn digits(text: &str) -> u16 { if !text.chars().all(|c| c.is_ascii_digit()) { return 0; } text.parse().unwrap() }",
        ),
        Case::near_miss(
            "src/net.rs",
            "pub fn serve(l: TcpListener) { for stream in l.incoming() { spawn(move || { let s = stream.unwrap(); go(s); }); } }",
        ),
        Case::near_miss(
            "tests/util.rs",
            "pub fn load(path: &str) -> String { std::fs::read_to_string(path).unwrap() }",
        ),
        Case::near_miss("build.rs", "pub fn load(path: &str) -> String { std::fs::read_to_string(path).unwrap() }"),
        Case::near_miss("src/lib.rs", "fn inner(path: &str) -> String { std::fs::read_to_string(path).unwrap() }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = method(node).filter(|(_, m)| matches!(m.text(), "unwrap" | "expect")) else { return };
    let mut value = of;
    if value.kind() == Kind::AwaitExpression {
        match value.first_named() {
            Some(inner) => value = inner,
            None => return,
        }
    }
    if cx.file.is_example {
        return;
    }
    if accepts(node, value) {
        let message = format!(
            "`accept` fails when a client hangs up or files run out, and `{}` then ends the server for all. Log the error, and go on.",
            name.text()
        );
        cx.report(Note::new(cx.rule, crate::rules::rust_code::tail(name, node), message));
        return;
    }
    if cx.file.is_script || is_program(&cx.file.path) {
        return;
    }
    let Some(what) = given(value, cx) else { return };
    let Some(function) = enclosing_function(node).filter(|f| f.kind() == Kind::FunctionItem) else { return };
    let public = function.child_of_kind(Kind::VisibilityModifier).is_some_and(|v| v.text() == "pub");
    let returned = function.child(Field::ReturnType).map_or("", Node::text);
    if !public || returned.contains("Result") || returned == "!" || says_panic(function) {
        return;
    }
    let Some(Origin::Param(parameter)) = binding(what).map(|b| b.origin) else { return };
    let written = parameter.child(Field::Type).map_or("", Node::text);
    // What is asked before may make sure that it cannot fail.
    let asked = function.child(Field::Body).is_some_and(|b| {
        b.descendants()
            .any(|n| matches!(n.kind(), Kind::Identifier) && n.text() == what.text() && n.span().end <= of.span().start)
    });
    if asked || !["str", "String", "Path", "OsStr"].iter().any(|t| written.contains(t)) {
        return;
    }
    let message = format!(
        "`{}` comes from the caller, and what is wrong with it panics here, where the caller cannot help it. Return the error.",
        what.text()
    );
    cx.report(Note::new(cx.rule, crate::rules::rust_code::tail(name, node), message));
}

/// Whether a server's loop takes its next connection with it.
fn accepts<'a>(node: Node<'a>, value: Node<'a>) -> bool {
    if let Some((_, m)) = method(value) {
        let looped = node.ancestors().take_while(|a| !is_function(*a) && a.kind() != Kind::AsyncBlock).any(is_loop);
        return m.text() == "accept" && args(value).next().is_none() && looped;
    }
    // `for stream in listener.incoming() { let stream = stream.unwrap(); .. }`
    if value.kind() != Kind::Identifier {
        return false;
    }
    // In a thread of its own it ends that alone.
    let inside = |a: &Node<'_>| !is_function(*a) && a.kind() != Kind::AsyncBlock;
    node.ancestors().take_while(inside).find(|a| a.kind() == Kind::ForExpression).is_some_and(|f| {
        f.child(Field::Pattern).is_some_and(|p| p.text() == value.text())
            && f.child(Field::Value).and_then(method).is_some_and(|(_, m)| m.text() == "incoming")
    })
}

/// What a call opens or parses, where that is a variable.
fn given<'a>(call: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    let root = |n: Node<'a>| crate::rules::rust_code::root(n).filter(|r| r.kind() == Kind::Identifier);
    if let Some((of, m)) = method(call) {
        return (m.text() == "parse" && args(call).next().is_none()).then(|| root(of)).flatten();
    }
    let path = rust_path(call.child(Field::Function)?, cx)?;
    let opens = path.starts_with("std::fs::") || path.starts_with("tokio::fs::");
    let first = args(call).next().filter(|_| opens)?;
    let first = if first.kind() == Kind::ReferenceExpression { first.last_named()? } else { first };
    root(first)
}

/// Whether a file is part of a program, whose failures its user reads.
fn is_program(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    matches!(file, "main.rs" | "build.rs" | "cli.rs" | "tests.rs" | "test_util.rs" | "testing.rs")
        || path.rsplit('/').skip(1).any(|f| {
            matches!(f, "bin" | "benches" | "examples" | "tests" | "xtask" | "cli" | "testing" | "test_utils" | "test")
        })
}

/// Whether a function's name says that it panics.
fn says_panic(function: Node<'_>) -> bool {
    let name = function.child(Field::Name).map_or("", Node::text);
    crate::rules::support::words(name)
        .iter()
        .any(|w| matches!(w.as_str(), "unwrap" | "expect" | "must" | "panic" | "test" | "unchecked"))
}
