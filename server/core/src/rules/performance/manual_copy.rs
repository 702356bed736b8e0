use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, head, root, statements};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{operands, operator};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "manual-copy",
    summary: "elements are copied one by one from one slice to another",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds loops whose only work is `dst[i] = src[i]`, with constant offsets or without, and `for (d, s) in dst.iter_mut().zip(src) { *d = *s; }`.",
        why: "Every round checks two bounds and moves one element. `copy_from_slice` checks once and copies the whole piece as fast as memory goes; `clone_from_slice` does the same for what is not `Copy`.",
        example: "for i in 0..n {\n    dst[i] = src[i];\n}",
        instead: "dst[..n].copy_from_slice(&src[..n]);",
        limits: "Only if source and destination are different slices, vectors or arrays, and the index is the loop's own, plus or minus something that does not change.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [u8], src: &[u8]) { for i in 0..src.len() { dst[i] = src[i]; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [u8], src: &[u8], at: usize) { for i in 0..src.len() { dst[at + i] = src[i]; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [u8], src: &[u8]) { for i in 4..8 { dst[i - 4] = src[i]; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut Vec<u32>, src: &Vec<u32>, n: usize) { for i in 0..n { dst[i] = src[i + 1]; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(src: &[u8]) -> [u8; 4] { let mut out = [0u8; 4]; for i in 0..4 { out[i] = src[i]; } out } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [u8], src: &[u8]) { for (i, b) in src.iter().enumerate() { dst[i] = *b; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [f32], src: &[f32]) { for (d, s) in dst.iter_mut().zip(src.iter()) { *d = *s; } } //~ manual-copy",
        ),
        Case::bad(
            "a.rs",
            "fn f(dst: &mut [String], src: &[String]) { for i in 0..src.len() { dst[i] = src[i].clone(); } } //~ manual-copy",
        ),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { dst.copy_from_slice(src); }"),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in 0..src.len() { dst[i] = src[i] + 1; } }"),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in 0..src.len() { dst[i * 2] = src[i]; } }"),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8], n: usize) { for i in 0..n { dst[i] = src[n - i]; } }"),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in 0..src.len() { dst[i] = src[i]; go(i); } }"),
        Case::good("a.rs", "fn f(v: &mut [u8]) { for i in 0..v.len() { v[i] = 0; } }"),
        Case::good("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in 0..src.len() { dst[i] ^= src[i]; } }"),
        Case::good("a.rs", "fn f(dst: &mut [u16], src: &[u8]) { for i in 0..src.len() { dst[i] = src[i] as u16; } }"),
        Case::near_miss("a.rs", "fn f(v: &mut [u8]) { for i in 1..v.len() { v[i - 1] = v[i]; } }"),
        Case::near_miss(
            "a.rs",
            "fn f(dst: &mut HashMap<usize, u8>, src: &[u8]) { for i in 0..src.len() { dst[i] = src[i]; } }",
        ),
        Case::near_miss("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in (0..8).step_by(2) { dst[i] = src[i]; } }"),
        Case::near_miss("a.rs", "fn f(dst: &mut [u8], src: &[u8]) { for i in (0..8).rev() { dst[i] = src[7 - i]; } }"),
        Case::near_miss(
            "a.rs",
            "fn f(dst: &mut [u8], src: &[u8], map: &[usize]) { for i in 0..src.len() { dst[map[i]] = src[i]; } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(over), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    let all = statements(body);
    let [only] = all.as_slice() else { return };
    let assignment = expression(*only);
    if assignment.kind() != Kind::AssignmentExpression {
        return;
    }
    let Some((left, right)) = operands(assignment) else { return };
    let mut value = unparenthesized(right);
    let mut cloned = false;
    if let Some((of, name)) = method(value).filter(|(_, n)| n.text() == "clone") {
        let _ = name;
        (value, cloned) = (of, true);
    }
    let names: Vec<&str> = pattern
        .descendants()
        .chain(std::iter::once(pattern))
        .filter(|n| n.kind() == Kind::Identifier)
        .map(Node::text)
        .collect();
    let told = if over.kind() == Kind::RangeExpression && pattern.kind() == Kind::Identifier {
        let index = pattern.text();
        sliced(left, index, cx).zip(sliced(value, index, cx)).is_some_and(|(d, s)| d.text() != s.text())
    } else if let [first, second] = names.as_slice() {
        walked(over, left, value, first, second, cx)
    } else {
        false
    };
    if !told {
        return;
    }
    let with = if cloned { "clone_from_slice" } else { "copy_from_slice" };
    let message =
        format!("Every round checks bounds and moves one element. `{with}` on the two slices moves them all at once.");
    cx.report(Note::new(cx.rule, head(node), message));
}

/// `for (i, x) in src.iter().enumerate() { dst[i] = *x; }` and `for (d, s) in dst.iter_mut().zip(src) { *d = *s; }`.
fn walked<'a>(over: Node<'a>, left: Node<'a>, value: Node<'a>, first: &str, second: &str, cx: &Cx<'a>) -> bool {
    let star = |n: Node<'_>, name: &str| n.text().trim_start_matches('*') == name && n.text().len() <= name.len() + 1;
    let Some((source, name)) = method(over) else { return false };
    let element = value.kind() == Kind::UnaryExpression || value.kind() == Kind::Identifier;
    match name.text() {
        "enumerate" => {
            let plain = method(source).is_some_and(|(of, n)| {
                n.text() == "iter" && root(of).is_some() && type_of(of, cx).is_some_and(|t| t.is_sequence())
            });
            let target = sliced(left, first, cx);
            plain
                && element
                && star(value, second)
                && value.text().starts_with('*')
                && target.zip(method(source)).is_some_and(|(t, (of, _))| t.text() != of.text())
        }
        "zip" => {
            let into = method(source).filter(|(_, n)| n.text() == "iter_mut").map(|(of, _)| of);
            let from = args(over).next().map(|a| method(a).filter(|(_, n)| n.text() == "iter").map_or(a, |(of, _)| of));
            let sequences =
                [into, from].iter().all(|n| n.is_some_and(|n| type_of(n, cx).is_some_and(|t| t.is_sequence())));
            sequences && left.text() == format!("*{first}") && value.text() == format!("*{second}")
        }
        _ => false,
    }
}

/// The sequence of `xs[i]`, `xs[i + k]` and `xs[i - k]`.
fn sliced<'a>(place: Node<'a>, index: &str, cx: &Cx<'a>) -> Option<Node<'a>> {
    let place = unparenthesized(place);
    if place.kind() != Kind::IndexExpression {
        return None;
    }
    let mut parts = place.named_children();
    let (of, at) = (parts.next()?, unparenthesized(parts.next()?));
    let other = match at.kind() {
        Kind::Identifier if at.text() == index => None,
        Kind::BinaryExpression => {
            let (a, b) = operands(at)?;
            match operator(at) {
                "+" if a.text() == index => Some(b),
                "+" if b.text() == index => Some(a),
                "-" if a.text() == index => Some(b),
                _ => return None,
            }
        }
        _ => return None,
    };
    let fixed =
        other.is_none_or(|o| matches!(o.kind(), Kind::Identifier | Kind::IntegerLiteral | Kind::FieldExpression));
    (fixed && type_of(of, cx).is_some_and(|t| t.is_sequence())).then_some(of)
}
