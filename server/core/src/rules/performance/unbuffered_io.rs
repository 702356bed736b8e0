use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{computed, loop_around, plain_method, root, round, tail};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::{Ty, macro_name, type_of};
use crate::rules::support::{args, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unbuffered-io",
    summary: "a file or socket is read or written in small pieces without a buffer",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `bytes()` of a `File` or `TcpStream`, formatted writes (`write!`, `writeln!`), small `write_all` and `read_exact` of one in a loop, and `serde_json::from_reader` and `to_writer` and their like with one that has no `BufReader` or `BufWriter` around it.",
        why: "Every piece is a call into the operating system, about a thousand times as dear as copying a few bytes from a buffer.",
        example: "let file = File::open(path)?;\nlet config = serde_json::from_reader(file)?;",
        instead: "let file = BufReader::new(File::open(path)?);\nlet config = serde_json::from_reader(file)?;",
        limits: "Only where the source tells that the receiver is a file or a socket. Reads and writes of large pieces need no buffer, nor does `serde_yaml`, which has one of its own.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression, Kind::MacroInvocation], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f() -> io::Result<()> { let file = File::open(\"a\")?; for b in file.bytes() { go(b?); } Ok(()) } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> Result<Config, E> { Ok(serde_json::from_reader(File::open(p)?)?) } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(mut out: File, xs: &[u8]) -> io::Result<()> { for x in xs { writeln!(out, \"{x}\")?; } Ok(()) } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path, c: &C) -> Result<(), E> { let file = File::create(p)?; serde_json::to_writer_pretty(file, c)?; Ok(()) } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &mut TcpStream) -> io::Result<()> { let mut b = [0u8; 1]; loop { s.read_exact(&mut b)?; if b[0] == 10 { return Ok(()); } } } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[String]) -> io::Result<()> {\n    let mut f = File::create(\"a\")?;\n    for x in xs {\n        f.write_all(x.as_bytes())?; //~ unbuffered-io\n    }\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "struct L { file: File }\nimpl L { fn all(&mut self, xs: &[L]) { for x in xs { write!(self.file, \"{}\", x.n).unwrap(); } } } //~ unbuffered-io",
        ),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> u8 { let f = std::fs::File::open(p).unwrap(); serde_json::from_reader(&f).unwrap() } //~ unbuffered-io",
        ),
        Case::good(
            "a.rs",
            "fn f(p: &Path) -> Result<Config, E> { Ok(serde_json::from_reader(BufReader::new(File::open(p)?))?) }",
        ),
        Case::good(
            "a.rs",
            "fn f(out: File, xs: &[u8]) -> io::Result<()> { let mut out = BufWriter::new(out); for x in xs { writeln!(out, \"{x}\")?; } Ok(()) }",
        ),
        Case::good("a.rs", "fn f(mut out: File) -> io::Result<()> { writeln!(out, \"one\")?; Ok(()) }"),
        Case::good("a.rs", "fn f(s: &str) { for b in s.bytes() { go(b); } }"),
        Case::good(
            "a.rs",
            "fn f(mut f: File) -> io::Result<()> { let mut b = vec![0; 65536]; loop { let n = f.read(&mut b)?; if n == 0 { return Ok(()); } go(&b[..n]); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(out: &mut impl Write, xs: &[u8]) -> io::Result<()> { for x in xs { writeln!(out, \"{x}\")?; } Ok(()) }",
        ),
        Case::good("a.rs", "fn f(out: &mut String, xs: &[u8]) { for x in xs { writeln!(out, \"{x}\").unwrap(); } }"),
        Case::good("a.rs", "fn f(b: &[u8]) -> C { serde_json::from_slice(b).unwrap() }"),
        Case::near_miss(
            "a.rs",
            "fn f(mut f: File, chunks: &[Vec<u8>]) -> io::Result<()> { for c in chunks { f.write_all(c)?; } Ok(()) }",
        ),
        Case::near_miss("a.rs", "fn f(file: Upload) -> C { serde_json::from_reader(file).unwrap() }"),
        Case::near_miss(
            "a.rs",
            "fn f() { for p in paths() { let mut f = File::create(p).unwrap(); writeln!(f, \"x\").unwrap(); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(mut s: TcpStream) { loop { let mut b = [0u8; 4096]; s.read_exact(&mut b).unwrap(); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: &Path, c: &Config) -> Result<()> { let file = std::fs::File::create(p)?; serde_yaml::to_writer(file, c)?; Ok(()) }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(p: &Path) -> Result<Config> { let file = std::fs::File::open(p)?; Ok(serde_yaml::from_reader(file)?) }",
        ),
    ],
};

const MESSAGE: &str = "Every small piece is a call into the operating system.";

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.kind() == Kind::MacroInvocation {
        return formatted(node, cx);
    }
    if let Some((of, name)) = method(node) {
        let first = args(node).next();
        match (name.text(), first) {
            ("bytes", None) if is_raw(of, cx) => {
                cx.report(Note::new(
                    cx.rule,
                    tail(name, node),
                    format!("{MESSAGE} `bytes()` makes one for each byte: put a `BufReader` around it."),
                ));
            }
            ("write_all", Some(data)) if is_raw(of, cx) && outlives(of, node) && is_small(data, cx) => {
                cx.report(Note::new(
                    cx.rule,
                    tail(name, node),
                    format!("{MESSAGE} Put a `BufWriter` around the file, before the loop."),
                ));
            }
            ("read_exact" | "read", Some(buffer)) if is_raw(of, cx) && outlives(of, node) && is_tiny(buffer, cx) => {
                cx.report(Note::new(
                    cx.rule,
                    tail(name, node),
                    format!("{MESSAGE} Put a `BufReader` around it, before the loop."),
                ));
            }
            _ => {}
        }
        return;
    }
    let Some(path) = node.child(Field::Function).and_then(|f| rust_path(f, cx)) else { return };
    let wrapper = match path.as_str() {
        "serde_json::from_reader"
        | "bincode::deserialize_from"
        | "ciborium::from_reader"
        | "rmp_serde::from_read"
        | "rmp_serde::decode::from_read"
        | "serde_cbor::from_reader"
        | "postcard::from_io"
        | "ron::de::from_reader" => "BufReader",
        "serde_json::to_writer"
        | "serde_json::to_writer_pretty"
        | "bincode::serialize_into"
        | "ciborium::into_writer"
        | "serde_cbor::to_writer" => "BufWriter",
        _ => return,
    };
    if let Some(file) = args(node).find(|a| is_raw(*a, cx)) {
        let message =
            format!("{MESSAGE} Put a `{wrapper}` around the file: this reads or writes a few bytes at a time.");
        cx.report(Note::new(cx.rule, file.span(), message));
    }
}

