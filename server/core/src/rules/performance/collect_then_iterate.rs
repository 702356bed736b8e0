use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{call_on, is_iterator, root};
use crate::rules::rust_items::last_name;
use crate::rules::rust_names::{Binding, Origin, binding, repeats_within, uses};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, is_function, is_loop, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "collect-then-iterate",
    summary: "a vector is filled only to be walked once",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a variable that holds a collected vector and whose only use, in the following statement, is to walk it (`for`, `into_iter()`, `iter()`), to count it, or to ask whether it is empty, for one element or whether it holds something.",
        why: "All elements are written to memory and read back, where the iterator hands them over one by one.",
        example: "let long: Vec<_> = words.iter().filter(|w| w.len() > 9).collect();\nfor word in long {\n    print(word);\n}",
        instead: "for word in words.iter().filter(|w| w.len() > 9) {\n    print(word);\n}",
        limits: "Silent where the loop touches what the iterator borrows, where a step of the iterator has effects, where it collects into a `Result` or drains or locks something, or where the loop needs the length or goes backwards.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::LetDeclaration], check), Check::Nodes(&[Kind::ForExpression], head)],
    cases: &[
        Case::bad(
            "a.rs",
            "fn f(words: &[String]) {\n    let long: Vec<_> = words.iter().filter(|w| w.len() > 9).collect(); //~ collect-then-iterate\n    for word in long { print(word); }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) {\n    let parts = s.split(',').collect::<Vec<_>>(); //~ collect-then-iterate\n    for p in parts { go(p); }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Vec<usize> {\n    let parts: Vec<&str> = s.split(',').collect(); //~ collect-then-iterate\n    parts.iter().map(|p| p.len()).collect()\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> usize {\n    let odd: Vec<&u8> = v.iter().filter(|x| **x % 2 == 1).collect(); //~ collect-then-iterate\n    odd.len()\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> bool {\n    let odd: Vec<&u8> = v.iter().filter(|x| **x % 2 == 1).collect(); //~ collect-then-iterate\n    odd.is_empty()\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(text: &str) {\n    let lines: Vec<_> = text.lines().map(|l| l.trim()).collect(); //~ collect-then-iterate\n    for line in &lines { go(line); }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: Vec<A>) {\n    let names: Vec<String> = xs.iter().map(|x| x.name()).collect(); //~ collect-then-iterate\n    for name in names.into_iter() { go(name); }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(text: &str) {\n    let mut tokens: Vec<&str> = text.split_whitespace().collect(); //~ collect-then-iterate\n    for t in tokens { go(t); }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(words: &[String]) {\n    for word in words.iter().filter(|w| w.len() > 9) { print(word); }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) {\n    let parts: Vec<_> = s.split(',').collect();\n    for p in &parts { go(p); }\n    done(parts);\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) -> String {\n    let parts: Vec<_> = s.split(',').collect();\n    parts.join(\";\")\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) {\n    let parts: HashSet<_> = s.split(',').collect();\n    for p in parts { go(p); }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) {\n    let mut parts: Vec<_> = s.split(',').collect();\n    parts.sort();\n    for p in parts { go(p); }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) {\n    let parts: Vec<_> = s.split(',').collect();\n    for i in 0..3 { for p in &parts { go(i, p); } }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(s: &str) {\n    let parts: Vec<_> = s.split(',').collect();\n    for p in parts.iter().rev() { go(p); }\n}",
        ),
        Case::good(
            "a.rs",
            "fn f(v: &[u8]) -> Result<(), E> {\n    let all: Result<Vec<_>, E> = v.iter().map(check).collect();\n    for x in all? { go(x); }\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(words: &[&str]) -> usize {\n    let long: Vec<_> = words.iter().filter(|w| w.len() > 3).collect(); //~ collect-then-iterate\n    let mut n = 0;\n    for w in long { n += w.len(); }\n    n\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[u8]) -> bool { let w: Vec<u8> = v.iter().map(|x| x / 2).collect(); w.contains(&3) } //~ collect-then-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(path: &str) -> Option<String> { let parts: Vec<&str> = path.split('/').collect(); parts.last().map(|s| s.to_string()) } //~ collect-then-iterate",
        ),
        Case::good(
            "a.rs",
            "fn f(path: &str) -> bool { let parts: Vec<&str> = path.split('/').collect(); parts[0] == parts[1] }",
        ),
        Case::bad(
            "a.rs",
            "fn f(rows: &[Vec<u32>]) -> u32 { let flat: Vec<u32> = rows.iter().flat_map(|r| r.iter().copied()).collect(); flat.iter().sum() } //~ collect-then-iterate",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>) {\n    let keys: Vec<u8> = m.keys().copied().collect();\n    for k in keys { m.remove(&k); }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(n: u8) {\n    let all: Vec<_> = (0..n).map(|i| thread::spawn(move || work(i))).collect();\n    for t in all { t.join().unwrap(); }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(xs: &[A]) {\n    let names: Vec<CString> = xs.iter().map(|x| x.c_name()).collect();\n    let all: Vec<*const u8> = names.iter().map(|n| n.as_ptr()).collect();\n    call(&all);\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(&mut self) {\n    let ids: Vec<u8> = self.items.iter().map(|i| i.id).collect();\n    for id in ids { self.visit(id); }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &Mutex<Vec<u8>>) {\n    let all: Vec<u8> = m.lock().unwrap().drain(..).collect();\n    for x in all { send(x); }\n}",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(s: &str) {\n    let parts: Vec<_> = s.split(',').collect();\n    for (i, p) in parts.iter().enumerate() { if i + 1 == parts.len() { go(p); } }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &[String]) { for n in v.iter().map(|s| s.len()).collect::<Vec<_>>() { show(n); } } //~ collect-then-iterate",
        ),
        Case::bad(
            "a.rs",
            "fn f(t: &str) { for l in t.lines().filter(|l| !l.is_empty()).collect::<Vec<&str>>() { show(l); } } //~ collect-then-iterate",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(m: &mut HashMap<u8, u8>) { for k in m.keys().copied().collect::<Vec<_>>() { m.remove(&k); } }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[String]) { for n in v.iter().map(|s| s.len()).collect::<BTreeSet<_>>() { show(n); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Pattern), node.child(Field::Value)) else { return };
    if pattern.kind() != Kind::Identifier || node.child(Field::Alternative).is_some() {
        return;
    }
    let Some((source, name)) = method(value).filter(|(_, n)| n.text() == "collect") else { return };
    let turbofish =
        value.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)).and_then(Node::first_named);
    let told = node.child(Field::Type).or(turbofish);
    if told.is_none_or(|t| last_name(t.text()) != "Vec") || !is_iterator(source, cx) || has_effects(source) {
        return;
    }
    let mut next = node.next_named_sibling();
    while let Some(between) = next.filter(|n| starts_plainly(*n)) {
        next = between.next_named_sibling();
    }
    let Some(next) = next else { return };
    let scope = node.parent().unwrap_or(node);
    let bound = Binding { name: pattern, pattern, origin: Origin::Let(node), scope };
    let Some(all) = uses(&bound, cx) else { return };
    let [only] = all.as_slice() else { return };
    if !next.span().contains(only.span()) || repeats_within(*only, next) && !is_iterable(*only) {
        return;
    }
    let Some(what) = asks(*only, next) else { return };
    // Walking a vector by reference hands out references into it.
    let lent = call_on(*only).is_some_and(|(_, n)| n.text() == "iter")
        || only.parent().is_some_and(|p| p.kind() == Kind::ReferenceExpression);
    let element = node.child(Field::Type).map(|t| crate::rules::rust_types::Ty::parse(t.text()).arg());
    let by_value = element.is_some_and(|t| t.refs == 0 && t.is_copy(cx) == Some(true))
        || type_of(source, cx).map(|t| t.item()).is_some_and(|t| t.is_copy(cx) == Some(true));
    if lent && !by_value {
        return;
    }
    // What the iterator borrows must not be needed meanwhile.
    let roots = source.descendants().filter(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue));
    let names = roots.flat_map(|n| {
        let origin = binding(n).and_then(|b| match b.origin {
            Origin::Let(o) | Origin::For(o) | Origin::Condition(o) => o.child(Field::Value),
            _ => None,
        });
        std::iter::once(n).chain(origin.and_then(root))
    });
    let mut names = names
        .filter(|n| n.kind() == Kind::SelfValue || binding(*n).is_some_and(|b| b.scope.span().contains(next.span())));
    if what == "walked" && names.any(|r| mentions(next, r.text())) {
        return;
    }
    let message = format!("This vector is only {what}, and once. Go on with the iterator instead of collecting it.");
    cx.report(Note::new(cx.rule, name.span(), message).related(only.span(), "its only use"));
}

