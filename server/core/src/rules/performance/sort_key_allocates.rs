use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones::is_shared;
use crate::rules::rust_code::closure;
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "sort-key-allocates",
    summary: "sorting makes a new key for every comparison",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1050],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `sort_by_key(|x| x.name.clone())`, also with `to_string`, `to_lowercase` or `format!`, `sort_unstable_by_key` with such a key, and `sort_by` that compares two of them.",
        why: "Sorting calls the closure twice for every comparison: 10,000 elements make a quarter of a million keys, each of which is allocated and freed.",
        example: "users.sort_by_key(|u| u.name.clone());",
        instead: "users.sort_by(|a, b| a.name.cmp(&b.name));",
        limits: "Clones of what is plainly cheap to copy (numbers, `Rc`, `Arc`) are left alone. `sort_by_cached_key` makes each key once.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(v: &mut Vec<User>) { v.sort_by_key(|u| u.name.clone()); } //~ sort-key-allocates"),
        Case::bad("a.rs", "fn f(v: &mut [String]) { v.sort_by_key(|s| s.to_lowercase()); } //~ sort-key-allocates"),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [User]) { v.sort_unstable_by_key(|u| format!(\"{}{}\", u.a, u.b)); } //~ sort-key-allocates",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &mut [User]) { v.sort_by_key(|u| (u.age, u.name.to_string())); } //~ sort-key-allocates",
        ),
        Case::good("a.rs", "fn f(v: &mut [User]) { v.sort_by_cached_key(|u| u.name.to_lowercase()); }"),
        Case::good("a.rs", "fn f(v: &mut [User]) { v.sort_by(|a, b| a.name.cmp(&b.name)); }"),
        Case::good("a.rs", "fn f(v: &mut [User]) { v.sort_by_key(|u| u.age); }"),
        Case::good("a.rs", "fn f(v: &mut [User]) { v.sort_by_key(|u| std::cmp::Reverse(u.age)); }"),
        Case::bad(
            "a.rs",
            "fn f(ps: &mut [P]) { ps.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase())); } //~ sort-key-allocates",
        ),
        Case::near_miss("a.rs", "fn f(v: &[User]) -> Vec<String> { v.iter().map(|u| u.name.clone()).collect() }"),
        Case::near_miss("a.rs", "struct U { n: Arc<Key> }\nfn f(v: &mut [U]) { v.sort_by_key(|u: &U| u.n.clone()); }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, name)) = method(node) else { return };
    if matches!(name.text(), "sort_by" | "sort_unstable_by") {
        return compared(node, name, cx);
    }
    let sorts = matches!(name.text(), "sort_by_key" | "sort_unstable_by_key");
    if !sorts {
        return;
    }
    let Some((_, body)) = args(node).next().and_then(closure) else { return };
    let mut parts = vec![unparenthesized(body)];
    while let Some(part) = parts.pop() {
        match part.kind() {
            Kind::TupleExpression => parts.extend(part.named_children()),
            Kind::MacroInvocation if macro_name(part) == "format" => return report(part, name, cx),
            Kind::CallExpression => match method(part) {
                Some((of, m)) => match m.text() {
                    "to_string" | "to_lowercase" | "to_uppercase" | "to_owned" | "to_vec" | "to_path_buf" => {
                        return report(part, name, cx);
                    }
                    "clone" => {
                        let ty = type_of(of, cx);
                        if !ty.is_some_and(|t| is_shared(&t) || t.is_copy(cx) == Some(true)) {
                            return report(part, name, cx);
                        }
                    }
                    _ => {}
                },
                // `Reverse(x.clone())`
                None => parts.extend(args(part)),
            },
            _ => {}
        }
    }
}

/// `sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()))`.
fn compared<'a>(node: Node<'a>, name: Node<'a>, cx: &mut Cx<'a>) {
    let Some((_, body)) = args(node).next().and_then(closure) else { return };
    let Some((key, _)) = method(unparenthesized(body)).filter(|(_, m)| matches!(m.text(), "cmp" | "partial_cmp"))
    else {
        return;
    };
    let key = unparenthesized(key);
    let Some((of, made)) = method(key).filter(|_| args(key).next().is_none()) else { return };
    let makes = match made.text() {
        "to_string" | "to_lowercase" | "to_uppercase" | "to_ascii_lowercase" | "to_ascii_uppercase" | "to_vec"
        | "to_path_buf" => true,
        "clone" => type_of(of, cx).is_some_and(|t| matches!(t.name, "String" | "Vec" | "PathBuf")),
        _ => false,
    };
    if makes {
        report(key, name, cx);
    }
}

fn report<'a>(key: Node<'a>, name: Node<'a>, cx: &mut Cx<'a>) {
    let message = format!(
        "`{}` makes this key anew for every comparison. Compare by reference with `sort_by`, or make each key once with `sort_by_cached_key`.",
        name.text()
    );
    cx.report(Note::new(cx.rule, key.span(), message));
}
