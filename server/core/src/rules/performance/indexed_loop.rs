use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "indexed-loop",
    summary: "a loop counts through a list only to take each element",
    category: Category::Performance,
    severity: Severity::Info,
    confidence: Confidence::High,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `for i in 0..list.len()` whose `i` is used for nothing but `list[i]`.",
        why: "Each access checks the bounds again, and the compiler cannot always see that it need not. An iterator has no index to get wrong.",
        example: "for i in 0..users.len() {\n    println!(\"{}\", users[i].name);\n}",
        instead: "for user in &users {\n    println!(\"{}\", user.name);\n}",
        limits: "Silent where the list is used for anything else in the loop, where its elements are set, and where the loop also needs the rest of `self`, which an iterator would borrow.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::ForExpression], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(users: &[User]) { for i in 0..users.len() { println!(\"{}\", users[i].name); } } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &Vec<u32>) -> u32 { let mut n = 0; for i in 0..v.len() { n += v[i]; } n } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: Vec<u8>) { for idx in 0..v.len() { if v[idx] == 0 { break; } go(v[idx]); } } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "struct S { xs: Vec<u8> }\nimpl S { fn f(&self) -> u32 { let mut n = 0; for i in 0..self.xs.len() { n += self.xs[i] as u32; } n } } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &[Vec<u8>]) { for i in 0..rows.len() { for x in &rows[i] { go(x); } } } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(names: &[String]) { for i in 0..names.len() { let n = &names[i]; go(n); } } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[f32]) -> f32 { let mut m = 0.0; for i in 0..v.len() { if v[i] > m { m = v[i]; } } m } //~ indexed-loop",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8; 4]) { for i in 0..a.len() { eprintln!(\"{:02x}\", a[i]); } } //~ indexed-loop",
        ),
        Case::good("a.rs", "fn f(users: &[User]) { for u in users { println!(\"{}\", u.name); } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for i in 0..v.len() { println!(\"{i}: {}\", v[i]); } }"),
        Case::good("a.rs", "fn f(a: &[u8], b: &[u8]) { for i in 0..a.len() { go(a[i], b[i]); } }"),
        Case::good("a.rs", "fn f(v: &mut [u8]) { for i in 0..v.len() { v[i] = 0; } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for i in 0..v.len() - 1 { go(v[i], v[i + 1]); } }"),
        Case::good("a.rs", "fn f(v: &mut Vec<u8>) { for i in 0..v.len() { if v[i] == 0 { v.push(1); } } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { for i in 1..v.len() { go(v[i]); } }"),
        Case::good("a.rs", "fn f(n: usize, v: &[u8]) { for i in 0..n { go(v[i]); } }"),
        Case::near_miss("a.rs", "impl S { fn f(&mut self) { for i in 0..self.xs.len() { self.add(self.xs[i]); } } }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<X>) { for i in 0..v.len() { v[i].step(); } }"),
        Case::near_miss("a.rs", "fn f(m: &Matrix) { for i in 0..m.len() { go(m[i]); } }"),
        Case::near_miss("a.rs", "fn f(v: &[u8]) { for i in 0..v.len() { run!(i, v[i]); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(counter), Some(range), Some(body)) =
        (node.child(Field::Pattern), node.child(Field::Value), node.child(Field::Body))
    else {
        return;
    };
    if counter.kind() != Kind::Identifier || range.kind() != Kind::RangeExpression || range.text().contains("..=") {
        return;
    }
    let Some((list, _)) = range
        .last_named()
        .filter(|_| range.first_named().is_some_and(|z| z.text() == "0"))
        .filter(|l| args(*l).next().is_none())
        .and_then(method)
        .filter(|(_, m)| m.text() == "len")
    else {
        return;
    };
    // Only of a list that is seen to be one, and is not lent to be changed.
    let listed = type_of(list, cx).is_some_and(|t| matches!(t.name, "Vec" | "[]" | "[;]") && !t.mutable);
    if !listed || !matches!(list.kind(), Kind::Identifier | Kind::FieldExpression) {
        return;
    }
    let (i, list) = (counter.text(), list.text());
    let element = format!("{list}[{i}]");
    let root = list.split('.').next().unwrap_or(list);
    let mut taken = 0;
    for n in body.descendants() {
        if n.is_hole() {
            return;
        }
        match n.kind() {
            Kind::TokenTree => {
                let text = n.text();
                let outer = n.parent().is_none_or(|p| p.kind() != Kind::TokenTree);
                if outer
                    && (words_in(text, i) != text.matches(&element).count()
                        || words_in(text, root) != text.matches(&element).count())
                {
                    return;
                }
                taken += usize::from(outer) * text.matches(&element).count();
            }
            Kind::StringLiteral | Kind::RawStringLiteral if n.text().contains(&format!("{{{i}")) => return,
            Kind::Identifier | Kind::SelfValue | Kind::ShorthandFieldInitializer
                if n.text() == i || n.text() == root =>
            {
                if n.ancestors().take_while(|a| *a != body).any(|a| a.kind() == Kind::TokenTree) {
                    continue;
                }
                // Its place is in `list[i]`, which is read.
                let index = n.ancestors().take(list.matches('.').count() + 1).find(|a| a.text() == element);
                let Some(index) = index.filter(|a| a.kind() == Kind::IndexExpression) else { return };
                taken += usize::from(n.text() == i);
                let set = index.ancestors().take(4).any(|a| {
                    matches!(a.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
                        && a.child(Field::Left).is_some_and(|l| l.span().contains(index.span()))
                        || a.kind() == Kind::ReferenceExpression && a.child_of_kind(Kind::MutableSpecifier).is_some()
                });
                if set {
                    return;
                }
            }
            _ => {}
        }
    }
    if taken == 0 {
        return;
    }
    let message = format!(
        "`{i}` only takes the elements of `{list}` one by one: `for x in &{list}` does that without an index to check."
    );
    let mut span = node.span();
    span.end = range.span().end;
    cx.report(Note::new(cx.rule, span, message));
}

/// How often a text says a word.
fn words_in(text: &str, word: &str) -> usize {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .filter(|(at, _)| !text[..*at].ends_with(part) && !text[*at + word.len()..].starts_with(part))
        .count()
}
