use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::shape::report_in;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "wrong-self-convention",
    summary: "a method's name promises another way of taking `self`",
    category: Category::Quality,
    severity: Severity::Info,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Finds `into_..` methods that borrow `self`, `as_..` methods that take it by value, `to_..` and `is_..` methods that take it by value although it cannot be copied, and `from_..` functions that take `self`.",
        why: "Readers know from the name whether a value is gone afterwards and whether the call costs a copy: `as_` is free, `to_` makes something new, `into_` uses the value up.",
        example: "fn into_bytes(&self) -> Vec<u8>",
        instead: "fn to_bytes(&self) -> Vec<u8>",
        limits: "Off by default: names of public methods are hard to change, and builders have habits of their own. Methods of traits are named by the trait. Only for types of the same file, so that it is known whether they are copied.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ImplItem], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "struct A { b: Vec<u8> }\nimpl A { pub fn into_bytes(&self) -> Vec<u8> { self.b.clone() } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct A(String);\nimpl A { pub fn as_str(self) -> String { self.0 } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct A(String);\nimpl A { pub fn to_text(self) -> String { self.0 } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct A(String);\nimpl A { fn is_empty(self) -> bool { self.0.is_empty() } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct A(String);\nimpl A { pub fn from_text(&self, t: &str) -> A { A(t.to_owned()) } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct A(Vec<u8>);\nimpl A { pub fn into_iter(&mut self) -> I { self.0.iter_mut() } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "enum E { A(String), B }\nimpl E { pub fn to_b(self) -> E { E::B } } //~ wrong-self-convention",
        ),
        Case::bad(
            "a.rs",
            "struct W<T>(T);\nimpl<T> W<T> { pub fn as_inner(self) -> T { self.0 } } //~ wrong-self-convention",
        ),
        Case::good("a.rs", "struct A { b: Vec<u8> }\nimpl A { pub fn into_bytes(self) -> Vec<u8> { self.b } }"),
        Case::good("a.rs", "struct A(String);\nimpl A { pub fn as_str(&self) -> &str { &self.0 } }"),
        Case::good("a.rs", "#[derive(Clone, Copy)]\nstruct A(u8);\nimpl A { pub fn to_u8(self) -> u8 { self.0 } }"),
        Case::good("a.rs", "struct A(String);\nimpl A { pub fn is_empty(&self) -> bool { self.0.is_empty() } }"),
        Case::good("a.rs", "struct A(String);\nimpl A { pub fn from_text(t: &str) -> A { A(t.to_owned()) } }"),
        Case::good("a.rs", "struct A(String);\nimpl Text for A { fn to_text(self) -> String { self.0 } }"),
        Case::good("a.rs", "struct A(String);\nimpl A { pub fn as_mut_str(&mut self) -> &mut str { &mut self.0 } }"),
        Case::good("a.rs", "impl Unknown { pub fn to_text(self) -> String { self.0 } }"),
        Case::near_miss("a.rs", "struct A(String);\nimpl A { pub fn into(&self) -> String { self.0.clone() } }"),
        Case::near_miss(
            "a.rs",
            "struct A(u8);\nimpl Copy for A {}\nimpl A { pub fn is_one(self) -> bool { self.0 == 1 } }",
        ),
        Case::near_miss("a.rs", "struct A(String);\nimpl A { pub fn issue(self) -> String { self.0 } }"),
        Case::near_miss(
            "a.rs",
            "struct A(String);\nimpl A { pub fn to_owned_in(self: &Rc<Self>) -> String { self.0.clone() } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(of) = node.child(Field::Type).filter(|_| node.child(Field::Trait).is_none()) else { return };
    let rust = &cx.file.declared.rust;
    let name = last_name(of.text());
    let Some(item) = rust.types.get(name) else { return };
    let copied = item.derives("Copy") || rust.implemented.contains(&("Copy".to_owned(), name.to_owned()));
    let functions: Vec<Node<'a>> = node
        .child(Field::Body)
        .into_iter()
        .flat_map(Node::named_children)
        .filter(|n| n.kind() == Kind::FunctionItem)
        .collect();
    for function in functions {
        let function = cx.open(function);
        let (Some(named), Some(list)) = (function.child(Field::Name), function.child(Field::Parameters)) else {
            continue;
        };
        let Some(this) = list.child_of_kind(Kind::SelfParameter) else { continue };
        let (by_ref, by_value) = (this.text().starts_with('&'), !this.text().contains(['&', ':']));
        let Some((prefix, _)) = named.text().split_once('_') else { continue };
        let promise = match prefix {
            "into" if by_ref && !copied => "uses the value up: take `self`, or call it `to_..` or `as_..`",
            "as" if by_value && !copied => "is a view of the value: take `&self`, or call it `into_..`",
            "to" if by_value && !copied => "makes something new: take `&self`, or call it `into_..`",
            "is" if by_value && !copied => "asks: take `&self`",
            "from" => "makes a value of this type from another: it takes no `self`",
            _ => continue,
        };
        let message = format!("By its name `{}` {promise}.", named.text());
        report_in(cx, function, Note::new(cx.rule, named.span(), message));
    }
}
