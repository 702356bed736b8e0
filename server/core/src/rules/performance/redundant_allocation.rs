use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, plain_method, root};
use crate::rules::rust_types::{Ty, type_of};
use crate::rules::shape::{operands, operator};
use crate::rules::support::args;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "redundant-allocation",
    summary: "memory is taken for something that is only borrowed or owned already",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds types such as `Rc<Box<T>>`, `Box<Rc<T>>`, `Arc<Arc<T>>` and `Box<&T>`; copies of strings and slices that are only looked at (`s.to_string().as_str()`, `v.to_vec().iter()`); strings made to be compared (`s == \"a\".to_string()`); and borrowed literals that were made a `String` first (`&\"a\".to_string()`).",
        why: "Every one takes memory, copies and frees it again, and nobody keeps it.",
        example: "if name == \"root\".to_string() { deny(); }",
        instead: "if name == \"root\" { deny(); }",
        limits: "`Box<Box<dyn T>>` makes a thin pointer and is left alone. Values whose type the source does not tell are not looked at.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::GenericType], types),
        Check::Nodes(&[Kind::CallExpression], copies),
        Check::Nodes(&[Kind::BinaryExpression], compared),
    ],
    cases: &[
        Case::bad("a.rs", "struct A { x: Rc<Box<Node>> } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(x: Box<&Config>) {} //~ redundant-allocation"),
        Case::bad("a.rs", "type T = Arc<Arc<State>>; //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(name: &str) -> bool { name == \"root\".to_string() } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(s: &str) -> usize { s.to_string().len() } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(v: &[u8]) { for x in v.to_vec().iter() { go(*x); } } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f() { open(&\"a.txt\".to_string()); } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(s: &str, t: &str) -> bool { s.to_owned() == t } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(s: &str) { go(s.to_string().as_str()); } //~ redundant-allocation"),
        Case::bad("a.rs", "fn f(m: &HashMap<String, u8>) { m.get(&String::from(\"key\")); } //~ redundant-allocation"),
        Case::good("a.rs", "struct A { x: Rc<Node> }"),
        Case::good("a.rs", "fn f(x: Box<Box<dyn Any>>) {}"),
        Case::good("a.rs", "fn f(name: &str) -> bool { name == \"root\" }"),
        Case::good("a.rs", "fn f(s: &str) -> String { s.to_string() }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for x in v.iter() { go(*x); } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { let mut w = v.to_vec(); w.sort(); go(w); }"),
        Case::good("a.rs", "fn f(x: Arc<Mutex<u8>>, y: Rc<RefCell<u8>>) {}"),
        Case::good("a.rs", "fn f(n: u32) -> usize { n.to_string().len() }"),
        Case::near_miss("a.rs", "fn f(k: Kind) -> bool { k.to_string() == \"a\" }"),
        Case::near_miss("a.rs", "fn f(x: Arc<Box<dyn Any>>) {}"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { for x in v.clone().iter() { v.push(*x); } }"),
        Case::near_miss("a.rs", "fn f(s: &str) { go(s.to_string()); }"),
        Case::near_miss("a.rs", "fn f(p: &Path) -> bool { p.to_owned() == other() }"),
        Case::bad(
            "a.rs",
            "struct P { jobs: Vec<Job> }\nimpl P { fn total(&self) -> usize { self.jobs.clone().iter().map(|j| j.n).sum() } } //~ redundant-allocation",
        ),
        Case::bad("a.rs", "fn f(m: &HashMap<u8, String>) -> usize { m.clone().len() } //~ redundant-allocation"),
        Case::near_miss("a.rs", "fn f(v: &Arc<Vec<u8>>) -> usize { v.clone().len() }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { for x in v.clone().iter() { v.push(*x); } }"),
    ],
};