/// `for line in text.lines().collect::<Vec<_>>() { .. }`.
fn head<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(value), Some(body)) = (node.child(Field::Value), node.child(Field::Body)) else { return };
    let Some((source, name)) = method(value).filter(|(_, n)| n.text() == "collect") else { return };
    let turbofish =
        value.child(Field::Function).and_then(|f| f.child(Field::TypeArguments)).and_then(Node::first_named);
    if turbofish.is_none_or(|t| last_name(t.text()) != "Vec") || !is_iterator(source, cx) || has_effects(source) {
        return;
    }
    // What the iterator borrows must not be needed meanwhile.
    let inner = |n: &Node<'_>| binding(*n).is_some_and(|b| source.span().contains(b.name.span()));
    let mut names =
        source.descendants().filter(|n| matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && !inner(n));
    if names.any(|r| mentions(body, r.text())) || body.descendants().any(|n| n.kind() == Kind::AwaitExpression) {
        return;
    }
    let message = "This vector is only walked, and once. Go on with the iterator instead of collecting it.";
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Whether a statement only declares a variable with a plain value: `let mut n = 0;`, `let mut out = Vec::new();`.
fn starts_plainly(statement: Node<'_>) -> bool {
    if statement.is_comment() {
        return true;
    }
    let Some(value) = statement.child(Field::Value).filter(|_| statement.kind() == Kind::LetDeclaration) else {
        return false;
    };
    let made = value.kind() == Kind::CallExpression
        && args(value).next().is_none()
        && value.child(Field::Function).is_some_and(|f| matches!(last_name(f.text()), "new" | "default"));
    made || value.text() == "vec![]"
        || matches!(
            value.kind(),
            Kind::IntegerLiteral
                | Kind::FloatLiteral
                | Kind::StringLiteral
                | Kind::BooleanLiteral
                | Kind::CharLiteral
                | Kind::NegativeLiteral
        )
}

