use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{expression, plain_method, statements};
use crate::rules::shape::only_reads;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "slow-vec-init",
    summary: "a vector is filled with one value by a detour",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Vec::with_capacity(n)` or `Vec::new()` whose next statement is `resize(n, value)`, `extend(repeat(value).take(n))` or a loop that only pushes the same constant, and `repeat(value).take(n).collect()`.",
        why: "`vec![0; n]` asks for memory that is zero already and writes nothing; the other ways write every element, and may check the room each time.",
        example: "let mut buffer = Vec::with_capacity(n);\nbuffer.resize(n, 0);",
        instead: "let mut buffer = vec![0; n];",
        limits: "Only if nothing stands between the two, and the vector is new.",
        fix: "The two statements become one.",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check), Check::Nodes(&[Kind::CallExpression], collected)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.resize(n, 0); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::new(); v.resize(n, 0u8); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v: Vec<u8> = Vec::with_capacity(n); v.extend(std::iter::repeat(0).take(n)); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<bool> { let mut seen = Vec::new(); for _ in 0..n { seen.push(false); } seen } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(len: usize) -> Vec<f32> { let mut v = Vec::<f32>::with_capacity(len); v.resize(len, 0.0); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(2 * n); v.resize(2 * n, 0xff); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8]) -> Vec<u8> { let mut v = vec![]; v.resize(a.len(), 0); v } //~ slow-vec-init",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.extend(repeat(0).take(n)); v } //~ slow-vec-init",
        ),
        Case::good("a.rs", "fn f(n: usize) -> Vec<u8> { vec![0; n] }"),
        Case::good(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.push(1); v.resize(n, 0); v }",
        ),
        Case::good(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); for i in 0..n { v.push(i as u8); } v }",
        ),
        Case::good("a.rs", "fn f(n: usize, a: &[u8]) -> Vec<u8> { let mut v = a.to_vec(); v.resize(n, 0); v }"),
        Case::good("a.rs", "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n); v.extend(0..n as u8); v }"),
        Case::good("a.rs", "fn f(n: usize) -> Vec<u8> { let mut v = Vec::with_capacity(n + 8); v.resize(n, 0); v }"),
        Case::good("a.rs", "fn f(n: usize) -> VecDeque<u8> { let mut v = VecDeque::new(); v.resize(n, 0); v }"),
        Case::good("a.rs", "fn f(n: usize) { let mut v = Vec::new(); v.reserve(n); go(v); }"),
        Case::bad("a.rs", "fn f(n: usize) -> Vec<u8> { std::iter::repeat(0u8).take(n).collect() } //~ slow-vec-init"),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize, v: &mut Vec<u8>) { let mut w = Vec::new(); v.resize(n, 0); w.push(1); go(w); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize) -> Vec<u8> { let mut v = Vec::new(); for _ in 0..n { v.push(next()); } v }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(n: usize) -> Vec<Vec<u8>> { let mut v = Vec::new(); for _ in 0..n { v.push(Vec::new()); } v }",
        ),
        Case::near_miss("a.rs", "fn f(n: usize) -> Vec<u8> { let mut v = Vec::new(); v.resize(v.len() + n, 0); v }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    let capacity = match (value.kind(), value.text()) {
        (Kind::MacroInvocation, "vec![]") => None,
        (Kind::CallExpression, _) => {
            let Some(callee) = value.child(Field::Function) else { return };
            let text: String = callee.text().chars().filter(|c| !c.is_whitespace()).collect();
            match text.strip_prefix("Vec") {
                Some(rest) if rest.starts_with("::") && rest.ends_with("::new") => None,
                Some(rest) if rest.starts_with("::") && rest.ends_with("::with_capacity") => args(value).next(),
                _ => return,
            }
        }
        _ => return,
    };
    if pattern.kind() != Kind::Identifier || node.child_of_kind(Kind::MutableSpecifier).is_none() {
        return;
    }
    let Some(next) = node.next_named_sibling() else { return };
    let Some((count, element)) = filled(expression(next), pattern.text()) else { return };
    if capacity.is_some_and(|c| c.text() != count.text()) || mentions(count, pattern.text()) {
        return;
    }
    let made = format!("vec![{}; {}]", element.text(), count.text());
    let message =
        format!("The elements are written one after the other. `{made}` takes memory that is filled at once.");
    let tail = Span { start: value.span().start, end: next.span().end };
    let typed = value.text().contains("::<");
    let mut note = Note::new(cx.rule, node.span(), message).related(next.span(), "filled here");
    let comment = cx.arena().comments().any(|c| tail.contains(c.span()));
    if !typed && !comment {
        note = note.safe_fix(format!("Write `{made}`"), vec![(tail, format!("{made};"))]);
    }
    cx.report(note);
}

fn mentions(node: Node<'_>, name: &str) -> bool {
    std::iter::once(node).chain(node.descendants()).any(|n| n.kind() == Kind::Identifier && n.text() == name)
}

/// How many times a statement appends what constant to the vector of that name.
fn filled<'a>(statement: Node<'a>, vector: &str) -> Option<(Node<'a>, Node<'a>)> {
    if statement.kind() == Kind::ForExpression {
        let range = statement.child(Field::Value).filter(|r| r.kind() == Kind::RangeExpression)?;
        let parts: Vec<Node<'a>> = range.named_children().collect();
        let [from, to] = parts.as_slice() else { return None };
        if from.text() != "0" || range.has_token("..=") || !only_reads(*to) && plain_method(*to).is_none() {
            return None;
        }
        let body = statements(statement.child(Field::Body)?);
        let [only] = body.as_slice() else { return None };
        let (of, name) = method(expression(*only))?;
        let element = args(expression(*only)).next()?;
        return (of.text() == vector && name.text() == "push" && is_literal(element)).then_some((*to, element));
    }
    let (of, name) = method(statement)?;
    if of.text() != vector {
        return None;
    }
    let mut given = args(statement);
    match name.text() {
        "resize" => {
            let (count, element) = (given.next()?, given.next()?);
            is_literal(element).then_some((count, element))
        }
        "extend" => {
            let take = given.next()?;
            let (repeat, name) = method(take)?;
            let callee = repeat.child(Field::Function)?;
            let element = args(repeat).next()?;
            (name.text() == "take" && callee.text().rsplit("::").next() == Some("repeat") && is_literal(element))
                .then_some((args(take).next()?, element))
        }
        _ => None,
    }
}

fn is_literal(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        Kind::IntegerLiteral | Kind::FloatLiteral | Kind::BooleanLiteral | Kind::CharLiteral | Kind::NegativeLiteral
    )
}

/// `repeat(0).take(n).collect()` into a vector.
fn collected<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((take, name)) = method(node).filter(|(_, n)| n.text() == "collect") else { return };
    let Some((repeat, _)) = method(take).filter(|(_, n)| n.text() == "take") else { return };
    let (Some(count), Some(element)) = (args(take).next(), args(repeat).next()) else { return };
    let repeats = method(repeat).is_none()
        && repeat.child(Field::Function).is_some_and(|f| f.text().rsplit("::").next() == Some("repeat"));
    let turbofish = node.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)).and_then(Node::first_named);
    let told = turbofish.or_else(|| {
        let parent = node.parent()?;
        match parent.kind() {
            Kind::LetDeclaration => parent.child(Field::Type),
            Kind::Block if parent.last_named() == Some(node) => {
                parent.parent().filter(|f| f.kind() == Kind::FunctionItem)?.child(Field::ReturnType)
            }
            _ => None,
        }
    });
    if repeats && is_literal(element) && told.is_some_and(|t| t.text().starts_with("Vec")) {
        let made = format!("vec![{}; {}]", element.text(), count.text());
        let message =
            format!("The elements are written one after the other. `{made}` takes memory that is filled at once.");
        let span = Span { start: name.span().start, end: node.span().end };
        cx.report(Note::new(cx.rule, span, message).safe_fix(format!("Write `{made}`"), vec![(node.span(), made)]));
    }
}