fn types<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let ty = Ty::parse(node.text());
    if !matches!(ty.name, "Box" | "Rc" | "Arc")
        || ty.args.len() != 1
        || cx.file.declared.rust.types.contains_key(ty.name)
    {
        return;
    }
    let inner = ty.arg();
    let content = inner.arg();
    // A name that says nothing may stand for a trait object.
    let told = cx.file.declared.rust.types.contains_key(content.name)
        || inner.name != "Box"
        || ty.name != "Box"
        || matches!(content.name, "String" | "Vec" | "HashMap");
    let pointer = told
        && matches!(inner.name, "Box" | "Rc" | "Arc")
        && inner.refs == 0
        && !(matches!(content.name, "dyn" | "_" | "str" | "[]" | "fn"));
    // A type parameter may be without size.
    let generic = content.name.len() <= 2;
    let wide = matches!(inner.name, "str" | "[]" | "dyn");
    let reference = inner.refs == 1 && !wide && !inner.mutable && inner.name.len() > 2;
    if !reference && (generic || !pointer) {
        return;
    }
    // What is implemented for all kinds of pointers says nothing about its use.
    if node.ancestors().any(|a| {
        matches!(a.kind(), Kind::WhereClause | Kind::TraitBounds)
            || a.kind() == Kind::ImplItem && a.child(Field::Body).is_none_or(|b| !b.span().contains(node.span()))
    }) {
        return;
    }
    let what = if inner.refs > 0 { "A reference is a pointer already" } else { "One pointer is enough" };
    let message = format!("{what}: `{}` takes memory of its own and makes every access follow two.", node.text());
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// What is copied by `to_string()`, `to_owned()`, `to_vec()` and `String::from(..)`, if it is text or a slice.
fn copied<'a>(node: Node<'a>, cx: &Cx<'a>) -> Option<Node<'a>> {
    if let Some((of, name)) = plain_method(node) {
        let ty = type_of(of, cx)?;
        let fits = match name {
            "to_string" | "to_owned" => matches!(ty.name, "str" | "String"),
            "to_vec" => ty.is_sequence(),
            "clone" => {
                matches!(ty.name, "Vec" | "String" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "VecDeque")
                    && matches!(call_on(node), Some((_, n)) if matches!(n.text(), "len" | "is_empty" | "iter" | "contains" | "starts_with" | "ends_with" | "first" | "last"))
            }
            _ => false,
        };
        return fits.then_some(of);
    }
    let callee = node.child(Field::Function).filter(|_| node.kind() == Kind::CallExpression)?;
    let first = args(node).next().filter(|a| a.kind() == Kind::StringLiteral)?;
    (callee.text() == "String::from").then_some(first)
}

fn copies<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(of) = copied(node, cx) else { return };
    let literal = matches!(of.kind(), Kind::StringLiteral | Kind::RawStringLiteral);
    let borrowed = node.parent().is_some_and(|p| {
        p.kind() == Kind::ReferenceExpression
            && p.child_of_kind(Kind::MutableSpecifier).is_none()
            && p.parent().is_some_and(|a| a.kind() == Kind::Arguments)
    });
    let looks = call_on(node).is_some_and(|(call, name)| {
        let looks = match name.text() {
            "as_str" | "as_bytes" | "len" | "is_empty" | "chars" | "bytes" | "lines" | "trim" | "iter" | "as_slice"
            | "first" | "last" | "split_whitespace" => args(call).next().is_none(),
            "starts_with" | "ends_with" | "contains" | "split" | "find" | "replace" => args(call).next().is_some(),
            _ => false,
        };
        // What the loop changes is copied for a reason.
        let looped = call.ancestors().find(|a| {
            a.kind() == Kind::ForExpression && a.child(Field::Value).is_some_and(|v| v.span().contains(call.span()))
        });
        let changed = looped.and_then(|l| l.child(Field::Body)).zip(root(of)).is_some_and(|(body, r)| {
            body.descendants()
                .any(|n| n.is_hole() || matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == r.text())
        });
        looks && !changed
    });
    if looks && !literal || borrowed && literal {
        let message = format!("This copy of `{}` is only looked at and dropped. Borrow the original.", short(of));
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn compared<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(operator(node), "==" | "!=") {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    for side in [left, right] {
        if let Some(of) = copied(side, cx) {
            let message = format!("A copy of `{}` is made only to be compared. Compare the original.", short(of));
            cx.report(Note::new(cx.rule, side.span(), message));
            return;
        }
    }
}

fn short(node: Node<'_>) -> &str {
    if node.text().len() < 40 && !node.text().contains('\n') { node.text() } else { "it" }
}