fn mentions(node: Node<'_>, name: &str) -> bool {
    node.descendants()
        .any(|n| n.is_hole() || matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == name)
}

/// Whether a node is, or is in, the iterated expression of the `for` loop nearest to it.
fn is_iterable(used: Node<'_>) -> bool {
    let Some(around) = used.ancestors().find(|n| is_loop(*n) || is_function(*n)) else { return false };
    around.kind() == Kind::ForExpression && around.child(Field::Value).is_some_and(|v| v.span().contains(used.span()))
}

/// What the only use does.
fn asks(used: Node<'_>, next: Node<'_>) -> Option<&'static str> {
    let mut at = used;
    if let Some(parent) = at
        .parent()
        .filter(|p| p.kind() == Kind::ReferenceExpression && p.child_of_kind(Kind::MutableSpecifier).is_none())
    {
        at = parent;
    }
    let parent = at.parent()?;
    if parent.kind() == Kind::ForExpression {
        let outer = parent.ancestors().take_while(|a| *a != next).any(is_loop);
        return (at.field() == Field::Value && !outer).then_some("walked");
    }
    // `parts[1]`.
    if parent.kind() == Kind::IndexExpression && parent.first_named() == Some(at) {
        let plain = parent.named_children().nth(1).is_some_and(|i| i.kind() == Kind::IntegerLiteral);
        let read = parent
            .parent()
            .is_none_or(|p| p.kind() != Kind::AssignmentExpression && p.kind() != Kind::ReferenceExpression);
        return (plain && read).then_some("asked for one element");
    }
    let (call, name) = call_on(used)?;
    let mut given = args(call);
    match (name.text(), given.next(), given.next()) {
        ("contains", Some(_), None) => return Some("asked whether it holds something"),
        ("first" | "last", None, None) => return Some("asked for one element"),
        (_, Some(_), _) => return None,
        _ => {}
    }
    match name.text() {
        "len" => Some("counted"),
        "is_empty" => Some("asked whether it is empty"),
        "iter" | "into_iter" => {
            let chain = std::iter::successors(Some(call), |c| call_on(*c).map(|(c, _)| c));
            let backwards = chain.filter_map(call_on).any(|(_, n)| {
                matches!(n.text(), "rev" | "len" | "next_back" | "cycle" | "rposition" | "rfind" | "zip" | "peekable")
            });
            (!backwards).then_some("walked")
        }
        _ => None,
    }
}

