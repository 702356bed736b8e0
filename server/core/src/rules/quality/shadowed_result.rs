use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::captures;
use crate::rules::rust_names::{Origin, visible};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "shadowed-result",
    summary: "a `let` inside was meant to set the variable outside",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a `let` in an inner block that declares the name of a mutable variable from outside again and is never read, where nothing in \
               the function ever assigns the variable outside.",
        why: "The inner variable is another one: the one outside keeps its first value, whatever the loop finds.",
        example: "let mut found = None;\nfor (i, x) in v.iter().enumerate() {\n    if x == y { let found = Some(i); }\n}\nfound",
        instead: "let mut found = None;\nfor (i, x) in v.iter().enumerate() {\n    if x == y { found = Some(i); }\n}\nfound",
        limits: "Variables that are read in their block, and names with a leading underscore, are left alone.",
        fix: "The suggested fix drops the `let`.",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn best(v: &[u32]) -> Option<u32> { let best = None; for x in v { if *x > 3 { let best = Some(*x); } } best } //~ shadowed-result",
        ),
        Case::near_miss(
            "a.rs",
            "fn best(v: &[u32]) -> Option<u32> { let best = None; for x in v { let best = Some(*x); if best > limit() { return best; } } best }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> Option<usize> { let mut found = None;\n for (i, x) in v.iter().enumerate() { if *x == 1 { let found = Some(i); } } //~ shadowed-result\n found }",
        ),
        Case::bad("a.rs", "fn f(a: bool) -> u8 { let mut n = 0;\n if a { let n = 1; } //~ shadowed-result\n n }"),
        Case::bad(
            "a.rs",
            "fn f(a: Option<u8>) -> u8 { let mut n = 0;\n match a { Some(x) => { let n = x; } None => {} } //~ shadowed-result\n n }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> u32 { let mut sum = 0u32;\n for x in v { let sum = sum + u32::from(*x); } //~ shadowed-result\n sum }",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[i32]) -> i32 { let total = 0;\n for x in v { let total = total + x; } //~ shadowed-result\n total }",
        ),
        Case::good("a.rs", "fn f(a: bool) -> u8 { let mut n = 0; if a { n = 1; } n }"),
        Case::good("a.rs", "fn f(a: bool) -> u8 { let mut n = 0; if a { let n = 1; go(n); } n += 1; n }"),
        Case::good("a.rs", "fn f(a: bool) -> u8 { let n = 0; { let n = 1; go(n); } n }"),
        Case::good("a.rs", "fn f() -> u8 { let mut n = 0; let n = n + 1; n }"),
        Case::near_miss("a.rs", "fn f(m: &Mutex<u8>) -> u8 { let mut guard = 0; { let _guard = m.lock(); } guard }"),
        Case::near_miss("a.rs", "fn f(a: bool) -> u8 { let mut n = 0; if a { let n = 1; println!(\"{n}\"); } n }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(pattern) = node.child(Field::Pattern).filter(|p| p.kind() == Kind::Identifier) else { return };
    let name = pattern.text();
    if name.starts_with('_') || node.child(Field::Value).is_none() {
        return;
    }
    let Some(block) = node.parent().filter(|p| p.kind() == Kind::Block) else { return };
    // The last statement of a block that is not the function's, and read nowhere behind.
    if block.parent().is_none_or(|p| p.kind() == Kind::FunctionItem) {
        return;
    }
    let Some(outer) = visible(block, name) else { return };
    let Origin::Let(declaration) = outer.origin else { return };
    let mutable = declaration.child_of_kind(Kind::MutableSpecifier).is_some();
    // `let sum = sum + x;` was meant to add up, whether or not the variable outside may change.
    let adds = node
        .child(Field::Value)
        .is_some_and(|v| v.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == name));
    let in_loop = crate::rules::rust_code::loop_around(node).is_some_and(|l| !l.span().contains(declaration.span()));
    // `let best = None; for .. { let best = Some(x); }`: an empty value that nothing else fills.
    let empty = declaration
        .child(Field::Value)
        .is_some_and(|v| matches!(v.text(), "None" | "false" | "\"\"" | "String::new()" | "Vec::new()" | "vec![]"));
    if !(mutable || in_loop && (adds || empty)) || !outer.is_plain() {
        return;
    }
    let uses = |n: &Node<'a>| match n.kind() {
        Kind::Identifier | Kind::ShorthandFieldInitializer => n.text() == name,
        Kind::StringLiteral | Kind::RawStringLiteral => captures(*n, name),
        Kind::TokenTree => n.text().contains(name),
        _ => n.is_hole(),
    };
    let read = std::iter::successors(node.next_named_sibling(), |n| n.next_named_sibling())
        .any(|s| s.descendants().any(|n| uses(&n)));
    if read {
        return;
    }
    // Nothing sets or borrows the one outside.
    let changed = outer.scope.descendants().any(|n| {
        let own = |p: Option<Node<'a>>| p.is_some_and(|p| p.text() == name);
        match n.kind() {
            Kind::AssignmentExpression | Kind::CompoundAssignmentExpr => n
                .child(Field::Left)
                .is_some_and(|l| l.descendants().any(|n| n.kind() == Kind::Identifier && n.text() == name)),
            Kind::ReferenceExpression => n.text().starts_with("&mut") && own(n.child(Field::Value)),
            Kind::FieldExpression => own(n.child(Field::Value)),
            Kind::TokenTree => n.text().contains(name),
            _ => n.is_hole(),
        }
    });
    let behind = outer.scope.descendants().any(|n| n.span().start > block.span().end && uses(&n) && !n.is_hole());
    if changed || !behind {
        return;
    }
    let Some(token) = node.children().next().filter(|t| t.text() == "let") else { return };
    let message = format!(
        "This is a new variable that nobody reads; the `{name}` outside keeps its value. Assign without `let`."
    );
    let span = crate::syntax::Span { start: token.span().start, end: pattern.span().start };
    cx.report(
        Note::new(cx.rule, pattern.span(), message)
            .related(outer.name.span(), "the variable outside")
            .suggestion("Assign the variable outside", vec![(span, String::new())]),
    );
}
