use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones;
use crate::rules::rust_clones::{copies, last_use, only_borrowed, source_of};
use crate::rules::rust_code::{behind, loop_around, plain_method, tail};
use crate::rules::rust_types::Ty;
use crate::rules::support::{method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "needless-clone",
    summary: "a value is cloned although the original is not needed afterwards",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds clones of an owned variable that nothing uses afterwards, clones of a new value (`a.to_string().clone()`), clones that are only borrowed (`f(&x.clone())`), and `clone()` of types that are copied anyway.",
        why: "The copy takes memory and time for every byte, and the original is dropped right behind it. Moving or borrowing costs nothing.",
        example: "fn send(name: String) {\n    queue.push(name.clone());\n}",
        instead: "fn send(name: String) {\n    queue.push(name);\n}",
        limits: "Only for variables whose type is told by the source. Variables that are captured by closures, borrowed by something that may still live, used in a loop or in the same statement are left alone, and so are fields.",
        fix: "The call is dropped where the variable is owned and not used again.",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f(name: String, q: &mut Vec<String>) { q.push(name.clone()); } //~ needless-clone"),
        Case::bad("a.rs", "fn f() -> Vec<u8> { let v = vec![1, 2]; log(&v); v.clone() } //~ needless-clone"),
        Case::bad("a.rs", "fn f(x: u32) -> String { x.to_string().clone() } //~ needless-clone"),
        Case::bad("a.rs", "fn f(path: PathBuf) -> A { A { path: path.clone() } } //~ needless-clone"),
        Case::bad("a.rs", "fn f(s: String) { let t = s.trim().len(); save(s.clone()); done(t); } //~ needless-clone"),
        Case::bad("a.rs", "fn f(n: u64) -> u64 { n.clone() + 1 } //~ needless-clone"),
        Case::bad("a.rs", "fn f(cfg: &Config) { run(&cfg.clone()); } //~ needless-clone"),
        Case::bad("a.rs", "fn f() { let s = String::from(\"a\"); go(s.to_string()); } //~ needless-clone"),
        Case::bad(
            "a.rs",
            "fn f(a: u8) -> String { let label = format!(\"{a}\"); show(&label); label.clone() } //~ needless-clone",
        ),
        Case::good("a.rs", "fn f(name: String, q: &mut Vec<String>) { q.push(name.clone()); log(name); }"),
        Case::good("a.rs", "fn f(name: &String, q: &mut Vec<String>) { q.push(name.clone()); }"),
        Case::good("a.rs", "fn f(name: String, q: &mut Vec<String>) { for i in 0..3 { q.push(name.clone()); } }"),
        Case::good("a.rs", "fn f(name: String) -> impl Fn() -> String { move || name.clone() }"),
        Case::good("a.rs", "fn f(name: String, q: &mut Vec<String>) { q.push(name); }"),
        Case::good("a.rs", "fn f(a: &A) -> String { a.name.clone() }"),
        Case::good("a.rs", "fn f(x: String) { pair(x.clone(), x); }"),
        Case::good("a.rs", "fn f(x: String) { let y = x.clone(); println!(\"{x} {y}\"); }"),
        Case::near_miss("a.rs", "fn f(x: Vec<u8>) { let first = x.first(); send(x.clone()); show(first); }"),
        Case::near_miss("a.rs", "fn f(&mut self) { self.apply(&self.name.clone()); }"),
        Case::near_miss("a.rs", "fn f(x: String) { let t = x.as_str(); save(x.clone()); log(t); }"),
        Case::near_miss("a.rs", "fn f(x: String) -> Result<String, E> { if bad(&x) { return Ok(x.clone()); } Ok(x) }"),
        Case::near_miss("a.rs", "fn f(x: T) -> T { x.clone() }"),
        Case::near_miss(
            "a.rs",
            "fn f(x: String) { let mut all = Vec::new(); all.push(&x); keep(x.clone()); show(all); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, ty)) = copies(node, cx) else { return };
    let Some((_, name)) = method(node) else { return };
    let span = tail(name, node);
    let drop_it = vec![(behind(of, node), String::new())];
    // A string's `to_string()` and `clone()` of what was just made.
    if of.kind() == Kind::CallExpression || of.kind() == Kind::MacroInvocation {
        let made = ty.is_some_and(|t| t.refs == 0 && matches!(t.name, "String" | "Vec") && is_new(of));
        if made {
            let message =
                format!("This value was just made: `{}` copies it, and the first one is dropped.", name.text());
            cx.report(Note::new(cx.rule, span, message).safe_fix("Drop the copy", drop_it));
        }
        return;
    }
    if name.text() == "clone" && ty.as_ref().is_some_and(|t| t.refs == 0 && is_number(t)) {
        let message = "A value of this type is copied as it is; `clone` says nothing.";
        cx.report(Note::new(cx.rule, span, message).severity(Severity::Info).safe_fix("Drop `clone`", drop_it));
        return;
    }
    if loop_around(node).is_some() {
        return;
    }
    if name.text() == "clone" && lent(node, of) && !ty.as_ref().is_some_and(rust_clones::is_shared) {
        let message = "The copy is only borrowed and dropped again. Borrow the original.";
        cx.report(Note::new(cx.rule, span, message));
        return;
    }
    let Some(ty) = ty.filter(|t| t.refs == 0 && t.is_copy(cx) == Some(false)) else { return };
    let Some(bound) = last_use(of, cx) else { return };
    if matches!(ty.name, "Mutex" | "RwLock" | "Iterator") || only_borrowed(node) {
        return;
    }
    let message = format!("`{}` is not used after this copy, and dropped. Move it.", of.text());
    let note = Note::new(cx.rule, span, message).related(bound.name.span(), "owned here");
    cx.report(note.safe_fix("Move it", drop_it));
}

/// Whether a call makes a new value rather than handing out a part of something.
fn is_new(call: Node<'_>) -> bool {
    call.kind() == Kind::MacroInvocation
        || plain_method(call).is_some_and(|(_, m)| {
            matches!(m, "to_string" | "to_owned" | "to_vec" | "to_uppercase" | "to_lowercase" | "into_string")
        })
        || method(call).is_some_and(|(_, m)| matches!(m.text(), "collect" | "replace" | "repeat"))
}

fn is_number(ty: &Ty<'_>) -> bool {
    ty.is_integer() || ty.is_float() || matches!(ty.name, "bool" | "char")
}

/// Whether a call's argument borrows the copy, and nothing else in the statement speaks of the original.
fn lent(copy: Node<'_>, of: Node<'_>) -> bool {
    let borrowed = copy.parent().is_some_and(|p| {
        p.kind() == Kind::ReferenceExpression
            && p.child_of_kind(Kind::MutableSpecifier).is_none()
            && p.parent().is_some_and(|p| p.kind() == Kind::Arguments)
    });
    let Some(source) = source_of(of).filter(|_| borrowed) else { return false };
    let whole = statement(copy);
    whole
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == source.text())
        .count()
        == 1
}
