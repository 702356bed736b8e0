use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_foreign::{Foreign, parameters, root};
use crate::rules::shape::{mentions, operands, operator};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "trusted-foreign-length",
    summary: "unsafe code relies on a length that another type's safe code gives",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[119, 787, 908],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds generic functions whose unsafe code writes through pointers, or sets a length, by what a caller's iterator says of its size \
               (`len`, `size_hint`) or what a caller's reader says it has read, without a check.",
        why: "`Iterator`, `ExactSizeIterator` and `Read` are safe traits: an implementation may give any number. Unsafe code that believes it writes \
              beyond its buffer, or hands out memory that nobody wrote, from safe code.",
        example: "let n = iter.len();\nlet mut v = Vec::with_capacity(n);\nfor (i, x) in iter.enumerate() { unsafe { v.as_mut_ptr().add(i).write(x) } }",
        instead: "let n = iter.len();\nlet mut v = Vec::with_capacity(n);\nfor (i, x) in iter.take(n).enumerate() { unsafe { v.as_mut_ptr().add(i).write(x) } }",
        limits: "A comparison, assertion, `min` or `take` counts as a check, but of an iterator that a loop runs to its end only what stands in the loop; `TrustedLen` is what it says.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "pub fn append<I: ExactSizeIterator<Item = u8>>(b: &mut Buf, it: I) {\n    let n = it.len();\n    assert!(b.len + n <= b.cap);\n    for (i, x) in it.enumerate() { unsafe { b.ptr.add(b.len + i).write(x); } } //~ trusted-foreign-length\n    b.len += n;\n}",
        ),
        Case::bad(
            "a.rs",
            "fn extend<I: IntoIterator<Item = u8>>(&mut self, it: I) {\n    let mut it = it.into_iter();\n    let (lower, upper) = it.size_hint();\n    assert!(self.len() + upper.unwrap() <= self.capacity());\n    let mut count = 0;\n    unsafe {\n        while count < lower {\n            if let Some(x) = it.next() { ptr::write(self.end().add(count), x); count += 1; } else { break; } //~ trusted-foreign-length\n        }\n    }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn append<I: ExactSizeIterator<Item = u8>>(b: &mut Buf, it: I) { let n = it.len(); for (i, x) in it.enumerate() { assert!(b.len + i < b.cap); unsafe { b.ptr.add(b.len + i).write(x); } } b.len += n; }",
        ),
        Case::near_miss(
            "a.rs",
            "fn extend<I: IntoIterator<Item = u8>>(&mut self, it: I) { let mut it = it.into_iter(); let (lower, _) = it.size_hint(); self.reserve(lower); let mut count = 0; unsafe { while count < lower { if let Some(x) = it.next() { ptr::write(self.end().add(count), x); count += 1; } else { break; } } } }",
        ),
        Case::bad(
            "a.rs",
            "pub fn collect<I: ExactSizeIterator<Item = u8>>(it: I) -> Vec<u8> {\n    let n = it.len();\n    let mut v = Vec::with_capacity(n);\n    for (i, b) in it.enumerate() { unsafe { v.as_mut_ptr().add(i).write(b); } } //~ trusted-foreign-length\n    v\n}",
        ),
        Case::bad(
            "a.rs",
            "pub fn collect(it: impl Iterator<Item = u8>) -> Vec<u8> {\n    let (n, _) = it.size_hint();\n    let mut v: Vec<u8> = Vec::with_capacity(n);\n    let mut p = v.as_mut_ptr();\n    for b in it { unsafe { std::ptr::write(p, b); p = p.add(1); } } //~ trusted-foreign-length\n    v\n}",
        ),
        Case::bad(
            "a.rs",
            "pub fn read<R: std::io::Read>(r: &mut R, v: &mut Vec<u8>) {\n    let n = r.read(spare(v)).unwrap();\n    unsafe { v.set_len(n); } //~ trusted-foreign-length\n}",
        ),
        Case::bad(
            "a.rs",
            "pub fn gather<I>(it: I) -> Vec<u32> where I: Iterator<Item = u32> {\n    let n = it.size_hint().0;\n    let mut v = Vec::with_capacity(n);\n    let mut i = 0;\n    for x in it { unsafe { *v.as_mut_ptr().add(i) = x; v.set_len(i + 1); } i += 1; } //~ trusted-foreign-length\n    v\n}",
        ),
        Case::good(
            "a.rs",
            "pub fn collect<I: ExactSizeIterator<Item = u8>>(it: I) -> Vec<u8> { let n = it.len(); let mut v = Vec::with_capacity(n); for (i, b) in it.take(n).enumerate() { unsafe { v.as_mut_ptr().add(i).write(b); } } v }",
        ),
        Case::good(
            "a.rs",
            "pub fn collect<I: Iterator<Item = u8>>(it: I) -> Vec<u8> { let mut v = Vec::with_capacity(it.size_hint().0); for b in it { v.push(b); } v }",
        ),
        Case::good(
            "a.rs",
            "pub fn read<R: std::io::Read>(r: &mut R, v: &mut Vec<u8>) { let n = r.read(spare(v)).unwrap(); assert!(n <= v.capacity()); unsafe { v.set_len(n); } }",
        ),
        Case::good(
            "a.rs",
            "pub fn copy(src: &[u8]) -> Vec<u8> { let n = src.len(); let mut v = Vec::with_capacity(n); unsafe { std::ptr::copy_nonoverlapping(src.as_ptr(), v.as_mut_ptr(), n); v.set_len(n); } v }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn collect<I: TrustedLen<Item = u8>>(it: I) -> Vec<u8> { let n = it.size_hint().0; let mut v = Vec::with_capacity(n); for (i, b) in it.enumerate() { unsafe { v.as_mut_ptr().add(i).write(b); } } v }",
        ),
        Case::near_miss(
            "a.rs",
            "pub fn read(r: &mut std::fs::File, v: &mut Vec<u8>) { let n = r.read(spare(v)).unwrap(); unsafe { v.set_len(n); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let text = node.text();
    if !text.contains("unsafe") || !["size_hint", ".len()", ".read("].iter().any(|w| text.contains(w)) {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    let foreign = parameters(node, body);
    if foreign.is_empty() {
        return;
    }
    for call in body.descendants().filter(|n| n.kind() == Kind::CallExpression) {
        let Some((receiver, name)) = method(call) else { continue };
        let Some((_, of, kind)) = foreign.iter().find(|(n, ..)| receiver.text() == *n).copied() else { continue };
        let telling = match kind {
            Foreign::Iterator => matches!(name.text(), "len" | "size_hint"),
            Foreign::Reader => name.text() == "read",
        };
        if !telling {
            continue;
        }
        let after = body.descendants().filter(|n| n.span().start > call.span().end);
        let Some(relied) = after.into_iter().find(|n| relies(*n, kind)) else { continue };
        if is_checked(body, relied, &foreign, kind) {
            return;
        }
        let message = match kind {
            Foreign::Iterator => format!(
                "`{of}` may give more or fewer elements than it says, and this writes by what it says. Check it, or `take` as many."
            ),
            Foreign::Reader => format!(
                "`{of}` may say that it read more than there is room for. Check the number before it becomes a length."
            ),
        };
        cx.report(Note::new(cx.rule, relied.span(), message).related(call.span(), "the number comes from here"));
        return;
    }
}

/// Whether unsafe code writes through a pointer here or sets a length.
fn relies(n: Node<'_>, kind: Foreign) -> bool {
    if !n.ancestors().any(|a| a.kind() == Kind::UnsafeBlock) {
        return false;
    }
    match n.kind() {
        Kind::CallExpression => match method(n) {
            Some((_, m)) => match kind {
                Foreign::Iterator => matches!(m.text(), "write" | "get_unchecked_mut"),
                Foreign::Reader => {
                    m.text() == "set_len" && args(n).next().is_some_and(|a| a.kind() == Kind::Identifier)
                }
            },
            None => {
                kind == Foreign::Iterator && n.child(Field::Function).is_some_and(|f| f.text().ends_with("ptr::write"))
            }
        },
        Kind::AssignmentExpression => {
            kind == Foreign::Iterator
                && n.child(Field::Left).is_some_and(|l| {
                    l.kind() == Kind::UnaryExpression && l.text().starts_with('*') && l.text().contains("add(")
                })
        }
        _ => false,
    }
}

/// Whether the function looks at what it was told before it relies on it. A comparison of any kind may be the check, but of one
/// that gives its elements in a loop only what stands in the loop is, for it may give more than it said.
fn is_checked<'a>(body: Node<'a>, relied: Node<'a>, foreign: &[(&str, &str, Foreign)], kind: Foreign) -> bool {
    let is_check = |n: Node<'a>| match n.kind() {
        Kind::BinaryExpression => matches!(operator(n), "<" | ">" | "<=" | ">=" | "==" | "!="),
        Kind::MacroInvocation => n.text().starts_with("assert") || n.text().starts_with("debug_assert"),
        Kind::CallExpression => method(n)
            .is_some_and(|(_, m)| matches!(m.text(), "min" | "take" | "zip" | "get" | "get_mut" | "clamp" | "push")),
        Kind::BreakExpression => true,
        _ => false,
    };
    if kind == Foreign::Reader {
        return body.descendants().any(is_check);
    }
    // The loop in which the elements come: `for x in iter`, `while n < told`.
    let Some(around) = relied.ancestors().find(|a| crate::rules::support::is_loop(*a)) else {
        return body.descendants().any(is_check);
    };
    let Some(inner) = around.child(Field::Body) else { return true };
    let over = around.child(Field::Value).filter(|_| around.kind() == Kind::ForExpression);
    if let Some(over) = over {
        let ours = foreign.iter().any(|(n, ..)| root(over).text() == *n);
        let limited = over.descendants().any(|n| {
            method(n).is_some_and(|(_, m)| {
                matches!(m.text(), "take" | "zip" | "map_while" | "take_while" | "filter" | "filter_map" | "flat_map")
            })
        });
        let said = body.descendants().any(|n| n.is_comment() && n.text().contains("SAFETY"));
        return !ours || limited || said || inner.descendants().any(is_check);
    }
    // `while count < lower`: what counts is whether `lower` was held against the room.
    let told = around.child(Field::Condition).filter(|c| operator(*c) == "<").and_then(operands);
    let Some((_, told)) = told.filter(|(_, t)| t.kind() == Kind::Identifier) else {
        return body.descendants().any(is_check);
    };
    let of_hint = body.descendants().any(|n| {
        n.kind() == Kind::LetDeclaration
            && n.child(Field::Pattern).is_some_and(|p| p.kind() == Kind::TuplePattern && mentions(p, told.text()))
            && n.child(Field::Value).is_some_and(|v| method(v).is_some_and(|(_, m)| m.text() == "size_hint"))
    });
    let inside = around.span();
    !of_hint
        || body.descendants().any(|n| {
            let room = n.kind() == Kind::CallExpression
                && (method(n).is_some_and(|(_, m)| m.text().starts_with("reserve"))
                    || n.child(Field::Function).is_some_and(|f| f.text().ends_with("with_capacity")));
            !inside.contains(n.span())
                && (is_check(n) || room)
                && n.text().split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == told.text())
        })
}