/// Whether a call inside of a closure looks as if it only computed.
fn is_pure(call: Node<'_>) -> bool {
    let Some((_, name)) = method(call) else {
        return call.child(Field::Function).is_some_and(|f| {
            last_name(f.text()).starts_with(|c: char| c.is_uppercase()) || last_name(f.text()) == "from"
        });
    };
    let name = name.text();
    let first = name.split('_').next().unwrap_or(name);
    let acts = matches!(
        first,
        "next"
            | "pop"
            | "recv"
            | "take"
            | "run"
            | "install"
            | "load"
            | "fetch"
            | "join"
            | "wait"
            | "flush"
            | "close"
            | "insert"
            | "remove"
            | "push"
            | "set"
            | "update"
    );
    !acts
        && (args(call).next().is_none()
            || matches!(
                first,
                "get"
                    | "is"
                    | "as"
                    | "to"
                    | "starts"
                    | "ends"
                    | "contains"
                    | "unwrap"
                    | "expect"
                    | "map"
                    | "and"
                    | "split"
                    | "trim"
                    | "eq"
                    | "cmp"
                    | "then"
                    | "wrapping"
                    | "checked"
                    | "saturating"
                    | "pow"
                    | "min"
                    | "max"
                    | "replace"
                    | "strip"
                    | "with"
            ))
}

fn has_effects(source: Node<'_>) -> bool {
    source.descendants().any(|n| {
        n.is_hole()
            || matches!(n.kind(), Kind::AwaitExpression | Kind::TryExpression | Kind::UnsafeBlock)
            || n.kind() == Kind::FieldIdentifier
                && matches!(
                    n.text(),
                    "drain"
                        | "lock"
                        | "read"
                        | "write"
                        | "borrow"
                        | "borrow_mut"
                        | "rev"
                        | "try_iter"
                        | "spawn"
                        | "send"
                )
            || n.kind() == Kind::Identifier && n.text().contains("spawn")
            || n.kind() == Kind::CallExpression
                && n != source
                && n.ancestors().take_while(|a| *a != source).any(is_function)
                && !is_pure(n)
            || n.kind() == Kind::ClosureExpression
                && n.descendants().any(|d| {
                    matches!(
                        d.kind(),
                        Kind::ExpressionStatement
                            | Kind::AssignmentExpression
                            | Kind::CompoundAssignmentExpr
                            | Kind::AsyncBlock
                    )
                })
    })
}