fn formatted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(macro_name(node), "write" | "writeln") {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    // `write!(file, ..)` and `write!(self.file, ..)`.
    let tokens: Vec<Node<'a>> = tree.children().skip(1).take_while(|t| t.text() != ",").collect();
    let raw = match tokens.as_slice() {
        [file] if file.kind() == Kind::Identifier => is_raw(*file, cx) && outlives(*file, node),
        [this, .., field] if this.kind() == Kind::SelfValue && tokens.len() == 3 => {
            cx.file.declared.rust.field(None, field.text()).is_some_and(|t| is_file(&Ty::parse(t)))
                && round(node).is_some()
        }
        _ => false,
    };
    if raw {
        let message = format!("{MESSAGE} Put a `BufWriter` around the file, before the loop.");
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn is_file(ty: &Ty<'_>) -> bool {
    matches!(ty.name, "File" | "TcpStream" | "UnixStream" | "ChildStdin" | "ChildStdout")
        && !ty.path.contains("tokio")
        && !ty.path.contains("async")
}

/// Whether something is a file or socket of the standard library by itself.
fn is_raw<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    let foreign = |name: &str| cx.file.imports.path(name).is_some_and(|p| !p.starts_with("std::"));
    type_of(node, cx).is_some_and(|t| is_file(&t) && !foreign(t.name))
}

/// Whether a loop repeats the call with the same file.
fn outlives<'a>(of: Node<'a>, call: Node<'a>) -> bool {
    let Some(around) = loop_around(call) else { return false };
    let Some(source) = root(of) else { return false };
    source.kind() == Kind::SelfValue || binding(source).is_some_and(|b| !around.span().contains(b.name.span()))
}

/// Whether what is written is short, as far as can be told: a string or its bytes, a literal.
fn is_small<'a>(data: Node<'a>, cx: &Cx<'a>) -> bool {
    let data = if data.kind() == Kind::ReferenceExpression { data.child(Field::Value).unwrap_or(data) } else { data };
    match plain_method(data) {
        Some((_, "to_be_bytes" | "to_le_bytes" | "to_ne_bytes")) => true,
        Some((of, "as_bytes")) => {
            of.kind() != Kind::CallExpression || type_of(of, cx).is_some_and(|t| t.name == "String")
        }
        _ => matches!(data.kind(), Kind::StringLiteral | Kind::ArrayExpression),
    }
}

/// Whether a buffer holds a few bytes.
fn is_tiny<'a>(buffer: Node<'a>, cx: &Cx<'a>) -> bool {
    let of =
        if buffer.kind() == Kind::ReferenceExpression { buffer.child(Field::Value).unwrap_or(buffer) } else { buffer };
    let value = if of.kind() == Kind::Identifier {
        binding(of).and_then(|b| match b.origin {
            Origin::Let(n) => n.child(Field::Value),
            _ => None,
        })
    } else {
        Some(of)
    };
    let length = value.filter(|v| v.kind() == Kind::ArrayExpression).and_then(|v| v.child(Field::Length));
    length.and_then(|l| computed(l, cx)).is_some_and(|n| n <= 64)
}
