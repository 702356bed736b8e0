use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "ignored-io-amount",
    summary: "the number of bytes read or written is ignored",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[252],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `read`, `write` and `write_vectored` of the `std::io` and tokio traits whose error is handled and whose \
               amount is thrown away.",
        why: "They may transfer less than asked: the rest of the data is then lost, or the rest of the buffer holds old bytes. It \
              works with small inputs and local files, and fails under load.",
        example: "file.write(&bytes)?;",
        instead: "file.write_all(&bytes)?;",
        limits: "Only where the file imports the trait and the argument is plainly a buffer, or the receiver is plainly a stream. \
                 Writes to a `Vec` and of a single byte are silent, as is what `read` gives where it is dropped with its error.",
        fix: "`write` becomes `write_all`, which differs only where data was lost. For `read` the suggested fix is `read_exact`, which \
              fails at an early end.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "use std::io::Write;\nfn f(s: &mut std::net::TcpStream, d: &[u8]) -> std::io::Result<()> { let _ = s.write(d)?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Write;\nfn f(w: &mut impl Write, b: &[u8]) -> io::Result<()> { w.write(b)?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Read;\nfn f(mut s: File) -> io::Result<()> { let mut buf = [0; 16]; let _ = s.read(&mut buf)?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::prelude::*;\nfn f() { let mut f = File::create(\"a\").unwrap(); f.write(b\"hello\").unwrap(); } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use tokio::io::AsyncWriteExt;\nasync fn f(s: &mut TcpStream) -> io::Result<()> { s.write(b\"ping\\r\\n\").await?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::{self, Write};\nfn f(t: &str) { io::stdout().write(t.as_bytes()).expect(\"stdout\"); } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Read;\nfn f(s: &mut TcpStream) { let mut buf = vec![0u8; 512]; s.read(&mut buf[..]).unwrap(); } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Write;\nfn f(mut s: TcpStream, h: u32) -> io::Result<()> { let _n = s.write(&h.to_be_bytes())?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Read;\nfn f(p: &str) -> Result<(), String> { let mut f = File::open(p).map_err(|e| e.to_string())?; let mut buf = [0u8; 64]; f.read(&mut buf).map_err(|e| e.to_string())?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::bad(
            "a.rs",
            "use std::io::Write;\nfn f(t: &str) { let mut f = File::create(\"a\").unwrap(); let _ = f.write(t.as_bytes()); } //~ ignored-io-amount",
        ),
        Case::good(
            "a.rs",
            "use std::io::Write;\nfn f(w: &mut impl Write, b: &[u8]) -> io::Result<()> { w.write_all(b)?; Ok(()) }",
        ),
        Case::good(
            "a.rs",
            "use std::io::Read;\nfn f(mut s: File) -> io::Result<usize> { let mut buf = [0; 16]; let n = s.read(&mut buf)?; Ok(n) }",
        ),
        Case::good(
            "a.rs",
            "use std::io::Read;\nfn f(mut s: File) -> io::Result<()> { let mut buf = [0; 16]; s.read_exact(&mut buf)?; Ok(()) }",
        ),
        Case::good(
            "a.rs",
            "use std::io::Write;\nfn f(w: &mut impl Write, b: &[u8]) -> io::Result<usize> { w.write(b) }",
        ),
        Case::good("a.rs", "fn f(l: &RwLock<u8>) { l.write().unwrap(); l.read().unwrap(); }"),
        Case::good(
            "a.rs",
            "use std::io::Read;\nfn f(s: &mut File) -> io::Result<()> { while s.read(&mut buf)? > 0 {} Ok(()) }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::io::Write;\nfn f(h: Header, w: &mut dyn Write) -> io::Result<()> { h.write(w)?; Ok(()) }",
        ),
        Case::near_miss("a.rs", "use std::io::Write;\nfn f() { let mut v = Vec::new(); v.write(b\"abc\").unwrap(); }"),
        Case::near_miss("a.rs", "fn f(h: &mut DefaultHasher, b: &[u8]) { h.write(b); }"),
        Case::near_miss(
            "a.rs",
            "use std::io::Write;\nfn f(mut pipe: &File) { let _ = pipe.write(&[1u8; 1]); let _ = pipe.write(b\"wake up\"); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::io::Write;\nimpl Smtp { fn quit(&mut self) -> Result<(), Error> { self.write(b\"QUIT\\r\\n\")?; Ok(()) } }",
        ),
        Case::near_miss("a.rs", "fn f(table: &mut Table) -> Result<()> { table.write(&buf)?; Ok(()) }"),
        Case::bad(
            "a.rs",
            "use std::io::{self, Read};\nfn f(s: &mut File, buf: &mut [u8]) -> io::Result<()> { s.read(buf)?; Ok(()) } //~ ignored-io-amount",
        ),
        Case::near_miss(
            "a.rs",
            "use std::io::{self, Read};\nfn f(s: &mut File, buf: &mut Header) -> io::Result<()> { s.read(buf)?; Ok(()) }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(node) else { return };
    let reads = match name.text() {
        "read" => true,
        "write" | "write_vectored" => false,
        _ => return,
    };
    let mut arguments = args(node);
    let (Some(argument), None) = (arguments.next(), arguments.next()) else { return };
    if !amount_is_dropped(node) || !trait_is_there(reads, cx) {
        return;
    }
    let stream = stream(receiver);
    let buffer = if reads { read_buffer(argument) } else { written_bytes(argument) };
    let evidence = match stream {
        Some(known) => known && (!reads || argument.text().starts_with("&mut") || buffer),
        None => buffer,
    };
    if !evidence || is_one_byte(argument) {
        return;
    }
    let (done, all) = if reads { ("read", "read_exact") } else { ("written", "write_all") };
    let mut note = Note::new(
        cx.rule,
        name.span(),
        format!(
            "Fewer bytes may be {done} than asked, and the amount is ignored: data is lost. Use `{all}`, or go on until everything is {done}."
        ),
    );
    if reads {
        note = note.suggestion("Use `read_exact`", vec![(name.span(), all.into())]);
    } else if name.text() == "write" {
        note = note.safe_fix("Use `write_all`", vec![(name.span(), all.into())]);
    }
    cx.report(note);
}

/// Whether the error is handled and the amount is not: `..?;`, `.unwrap();`, `let _ = ..?;`.
fn amount_is_dropped(call: Node<'_>) -> bool {
    let mut at = call;
    let mut handled = false;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            Kind::AwaitExpression => {}
            Kind::TryExpression => handled = true,
            Kind::FieldExpression
                if matches!(parent.child(Field::Field).map(Node::text), Some("unwrap" | "expect")) =>
            {
                handled = true
            }
            Kind::CallExpression if at.kind() == Kind::FieldExpression && parent.child(Field::Function) == Some(at) => {
            }
            // The error is another one now.
            Kind::FieldExpression
                if matches!(
                    parent.child(Field::Field).map(Node::text),
                    Some("map_err" | "context" | "with_context")
                ) => {}
            Kind::ExpressionStatement => return handled,
            Kind::LetDeclaration => {
                // `let _ = file.write(..);` drops the rest of the data and the error together; on the way to a terminal that is
                // nobody's loss.
                let written = method(call).is_some_and(|(of, m)| {
                    m.text() == "write"
                        && stream(of) == Some(true)
                        && !of.text().contains("std")
                        && args(call).next().is_some_and(|a| {
                            !matches!(a.text().trim_start_matches('&').chars().next(), Some('[' | 'b'))
                        })
                });
                return (handled || written) && parent.child(Field::Pattern).is_some_and(|p| p.text().starts_with('_'));
            }
            _ => return false,
        }
        at = parent;
    }
    false
}

/// Whether the file imports a trait with the method.
fn trait_is_there(reads: bool, cx: &Cx<'_>) -> bool {
    let name = if reads { "Read" } else { "Write" };
    let is_io = |path: &str| {
        let Some((module, last)) = path.rsplit_once("::") else { return false };
        let module = matches!(
            module,
            "std::io"
                | "std::io::prelude"
                | "tokio::io"
                | "futures::io"
                | "futures"
                | "futures_util"
                | "futures_lite::io"
                | "async_std::io"
                | "futures::prelude"
        );
        module && (last == name || last.strip_prefix("Async").and_then(|l| l.strip_suffix("Ext")) == Some(name))
    };
    let inner = cx.block.hir();
    cx.file.imports.iter().any(|(_, path)| is_io(path))
        || inner.imports.iter().any(|i| is_io(&i.module))
        || cx.file.imports.globs().any(|g| {
            matches!(g, "std::io::prelude" | "std::io" | "tokio::io" | "futures::prelude" | "async_std::prelude")
        })
}

/// Whether the receiver is a stream that transfers in parts (`Some(true)`), or memory or something else (`Some(false)`).
fn stream(receiver: Node<'_>) -> Option<bool> {
    let judge = |text: &str| {
        let plain = text.trim_start_matches('&').trim_start_matches("mut ");
        let plain = if plain.contains("[u8]") { text } else { plain };
        let text = ["std::", "tokio::", "io::", "fs::", "net::"].iter().fold(plain, |t, p| t.trim_start_matches(p));
        let has = |names: &[&str]| names.iter().any(|n| text.contains(n));
        let begins = |names: &[&str]| names.iter().any(|n| text.starts_with(n));
        if has(&[
            "Vec::",
            "Vec<",
            "vec!",
            "Cursor",
            "String",
            "Hasher",
            "BytesMut",
            "Sha",
            "Md5",
            "&mut [u8]",
            "MemoryStream",
            "Mmap",
        ]) {
            return Some(false);
        }
        let type_or_constructor = begins(&[
            "File::",
            "TcpStream",
            "UnixStream",
            "stdin()",
            "stdout()",
            "stderr()",
            "BufWriter",
            "BufReader",
            "OpenOptions",
        ]);
        let ty = text.trim_start_matches('&').trim_start_matches("mut ");
        let is_type = [
            "impl Read",
            "impl Write",
            "dyn Read",
            "dyn Write",
            "Box<dyn Read",
            "Box<dyn Write",
            "ChildStdin",
            "ChildStdout",
            "TcpStream",
            "UnixStream",
            "impl std::io::Write",
            "impl io::Write",
        ]
        .iter()
        .any(|t| ty.starts_with(t));
        (type_or_constructor || is_type || ty == "File").then_some(true)
    };
    let mut root = receiver;
    while let Some((inner, _)) = method(root) {
        root = inner;
    }
    // A method of the type's own, most likely.
    if receiver.kind() == Kind::SelfValue {
        return Some(false);
    }
    if root.kind() != Kind::Identifier {
        return judge(root.text());
    }
    let name = root.text();
    root.arena().nodes().find_map(|n| match n.kind() {
        Kind::LetDeclaration | Kind::Parameter => {
            let pattern = n.child(Field::Pattern)?.text();
            if pattern.trim_start_matches("mut ") != name {
                return None;
            }
            let ty = n.child(Field::Type).and_then(|t| judge(t.text()));
            ty.or_else(|| n.child(Field::Value).and_then(|v| judge(v.text())))
        }
        _ => None,
    })
}

/// Whether an argument is plainly bytes to be written.
fn written_bytes(argument: Node<'_>) -> bool {
    let text = argument.text();
    text.starts_with("b\"")
        || text.ends_with(".as_bytes()")
        || text.ends_with("_bytes()")
        || (text.starts_with('&') && (text.contains("..") || text.starts_with("&[")))
}

/// Whether an argument is plainly a buffer to read into.
fn read_buffer(argument: Node<'_>) -> bool {
    // `buf: &mut [u8]` of the function's own.
    if argument.kind() == Kind::Identifier {
        return argument.arena().nodes().any(|n| {
            n.kind() == Kind::Parameter
                && n.child(Field::Pattern).is_some_and(|p| p.text() == argument.text())
                && n.child(Field::Type).is_some_and(|t| t.text() == "&mut [u8]")
        });
    }
    let Some(inner) = argument.text().strip_prefix("&mut ") else { return false };
    if inner.starts_with('[') || inner.contains("..") {
        return true;
    }
    argument.arena().nodes().any(|n| {
        n.kind() == Kind::LetDeclaration
            && n.child(Field::Pattern).is_some_and(|p| p.text().trim_start_matches("mut ") == inner)
            && n.child(Field::Value).is_some_and(|v| v.text().starts_with('[') || v.text().starts_with("vec!["))
    })
}

/// A single byte is transferred whole or not at all.
fn is_one_byte(argument: Node<'_>) -> bool {
    let inner = argument.text().trim_start_matches("&mut ").trim_start_matches('&');
    let Some(inner) = inner.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else {
        return matches!(inner.strip_prefix("b\"").map(|t| t.trim_end_matches('"')), Some(t) if t.len() == 1 || matches!(t, "\\n" | "\\0"));
    };
    !inner.contains(',') && inner.split_once(';').is_none_or(|(_, n)| n.trim() == "1")
}
