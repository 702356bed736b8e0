use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "vec-without-capacity",
    summary: "a vector grows step by step to a length that is known before",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `Vec::new()` and `vec![]` followed by a loop over a slice, a vector or `0..n` that pushes once in every round, whatever happens.",
        why: "The vector is moved to larger memory again and again: 20 times for a million elements, each time with a copy. The length is known before the first.",
        example: "let mut ids = Vec::new();\nfor user in users.iter() { ids.push(user.id); }",
        instead: "let ids: Vec<_> = users.iter().map(|user| user.id).collect();",
        limits: "Only where the loop follows at once, pushes exactly once at the top of its body, and has no `continue`, `break`, `return` or `?`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(us: &[User]) -> Vec<u64> { let mut ids = Vec::new(); //~ vec-without-capacity\n for u in us.iter() { ids.push(u.id); } ids }",
        ),
        Case::bad(
            "a.rs",
            "fn f(us: &Vec<User>) -> Vec<u64> { let mut ids: Vec<u64> = vec![]; //~ vec-without-capacity\n for u in us { let id = u.id + 1; ids.push(id); } ids }",
        ),
        Case::bad(
            "a.rs",
            "fn f(n: usize) -> Vec<u64> { let mut v = Vec::new(); //~ vec-without-capacity\n for i in 0..n { v.push(next(i)); } v }",
        ),
        Case::bad(
            "a.rs",
            "fn f(us: &[User]) -> Vec<String> { let mut out = vec![]; //~ vec-without-capacity\n for (i, u) in us.iter().enumerate() { out.push(format!(\"{i}{}\", u.id)); } out }",
        ),
        Case::good(
            "a.rs",
            "fn f(us: &[User]) -> Vec<u64> { let mut ids = Vec::with_capacity(us.len()); for u in us.iter() { ids.push(u.id); } ids }",
        ),
        Case::good(
            "a.rs",
            "fn f(us: &[User]) -> Vec<u64> { let mut ids = Vec::new(); for u in us.iter() { if u.ok { ids.push(u.id); } } ids }",
        ),
        Case::good(
            "a.rs",
            "fn f(us: &[User]) -> R<Vec<u64>> { let mut ids = Vec::new(); for u in us.iter() { ids.push(u.id()?); } Ok(ids) }",
        ),
        Case::good(
            "a.rs",
            "fn f(us: Users) -> Vec<u64> { let mut ids = Vec::new(); for u in us { ids.push(u.id); } ids }",
        ),
        Case::near_miss("a.rs", "fn f() -> Vec<u64> { let mut v = Vec::new(); for i in 0..4 { v.push(next(i)); } v }"),
        Case::near_miss(
            "a.rs",
            "fn f(us: &[User]) -> Vec<u64> { let mut ids = Vec::new(); for u in us.iter() { if u.gone { continue; } ids.push(u.id); } ids }",
        ),
    ],
};

fn check<'a>(declaration: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (declaration.child(Field::Pattern), declaration.child(Field::Value)) else {
        return;
    };
    let empty = match value.kind() {
        Kind::CallExpression => value.text() == "Vec::new()",
        Kind::MacroInvocation => macro_name(value) == "vec" && value.text().ends_with("[]"),
        _ => false,
    };
    let name = pattern.text();
    if !empty || pattern.kind() != Kind::Identifier {
        return;
    }
    let Some(next) = declaration.next_named_sibling() else { return };
    let next = if next.kind() == Kind::ExpressionStatement { next.first_named().unwrap_or(next) } else { next };
    if next.kind() != Kind::ForExpression {
        return;
    }
    let (Some(over), Some(body)) = (next.child(Field::Value), next.child(Field::Body)) else { return };
    if !counted(over, cx) {
        return;
    }
    let leaves = body.descendants().any(|n| {
        n.is_hole()
            || matches!(
                n.kind(),
                Kind::ContinueExpression
                    | Kind::BreakExpression
                    | Kind::ReturnExpression
                    | Kind::TryExpression
                    | Kind::AwaitExpression
            )
    });
    let grows = |n: Node<'a>| {
        method(n).is_some_and(|(of, m)| {
            of.text() == name
                && matches!(m.text(), "push" | "extend" | "extend_from_slice" | "append" | "insert" | "resize")
        })
    };
    let all = body.descendants().filter(|n| grows(*n)).count();
    let plain = body.named_children().any(|s| {
        let call = if s.kind() == Kind::ExpressionStatement { s.first_named() } else { Some(s) };
        call.is_some_and(|c| grows(c) && method(c).is_some_and(|(_, m)| m.text() == "push"))
    });
    // `for x in xs { v.push(x) }` is `extend`, which another rule tells.
    let only = body.named_children().count() == 1
        && next.child(Field::Pattern).is_some_and(|p| {
            body.descendants().find(|n| grows(*n)).and_then(|c| args(c).next()).is_some_and(|a| {
                a.text().trim_start_matches('*') == p.text() || a.text() == format!("{}.clone()", p.text())
            })
        });
    if leaves || all != 1 || !plain || only {
        return;
    }
    let message = format!(
        "`{name}` grows to a length that is known before the loop. Use `Vec::with_capacity`, or `map` and `collect`."
    );
    cx.report(Note::new(cx.rule, value.span(), message));
}

/// Whether the number of rounds is known before, and not small for sure.
fn counted<'a>(over: Node<'a>, cx: &Cx<'a>) -> bool {
    let over = unparenthesized(over);
    let sequence = |n: Node<'a>| type_of(n, cx).is_some_and(|t| matches!(t.name, "Vec" | "[]" | "VecDeque"));
    match over.kind() {
        Kind::RangeExpression => {
            let ends: Vec<Node<'a>> = over.named_children().collect();
            ends.len() == 2 && integer(ends[0]).is_some() && integer(ends[1]).is_none()
        }
        Kind::ReferenceExpression | Kind::Identifier | Kind::FieldExpression => sequence(over),
        Kind::CallExpression => method(over).is_some_and(|(of, m)| match m.text() {
            "enumerate" | "rev" | "copied" | "cloned" => method(of).is_some() && counted(of, cx),
            "iter" | "iter_mut" | "into_iter" => sequence(of),
            _ => false,
        }),
        _ => false,
    }
}
