use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
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
        limits: "Any comparison, assertion, `min` or `take` in the function counts as a check; `TrustedLen` is what it says.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionItem], check)],
    cases: &[
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
    let foreign = foreign(node, body);
    if foreign.is_empty() {
        return;
    }
    // A comparison of any kind may be the check.
    let checked = body.descendants().any(|n| match n.kind() {
        Kind::BinaryExpression => {
            n.child(Field::Operator).is_some_and(|o| matches!(o.text(), "<" | ">" | "<=" | ">=" | "==" | "!="))
        }
        Kind::MacroInvocation => n.text().starts_with("assert") || n.text().starts_with("debug_assert"),
        Kind::CallExpression => method(n)
            .is_some_and(|(_, m)| matches!(m.text(), "min" | "take" | "zip" | "get" | "get_mut" | "clamp" | "push")),
        _ => false,
    });
    if checked {
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

#[derive(Clone, Copy, PartialEq)]
enum Foreign {
    Iterator,
    Reader,
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

/// Parameters of generic types that iterate or read, and variables made of them by `into_iter`: name, parameter, kind.
fn foreign<'a>(function: Node<'a>, body: Node<'a>) -> Vec<(&'a str, &'a str, Foreign)> {
    let start = function.span().start as usize;
    let head = function.arena().text().get(start..body.span().start as usize).unwrap_or_default();
    if head.contains("TrustedLen") {
        return Vec::new();
    }
    let parameters = function.child(Field::Parameters).into_iter().flat_map(Node::named_children);
    let mut out = Vec::new();
    for parameter in parameters {
        let (Some(pattern), Some(ty)) = (parameter.child(Field::Pattern), parameter.child(Field::Type)) else {
            continue;
        };
        let name = pattern.text().trim_start_matches("mut ");
        let ty = ty.text().trim_start_matches(['&', ' ']).trim_start_matches("mut ");
        // The bound: written in place, in the list of parameters, or in the `where` clause.
        let bound = if ty.starts_with("impl ") || ty.starts_with("dyn ") {
            ty
        } else if ty.chars().all(char::is_alphanumeric) && ty.starts_with(char::is_uppercase) {
            match head.find(&format!("{ty}:")).and_then(|at| head.get(at..)) {
                Some(rest) => rest.split([',', '{', ')']).next().unwrap_or_default(),
                None => continue,
            }
        } else {
            continue;
        };
        if bound.contains("Iterator") {
            out.push((name, name, Foreign::Iterator));
        } else if bound.contains("Read") && !bound.contains("AsyncRead") {
            out.push((name, name, Foreign::Reader));
        }
    }
    for declaration in body.descendants().filter(|n| n.kind() == Kind::LetDeclaration) {
        let (Some(pattern), Some(value)) = (declaration.child(Field::Pattern), declaration.child(Field::Value)) else {
            continue;
        };
        if let Some((receiver, m)) = method(value)
            && m.text() == "into_iter"
            && let Some((_, of, kind)) = out.iter().find(|(n, ..)| *n == receiver.text()).copied()
        {
            out.push((pattern.text().trim_start_matches("mut "), of, kind));
        }
    }
    out
}
