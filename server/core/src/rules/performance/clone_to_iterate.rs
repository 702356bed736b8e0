use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::plain_method;
use crate::rules::rust_types::type_of;
use crate::rules::unparenthesized;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "clone-to-iterate",
    summary: "a list is copied only to be walked",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[400],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for x in list.clone()` and `for x in list.to_vec()` where the loop neither changes the list nor keeps `x` as a whole.",
        why: "All elements are copied, and most of what they hold is thrown away again.",
        example: "for user in users.clone() {\n    send(&user.name);\n}",
        instead: "for user in &users {\n    send(&user.name);\n}",
        limits: "Loops that mention the list itself, or that move the element somewhere, may need the copy; elements that are copied for free are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(users: &Vec<User>) { for u in users.clone() { send(&u.name); } } //~ clone-to-iterate"),
        Case::bad(
            "a.rs",
            "fn f(nodes: &[Node]) -> Vec<String> { let mut out = Vec::new(); for n in nodes.to_vec() { out.push(n.name); } out } //~ clone-to-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: Vec<Row>) -> usize { let mut c = 0; for r in rows.clone() { c += r.len(); } c + rows.len() } //~ clone-to-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &Vec<String>) { for r in rows.clone() { println!(\"{}\", r); } } //~ clone-to-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &Vec<String>) { for r in rows.clone() { println!(\"{r}\"); } } //~ clone-to-iterate",
        ),
        Case::bad("a.rs", "fn f(rows: &[Row]) { for r in rows.to_vec().iter() { g(r); } } //~ clone-to-iterate"),
        Case::bad(
            "a.rs",
            "fn f(rows: &Vec<Row>) { for r in rows.clone().into_iter() { if r.ok { h(&r); } } } //~ clone-to-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &Vec<Row>) -> bool { for r in rows.clone() { if r.id == 3 { return true; } } false } //~ clone-to-iterate",
        ),
        Case::good("a.rs", "fn f(users: &Vec<User>) { for u in users { send(&u.name); } }"),
        Case::good(
            "a.rs",
            "fn f(users: &Vec<User>) -> Vec<User> { let mut out = vec![]; for u in users.clone() { out.push(u); } out }",
        ),
        Case::good("a.rs", "fn f(users: &mut Vec<User>) { for u in users.clone() { users.push(other(&u)); } }"),
        Case::good("a.rs", "fn f(ids: &Vec<u32>) { for i in ids.clone() { go(&i); } }"),
        Case::good("a.rs", "fn f(users: &Vec<User>) { for mut u in users.clone() { u.n += 1; send(&u.name); } }"),
        Case::good("a.rs", "fn f(users: Arc<Users>) { for u in users.clone() { send(&u.name); } }"),
        Case::good("a.rs", "fn f(users: &Vec<User>) { for u in users.clone() { spawn(u); } }"),
        Case::good("a.rs", "fn f(users: &Vec<User>) { let mine = users.clone(); for u in &mine { send(&u.name); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(users: &Vec<User>) { for u in users.clone() { std::thread::spawn(move || send(&u.name)); } }",
        ),
        Case::near_miss("a.rs", "impl S { fn f(&mut self) { for u in self.users.clone() { self.send(&u.name); } } }"),
        Case::near_miss("a.rs", "fn f(users: &Vec<User>) { for u in users.clone() { let v = u; keep(v); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(users: &Vec<User>) -> Option<User> { for u in users.clone() { if u.ok { return Some(u); } } None }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value).map(unparenthesized), node.child(Field::Body))
    else {
        return;
    };
    let (copy, by_value) = match plain_method(value) {
        Some((inner, "iter")) => (unparenthesized(inner), false),
        Some((inner, "into_iter")) => (unparenthesized(inner), true),
        _ => (value, true),
    };
    let Some((list, how)) = plain_method(copy).filter(|(_, m)| matches!(*m, "clone" | "to_vec" | "to_owned")) else {
        return;
    };
    if pattern.kind() != Kind::Identifier || list.kind() != Kind::Identifier {
        return;
    }
    let Some(ty) = type_of(list, cx).filter(|t| matches!(t.name, "Vec" | "[]")) else { return };
    if ty.arg().is_copy(cx) == Some(true) || ty.arg().is_copy(cx).is_none() && ty.arg().name.len() <= 1 {
        return;
    }
    // Nothing of the list itself happens meanwhile.
    let mentioned = body.descendants().any(|n| {
        n.is_hole()
            || matches!(n.kind(), Kind::ClosureExpression | Kind::AsyncBlock)
            || n.kind() == Kind::Identifier && n.text() == list.text()
            || n.kind() == Kind::MacroInvocation && n.text().contains(list.text())
    });
    let moved = body.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == pattern.text()).any(|n| {
        let Some(parent) = n.parent() else { return true };
        match parent.kind() {
            Kind::FieldExpression | Kind::ReferenceExpression | Kind::BinaryExpression | Kind::IndexExpression => {
                parent.child_of_kind(Kind::MutableSpecifier).is_some() || is_changed(parent)
            }
            // A format string's argument is borrowed.
            Kind::TokenTree => !parent.parent().is_some_and(|m| {
                m.kind() == Kind::MacroInvocation
                    && ["print", "write", "format", "assert", "debug", "info", "warn", "error", "trace"]
                        .iter()
                        .any(|w| m.text().contains(w))
            }),
            _ => true,
        }
    });
    if mentioned || by_value && moved {
        return;
    }
    let message = format!(
        "`{how}` copies every element of `{0}` only to walk it: `for {1} in {2}`.",
        list.text(),
        pattern.text(),
        if ty.refs > 0 { list.text().to_owned() } else { format!("&{}", list.text()) }
    );
    cx.report(Note::new(cx.rule, copy.span(), message));
}

/// Whether a place is written to.
fn is_changed(place: Node<'_>) -> bool {
    place.parent().is_some_and(|p| {
        matches!(p.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr) && place.field() == Field::Left
    })
}
