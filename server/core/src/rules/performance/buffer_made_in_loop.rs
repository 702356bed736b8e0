use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, loop_around};
use crate::rules::rust_names::{Binding, Origin, uses};
use crate::rules::rust_types::macro_name;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "buffer-made-in-loop",
    summary: "a large buffer is allocated, cleared and freed again in every round",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `let mut buf = vec![0; N]` and `Vec::with_capacity(N)` of a constant of 1,024 and more inside of a loop, where every use in the loop only borrows the buffer.",
        why: "Every round asks the allocator for the memory, writes zeros over it and gives it back. Made once before the loop, the same memory serves for all.",
        example: "loop {\n    let mut buf = vec![0u8; 65536];\n    let n = file.read(&mut buf)?;\n    hash.update(&buf[..n]);\n}",
        instead: "let mut buf = vec![0u8; 65536];\nloop {\n    let n = file.read(&mut buf)?;\n    hash.update(&buf[..n]);\n}",
        limits: "Buffers that are given away, returned, captured by a closure or awaited with are left alone, and so are those of a size that is not written as a number.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(r: &mut File, n: usize) -> io::Result<()> {\n    for _ in 0..n {\n        let mut buf = vec![0u8; 65536]; //~ buffer-made-in-loop\n        let k = r.read(&mut buf)?;\n        show(&buf[..k]);\n    }\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: &mut File) {\n    loop {\n        let mut buf = vec![0; 8 * 1024]; //~ buffer-made-in-loop\n        let k = r.read(&mut buf).unwrap();\n        if k == 0 { break; }\n        show(&buf[..k]);\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: &mut File, v: &[P]) {\n    for p in v {\n        let mut text = Vec::with_capacity(4096); //~ buffer-made-in-loop\n        p.write_to(&mut text);\n        r.write_all(&text).unwrap();\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: &mut File) {\n    while more() {\n        let mut buf = vec![0u8; 1 << 16]; //~ buffer-made-in-loop\n        r.read_exact(&mut buf[..]).unwrap();\n        show(buf.len());\n    }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(r: &mut File) { let mut buf = vec![0u8; 65536]; loop { let k = r.read(&mut buf).unwrap(); if k == 0 { break; } } }",
        ),
        Case::good(
            "a.rs",
            "fn f(r: &mut File, out: &mut Vec<Vec<u8>>) { for _ in 0..9 { let mut buf = vec![0u8; 65536]; r.read(&mut buf).unwrap(); out.push(buf); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(r: &mut File) { for _ in 0..9 { let mut buf = vec![0u8; 16]; r.read(&mut buf).unwrap(); } }",
        ),
        Case::good(
            "a.rs",
            "fn f(r: &mut File, n: usize) { for _ in 0..9 { let mut buf = vec![0u8; n]; r.read(&mut buf).unwrap(); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(r: &mut File) { for _ in 0..9 { let mut buf = vec![0u8; 65536]; r.read(&mut buf).unwrap(); spawn(move || show(&buf)); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(r: &mut File) -> Vec<u8> { loop { let mut buf = vec![0u8; 65536]; if r.read(&mut buf).unwrap() > 0 { return buf; } } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(l: TcpListener) { loop { let (mut s, _) = l.accept().unwrap(); let mut buf = vec![0u8; 65536]; s.read(&mut buf).unwrap(); } }",
        ),
    ],
};

/// Elements from which on a buffer is worth a word.
const LARGE: i128 = 1024;

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    if pattern.kind() != Kind::Identifier || size(value).is_none_or(|n| n < LARGE) {
        return;
    }
    let Some(around) = loop_around(node) else { return };
    let Some(body) = around.child(Field::Body) else { return };
    // Where every round begins with a wait, memory that lies about meanwhile costs more than that of a round.
    let waits = body.descendants().any(|n| {
        n.kind() == Kind::AwaitExpression
            || n.kind() == Kind::FieldIdentifier && matches!(n.text(), "accept" | "recv" | "wait" | "join" | "sleep")
    });
    if waits {
        return;
    }
    let scope = node.parent().unwrap_or(node);
    let bound = Binding { name: pattern, pattern, origin: Origin::Let(node), scope };
    let Some(all) = uses(&bound, cx) else { return };
    if all.is_empty() || !all.iter().all(|u| borrows(*u, scope)) {
        return;
    }
    let message = format!(
        "Every round allocates `{}`, fills it and frees it again. Make it before the loop and use it again; `clear` or `fill` it where a round needs it fresh.",
        pattern.text()
    );
    cx.report(Note::new(cx.rule, value.span(), message));
}

/// The number of elements that `vec![x; n]` or `Vec::with_capacity(n)` asks for, if it is written there.
fn size(value: Node<'_>) -> Option<i128> {
    let text = match value.kind() {
        Kind::MacroInvocation if macro_name(value) == "vec" => {
            let tree = value.child_of_kind(Kind::TokenTree)?;
            let (element, count) = tree.text().get(1..tree.text().len().checked_sub(1)?)?.split_once(';')?;
            if !element.trim().starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            count
        }
        Kind::CallExpression => {
            let callee = value.child(Field::Function)?.text();
            let list = value.child(Field::Arguments)?;
            if !matches!(callee, "Vec::with_capacity" | "String::with_capacity" | "Vec::<u8>::with_capacity") {
                return None;
            }
            list.text().get(1..list.text().len().checked_sub(1)?)?
        }
        _ => return None,
    };
    // `65536`, `64 * 1024`, `1 << 16`
    let number = |t: &str| {
        let t = t.trim().replace('_', "");
        let t = t.trim_end_matches("usize");
        t.strip_prefix("0x").map_or_else(|| t.parse().ok(), |h| i128::from_str_radix(h, 16).ok())
    };
    if let Some((base, by)) = text.split_once("<<") {
        return number(base)?.checked_shl(u32::try_from(number(by)?).ok()?);
    }
    text.split('*').map(number).try_fold(1i128, |all, n| all.checked_mul(n?))
}

/// Whether a use only borrows: `&mut buf`, `buf[..n]`, `buf.len()`, and not in a closure.
fn borrows(used: Node<'_>, scope: Node<'_>) -> bool {
    let captured = used
        .ancestors()
        .take_while(|a| *a != scope)
        .any(|a| matches!(a.kind(), Kind::ClosureExpression | Kind::AsyncBlock | Kind::MacroInvocation));
    let Some(parent) = used.parent().filter(|_| !captured) else { return false };
    match parent.kind() {
        Kind::IndexExpression => parent.first_named() == Some(used),
        Kind::ReferenceExpression => {
            // `let part = &buf;` lives no longer than the round; what is returned does.
            parent.parent().is_some_and(|p| matches!(p.kind(), Kind::Arguments | Kind::LetDeclaration))
        }
        _ => call_on(used).is_some_and(|(_, name)| {
            matches!(
                name.text(),
                "len"
                    | "is_empty"
                    | "clear"
                    | "fill"
                    | "push"
                    | "extend_from_slice"
                    | "resize"
                    | "truncate"
                    | "as_slice"
                    | "as_mut_slice"
                    | "as_ref"
                    | "as_mut"
                    | "as_bytes"
                    | "as_str"
                    | "iter"
                    | "iter_mut"
                    | "chunks"
                    | "chunks_exact"
                    | "get"
                    | "push_str"
                    | "capacity"
                    | "contains"
                    | "starts_with"
            )
        }),
    }
}
