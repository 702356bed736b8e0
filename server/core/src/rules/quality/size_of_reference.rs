use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Origin, binding};
use crate::rules::support::{args, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "size-of-reference",
    summary: "the size of a reference is taken where that of the value was meant",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[467],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `size_of_val(&x)` and `align_of_val(&x)` of an `x` that is a reference already, `&self` included.",
        why: "The function looks behind one reference. Behind `&x` lies the reference `x`, whose size is that of an address, however large the value is.",
        example: "fn bytes(data: &[u8]) -> usize { mem::size_of_val(&data) }",
        instead: "fn bytes(data: &[u8]) -> usize { mem::size_of_val(data) }",
        limits: "Only parameters with a written reference type, `&self`, and variables that are set to `&..` once.",
        fix: "Leaves the second reference out.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(x: &[u8]) -> usize { std::mem::size_of_val(&x) } //~ size-of-reference"),
        Case::bad("a.rs", "use std::mem;\nfn f(s: &str) -> usize { mem::size_of_val(&s) } //~ size-of-reference"),
        Case::bad(
            "a.rs",
            "use std::mem::size_of_val;\nfn f(s: &mut [u32]) -> usize { size_of_val(&s) * 2 } //~ size-of-reference",
        ),
        Case::bad("a.rs", "impl H { fn len(&self) -> usize { std::mem::size_of_val(&self) } } //~ size-of-reference"),
        Case::bad("a.rs", "fn f(x: &Header) -> usize { core::mem::size_of_val(&x) } //~ size-of-reference"),
        Case::bad("a.rs", "fn f(x: &'static Header) -> usize { std::mem::align_of_val(&x) } //~ size-of-reference"),
        Case::bad("a.rs", "fn f(h: Header) -> usize { let x = &h; std::mem::size_of_val(&x) } //~ size-of-reference"),
        Case::bad(
            "a.rs",
            "fn f(sock: i32, on: &u32) { unsafe { setsockopt(sock, std::mem::size_of_val(&on)) } } //~ size-of-reference",
        ),
        Case::good("a.rs", "fn f(x: &[u8]) -> usize { std::mem::size_of_val(x) }"),
        Case::good("a.rs", "fn f(x: [u8; 4]) -> usize { std::mem::size_of_val(&x) }"),
        Case::good("a.rs", "fn f(h: Header) -> usize { std::mem::size_of_val(&h) }"),
        Case::good("a.rs", "impl H { fn len(&self) -> usize { std::mem::size_of_val(&self.head) } }"),
        Case::good("a.rs", "impl H { fn len(&self) -> usize { std::mem::size_of_val(self) } }"),
        Case::good("a.rs", "fn f(x: &[u8]) -> usize { std::mem::size_of_val(&x[1..]) }"),
        Case::good("a.rs", "fn f(x: &Header) -> usize { std::mem::size_of_val(&x.name) }"),
        Case::good("a.rs", "fn f(x: &Header) -> usize { size_of_val(&x) }\nfn size_of_val(x: &&Header) -> usize { 1 }"),
        Case::near_miss("a.rs", "fn f(x: &[u8]) -> usize { std::mem::size_of_val(&*x) }"),
        Case::near_miss("a.rs", "fn f(x: &[u8]) -> usize { let x = x.to_vec(); std::mem::size_of_val(&x) }"),
        Case::near_miss("a.rs", "impl H { fn len(self) -> usize { std::mem::size_of_val(&self) } }"),
        Case::near_miss("a.rs", "fn f(x: *const u8) -> usize { std::mem::size_of_val(&x) }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let path = node.child(Field::Function).and_then(|f| rust_path(f, cx)).unwrap_or_default();
    let Some(("std::mem" | "core::mem" | "mem", name @ ("size_of_val" | "align_of_val"))) = path.rsplit_once("::")
    else {
        return;
    };
    let Some(given) = args(node).next().filter(|a| a.kind() == Kind::ReferenceExpression && !a.has_token("mut")) else {
        return;
    };
    let Some(value) = given.child(Field::Value).map(unparenthesized) else { return };
    if !is_reference(value) {
        return;
    }
    let value_name = value.text();
    let message = format!(
        "`{value_name}` is a reference, so `&{value_name}` measures an address: `{name}({value_name})` measures what it refers to."
    );
    cx.report(
        Note::new(cx.rule, given.span(), message)
            .safe_fix("Leave the second reference out", vec![(given.span(), value_name.to_owned())]),
    );
}

/// Whether a name stands for a reference: by the type of its parameter, or by what it is set to.
fn is_reference(name: Node<'_>) -> bool {
    if name.kind() == Kind::SelfValue {
        let method = name.ancestors().find(|a| a.kind() == Kind::FunctionItem);
        let of_itself = method.and_then(|m| m.child(Field::Parameters));
        return of_itself.and_then(|p| p.child_of_kind(Kind::SelfParameter)).is_some_and(|s| s.text().starts_with('&'));
    }
    let Some(bound) = binding(name).filter(|b| b.is_plain()) else { return false };
    match bound.origin {
        Origin::Param(parameter) => parameter.child(Field::Type).is_some_and(|t| t.kind() == Kind::ReferenceType),
        Origin::Let(l) if l.child(Field::Type).is_none() && bound.pattern == bound.name => {
            l.child(Field::Value).is_some_and(|v| v.kind() == Kind::ReferenceExpression)
        }
        _ => false,
    }
}
