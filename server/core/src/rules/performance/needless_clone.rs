use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_clones;
use crate::rules::rust_clones::{copies, last_use, only_borrowed, source_of};
use crate::rules::rust_code::{behind, call_on, plain_method, repeated_in, root, tail};
use crate::rules::rust_names::Origin;
use crate::rules::rust_types::{Ty, type_of_binding};
use crate::rules::shape::operator;
use crate::rules::support::{method, statement};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

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
        Case::bad("a.rs", "fn f(p: &Profile) -> usize { p.tags.clone().len() } //~ needless-clone"),
        Case::bad("a.rs", "fn f(p: &Profile) -> bool { p.name.clone() == \"admin\" } //~ needless-clone"),
        Case::bad("a.rs", "struct P { name: String }\nfn f(p: P) -> String { p.name.clone() } //~ needless-clone"),
        Case::near_miss(
            "a.rs",
            "struct P { name: String }\nimpl Drop for P { fn drop(&mut self) {} }\nfn f(p: P) -> String { p.name.clone() }",
        ),
        Case::near_miss("a.rs", "struct P { name: String }\nfn f(p: P) -> (String, P) { (p.name.clone(), p) }"),
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
    // A number behind a reference.
    if name.text() == "clone"
        && ty.as_ref().is_some_and(|t| t.refs == 1 && is_number(&t.clone().owned()))
        && of.kind() == Kind::Identifier
    {
        let message = format!("A value of this type is copied as it is: `*{}` says so.", of.text());
        cx.report(Note::new(cx.rule, span, message).severity(Severity::Info));
        return;
    }
    if repeated_in(node).is_some() {
        return;
    }
    if name.text() == "clone" && lent(node, of) && !ty.as_ref().is_some_and(rust_clones::is_shared) {
        let message = "The copy is only borrowed and dropped again. Borrow the original.";
        cx.report(Note::new(cx.rule, span, message));
        return;
    }
    let Some(ty) = ty.filter(|t| t.refs == 0 && t.is_copy(cx) == Some(false)) else { return };
    if of.kind() == Kind::FieldExpression {
        return field(of, &ty, span, cx);
    }
    let Some(bound) = last_use(of, cx) else { return };
    if matches!(ty.name, "Mutex" | "RwLock" | "Iterator") || only_borrowed(node) {
        return;
    }
    let message = format!("`{}` is not used after this copy, and dropped. Move it.", of.text());
    let note = Note::new(cx.rule, span, message).related(bound.name.span(), "owned here");
    cx.report(note.safe_fix("Move it", drop_it));
}

/// `p.name.clone()` where `p` is an owned parameter that nothing uses afterwards: the field can be moved out of it.
fn field<'a>(of: Node<'a>, ty: &Ty<'a>, span: Span, cx: &mut Cx<'a>) {
    let Some(source) = root(of).filter(|r| r.kind() == Kind::Identifier) else { return };
    let direct = of.child(Field::Value) == Some(source);
    let Some(bound) = last_use(source, cx).filter(|b| direct && matches!(b.origin, Origin::Param(_))) else { return };
    let plain = matches!(ty.name, "String" | "Vec" | "HashMap" | "BTreeMap" | "HashSet" | "PathBuf");
    let Some(whole) = type_of_binding(bound, cx) else { return };
    let owned = whole.refs == 0
        && cx.file.declared.rust.field(Some(whole.name), of.child(Field::Field).map_or("", Node::text)).is_some()
        && !cx.file.declared.rust.implemented.contains(&("Drop".to_owned(), whole.name.to_owned()));
    if plain && owned {
        let message = format!(
            "`{}` is not used after this copy, and dropped with its fields. Move the field out of it.",
            source.text()
        );
        cx.report(Note::new(cx.rule, span, message).related(bound.name.span(), "owned here"));
    }
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
    let asked = call_on(copy).is_some_and(|(_, m)| {
        matches!(
            m.text(),
            "len"
                | "is_empty"
                | "contains"
                | "contains_key"
                | "starts_with"
                | "ends_with"
                | "is_some"
                | "is_none"
                | "is_ok"
                | "is_err"
                | "to_string"
                | "to_lowercase"
                | "to_uppercase"
                | "eq_ignore_ascii_case"
        )
    });
    let compared =
        copy.parent().is_some_and(|p| p.kind() == Kind::BinaryExpression && matches!(operator(p), "==" | "!="));
    let borrowed = asked
        || compared
        || copy.parent().is_some_and(|p| {
            p.kind() == Kind::ReferenceExpression
                && p.child_of_kind(Kind::MutableSpecifier).is_none()
                && p.parent().is_some_and(|p| p.kind() == Kind::Arguments)
        });
    let compared_or_asked = asked || compared;
    let Some(source) = source_of(of).filter(|_| borrowed) else { return false };
    // Nothing changes the original while it is asked or compared.
    if compared_or_asked {
        return true;
    }
    let whole = statement(copy);
    whole
        .descendants()
        .filter(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == source.text())
        .count()
        == 1
}
