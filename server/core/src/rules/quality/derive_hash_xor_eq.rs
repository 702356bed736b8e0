use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_items::last_name;
use crate::rules::shape::report_in;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "derive-hash-xor-eq",
    summary: "two traits that must agree are derived and written by hand",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[697],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds types that derive `Hash` and implement `PartialEq` by hand (or the other way round with `Hash` alone), and types that derive one of `Ord` and `PartialOrd` and implement the other.",
        why: "Equal values must have equal hashes, and `cmp` and `partial_cmp` must agree. If one is derived and the other follows a rule of its own, maps lose entries and sorting goes wrong.",
        example: "#[derive(Hash)]\nstruct Name(String);\nimpl PartialEq for Name { fn eq(&self, o: &Name) -> bool { self.0.eq_ignore_ascii_case(&o.0) } }",
        instead: "impl Hash for Name { fn hash<H: Hasher>(&self, h: &mut H) { self.0.to_ascii_lowercase().hash(h) } }",
        limits: "Implementations for other types (`PartialEq<str>`) do not count, nor does a `partial_cmp` that calls `cmp`. A `Hash` that looks at fewer fields than a derived `PartialEq` is right and left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AttributeItem], check), Check::Nodes(&[Kind::ImplItem], by_hand)],
    cases: &[
        Case::bad(
            "a.rs",
            "#[derive(Hash)] //~ derive-hash-xor-eq\nstruct Name(String);\nimpl PartialEq for Name { fn eq(&self, o: &Name) -> bool { self.0.len() == o.0.len() } }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Debug, Clone, Hash, Eq)] //~ derive-hash-xor-eq\npub struct K { a: u8, b: u8 }\nimpl PartialEq for K { fn eq(&self, o: &Self) -> bool { self.a == o.a } }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(PartialEq, Eq, Ord)] //~ derive-hash-xor-eq\nstruct V(u8);\nimpl PartialOrd for V { fn partial_cmp(&self, o: &V) -> Option<Ordering> { o.0.partial_cmp(&self.0) } }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(PartialEq, Eq, PartialOrd)] //~ derive-hash-xor-eq\nstruct V(u8);\nimpl Ord for V { fn cmp(&self, o: &V) -> Ordering { o.0.cmp(&self.0) } }",
        ),
        Case::bad(
            "a.rs",
            "struct K { id: u32, tag: String }\nimpl PartialEq for K { fn eq(&self, o: &Self) -> bool { self.id == o.id } }\nimpl Hash for K { fn hash<H: Hasher>(&self, h: &mut H) { self.id.hash(h);\n self.tag.hash(h); } } //~ derive-hash-xor-eq",
        ),
        Case::bad(
            "a.rs",
            "struct P(u32);\nimpl PartialOrd for P { fn partial_cmp(&self, o: &Self) -> Option<Ordering> { o.0.partial_cmp(&self.0) } } //~ derive-hash-xor-eq\nimpl Ord for P { fn cmp(&self, o: &Self) -> Ordering { self.0.cmp(&o.0) } }",
        ),
        Case::good(
            "a.rs",
            "struct K { id: u32, tag: String }\nimpl PartialEq for K { fn eq(&self, o: &Self) -> bool { self.id == o.id && self.tag == o.tag } }\nimpl Hash for K { fn hash<H: Hasher>(&self, h: &mut H) { self.id.hash(h); } }",
        ),
        Case::good(
            "a.rs",
            "struct P(u32);\nimpl PartialOrd for P { fn partial_cmp(&self, o: &Self) -> Option<Ordering> { o.0.partial_cmp(&self.0) } }\nimpl Ord for P { fn cmp(&self, o: &Self) -> Ordering { self.0.cmp(&o.0).reverse() } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Hash)]\n#[allow(clippy::derived_hash_with_manual_eq)]\nstruct T(u8);\nimpl PartialEq for T { fn eq(&self, o: &T) -> bool { self.0 == o.0 } }",
        ),
        Case::bad(
            "a.rs",
            "mod m {\n#[derive(Hash, Eq)] //~ derive-hash-xor-eq\npub enum E { A, B }\nimpl PartialEq for E { fn eq(&self, _: &E) -> bool { true } }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl PartialEq for Id { fn eq(&self, o: &Id) -> bool { self.n == o.n } }\n#[derive(Clone, Hash)] //~ derive-hash-xor-eq\nstruct Id { n: u8, label: String }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(std::hash::Hash)] //~ derive-hash-xor-eq\nstruct S(u8);\nimpl std::cmp::PartialEq for S { fn eq(&self, o: &S) -> bool { self.0 % 2 == o.0 % 2 } }",
        ),
        Case::bad(
            "a.rs",
            "#[derive(Hash)] //~ derive-hash-xor-eq\nstruct W<T>(T);\nimpl<T> PartialEq for W<T> { fn eq(&self, o: &W<T>) -> bool { true } }",
        ),
        Case::good("a.rs", "#[derive(Hash, PartialEq, Eq)]\nstruct Name(String);"),
        Case::good(
            "a.rs",
            "struct Name(String);\nimpl PartialEq for Name { fn eq(&self, o: &Name) -> bool { true } }\nimpl Hash for Name { fn hash<H: Hasher>(&self, h: &mut H) {} }",
        ),
        Case::good(
            "a.rs",
            "#[derive(PartialEq, Eq)]\nstruct Name(String);\nimpl Hash for Name { fn hash<H: Hasher>(&self, h: &mut H) { self.0.hash(h) } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Hash, PartialEq)]\nstruct Name(String);\nimpl PartialEq<str> for Name { fn eq(&self, o: &str) -> bool { self.0 == o } }",
        ),
        Case::good("a.rs", "#[derive(PartialEq, Eq, PartialOrd, Ord)]\nstruct V(u8);"),
        Case::good(
            "a.rs",
            "struct V(u8);\nimpl PartialOrd for V { fn partial_cmp(&self, o: &V) -> Option<Ordering> { None } }\nimpl Ord for V { fn cmp(&self, o: &V) -> Ordering { Ordering::Equal } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Debug)]\nstruct V(u8);\nimpl PartialEq for V { fn eq(&self, o: &V) -> bool { true } }",
        ),
        Case::good(
            "a.rs",
            "#[derive(Hash)]\nstruct A(u8);\nstruct B(u8);\nimpl PartialEq for B { fn eq(&self, o: &B) -> bool { true } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Hash, PartialEq, Eq)]\nstruct Name(String);\nimpl PartialEq<&str> for Name { fn eq(&self, o: &&str) -> bool { self.0 == *o } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Hash)]\nstruct A(u8);\nimpl PartialOrd for A { fn partial_cmp(&self, o: &A) -> Option<Ordering> { None } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Hash)]\nstruct A(u8);\nmod m { struct A(u16); impl PartialEq for A { fn eq(&self, o: &A) -> bool { true } } }",
        ),
        Case::near_miss(
            "a.rs",
            "#[derive(Clone, PartialEq)]\nstruct A(f64);\nimpl Eq for A {}\nimpl Hash for A { fn hash<H: Hasher>(&self, h: &mut H) { self.0.to_bits().hash(h) } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(inner) = node.text().split("derive(").nth(1) else { return };
    let derived: Vec<&str> = inner.split(')').next().unwrap_or("").split(',').map(|d| last_name(d.trim())).collect();
    let item = std::iter::successors(node.next_named_sibling(), |n| n.next_named_sibling())
        .find(|n| n.kind() != Kind::AttributeItem);
    let Some(name) =
        item.filter(|n| matches!(n.kind(), Kind::StructItem | Kind::EnumItem)).and_then(|n| n.child(Field::Name))
    else {
        return;
    };
    let rust = &cx.file.declared.rust;
    // A name that is declared twice in the file stands for different types.
    if !rust.types.contains_key(name.text()) {
        return;
    }
    // Whoever told Clippy that it is meant need not tell us.
    let around = node.parent().into_iter().flat_map(Node::named_children);
    let mut attributes = around.filter(|n| {
        n.kind() == Kind::AttributeItem
            && item.is_some_and(|i| n.span().end <= i.span().start && i.span().start - n.span().end < 400)
    });
    if attributes
        .any(|a| a.text().contains("derived_hash_with_manual_eq") || a.text().contains("derive_ord_xor_partial_ord"))
    {
        return;
    }
    let by_hand = |t: &str| rust.implemented.contains(&(t.to_owned(), name.text().to_owned()));
    for (one, other, why) in [
        ("Hash", "PartialEq", "equal values may get different hashes, and maps lose them"),
        ("Ord", "PartialOrd", "`cmp` and `partial_cmp` may disagree"),
        ("PartialOrd", "Ord", "`cmp` and `partial_cmp` may disagree"),
    ] {
        if derived.contains(&one) && !derived.contains(&other) && by_hand(other) {
            let message = format!(
                "`{one}` is derived and `{other}` written by hand for `{}`: {why}. Write both, or derive both.",
                name.text()
            );
            cx.report(Note::new(cx.rule, node.span(), message));
            return;
        }
    }
}

/// Both traits are written by hand and look at different things.
fn by_hand<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(of), Some(ty)) = (node.child(Field::Trait), node.child(Field::Type)) else { return };
    let (of, ty) = (last_name(of.text()), last_name(ty.text()));
    let other = match of {
        "Hash" => "PartialEq",
        "PartialOrd" => "Ord",
        _ => return,
    };
    let compared = &cx.file.declared.rust.compared;
    let key = |t: &str| (t.to_owned(), ty.to_owned());
    let (Some(mine), Some(theirs)) = (compared.get(&key(of)), compared.get(&key(other))) else { return };
    if mine.whole || theirs.whole || mine.fields.is_empty() || theirs.fields.is_empty() {
        return;
    }
    let extra = mine.fields.difference(&theirs.fields).next();
    let message = match (of, extra) {
        ("Hash", Some(field)) => {
            format!("`{field}` goes into the hash, but `eq` does not look at it: equal values get different hashes, and maps lose them.")
        }
        ("PartialOrd", _) if extra.is_some() || mine.fields != theirs.fields => {
            "`partial_cmp` looks at other fields than `cmp`: sorting and `<` disagree. Return `Some(self.cmp(other))`.".to_owned()
        }
        ("PartialOrd", _) if mine.reversed.is_some() && theirs.reversed.is_some() && mine.reversed != theirs.reversed => {
            "`partial_cmp` orders the other way round than `cmp`: sorting and `<` disagree. Return `Some(self.cmp(other))`.".to_owned()
        }
        _ => return,
    };
    let Some(function) =
        node.child(Field::Body).into_iter().flat_map(Node::named_children).find(|n| n.kind() == Kind::FunctionItem)
    else {
        return;
    };
    let function = cx.open(function);
    let Some(body) = function.child(Field::Body) else { return };
    let at = extra.and_then(|f| {
        body.descendants().find(|n| n.kind() == Kind::FieldExpression && n.text() == format!("self.{f}"))
    });
    let at = at.or_else(|| body.last_named()).unwrap_or(body);
    report_in(cx, function, Note::new(cx.rule, at.span(), message));
}
