use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{function, is_array, only_reads, operands, operator};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "filter-then-first",
    summary: "a whole list is filtered for one match",
    category: Category::Performance,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[407],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `list.filter(f)[0]`, `.filter(f).shift()`, `.filter(f).at(0)`, `.filter(f).length > 0` and \
              `.filter(f).pop()`. In Rust `.filter(f).next()`, `.filter_map(f).next()`, `.skip_while(f).next()`, `.filter(f).count() > 0`, \
              `.find(f).is_some()`, `.position(f).is_some()`, `.filter(f).last()`, and `.map(f).flatten()`.",
        why: "`filter` looks at every element and builds a list; `find`, `some` and `findLast` stop at the first match \
              and build nothing. In Rust `count` walks on to the end; the other forms say in two steps what one method says.",
        example: "const user = users.filter((u) => u.id === id)[0];",
        instead: "const user = users.find((u) => u.id === id);",
        limits: "Only with a function written in place, so that it is an array's `filter` and not that of a query or of \
              jQuery.",
        fix: "`filter(f)[0]` becomes `find(f)`, `filter(f).length > 0` becomes `some(f)`. Safe where the callback only \
              reads.",
    },
    checks: &[
        Check::Nodes(&[Kind::SubscriptExpression, Kind::CallExpression, Kind::BinaryExpression], check),
        Check::Nodes(&[Kind::MemberExpression], truth),
        Check::Nodes(&[Kind::VariableDeclarator], destructured),
        Check::Nodes(&[Kind::CallExpression, Kind::BinaryExpression], rust_check),
    ],
    cases: &[
        Case::near_miss(
            "a.ts",
            "function f(all: I[], el: E) {\n  // `filter` instead of `find` for compat with IE\n  const one = all.filter((i) => i.el === el)[0];\n  return one;\n}",
        ),
        Case::bad("a.js", "const user = users.filter((u) => u.id === id)[0]; //~ filter-then-first"),
        Case::bad("a.js", "const u = users.filter(function (u) { return u.on; }).shift(); //~ filter-then-first"),
        Case::bad("a.js", "const u = users.filter((u) => u.on).at(0); //~ filter-then-first"),
        Case::bad("a.js", "if (users.filter((u) => u.on).length > 0) { go(); } //~ filter-then-first"),
        Case::bad("a.js", "const none = xs.filter((x) => x.ok).length === 0; //~ filter-then-first"),
        Case::bad("a.js", "const v = xs.map(f).filter((x) => x != null)[0].name; //~ filter-then-first"),
        Case::bad("a.js", "const last = xs.filter((x) => x.ok).pop(); //~ filter-then-first"),
        Case::bad("a.ts", "const t = (xs as T[]).filter((x: T) => x.kind === k)[0]!; //~ filter-then-first"),
        Case::bad("a.js", "const some = xs.filter((x) => x.ok).length !== 0; //~ filter-then-first"),
        Case::bad(
            "a.ts",
            "function f(users: User[], id: string) { return users.filter((u) => u.id === id)[0]; } //~ filter-then-first",
        ),
        Case::bad("a.js", "const none = Object.keys(o).filter((k) => o[k] > 1).length === 0; //~ filter-then-first"),
        Case::good("a.js", "const user = users.find((u) => u.id === id);"),
        Case::good("a.js", "const on = users.filter((u) => u.on);"),
        Case::good("a.js", "const n = users.filter((u) => u.on).length;"),
        Case::good("a.js", "if (users.some((u) => u.on)) { go(); }"),
        Case::good("a.js", "const two = users.filter((u) => u.on)[1];"),
        Case::good("a.js", "const first = $('li').filter('.on')[0];"),
        Case::good("a.js", "const many = xs.filter((x) => x.ok).length > 1;"),
        Case::good("a.js", "const s = xs.filter((x) => x.ok).slice(0, 3);"),
        Case::bad(
            "a.ts",
            "export const f = (us: User[]) => { const [u] = us.filter((x) => x.id > 18); return u; }; //~ filter-then-first",
        ),
        Case::good(
            "a.ts",
            "export const f = (us: User[]) => { const [u, v] = us.filter((x) => x.id > 18); return v ?? u; };",
        ),
        Case::near_miss("a.js", "const el = $('a').filter(visible)[0];"),
        Case::near_miss("a.js", "const same = xs.filter((x) => x.ok).length === n;"),
        Case::near_miss("a.js", "const v = xs.filter((x) => x.ok)[i];"),
        Case::near_miss("a.js", "const head = filter(xs, (x) => x.ok)[0];"),
        Case::near_miss("a.js", "const k = xs.filter((x) => x.ok).length - 1;"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32]) -> Option<&u32> { xs.iter().filter(|x| **x > 3).next() } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32]) -> bool { xs.iter().filter(|x| **x > 3).count() > 0 } //~ filter-then-first",
        ),
        Case::bad("a.rs", "fn f(xs: &[u32]) -> bool { xs.iter().find(|x| **x > 3).is_some() } //~ filter-then-first"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32]) -> bool { xs.iter().position(|x| *x > 3).is_none() } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Option<u8> { s.lines().filter_map(|l| l.parse().ok()).next() } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> Option<&str> { s.lines().skip_while(|l| l.is_empty()).next() } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(s: &str) -> bool { s.chars().filter(|c| c.is_ascii()).count() == 0 } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[Vec<u32>]) -> Vec<u32> { xs.iter().map(|x| x.clone()).flatten().collect() } //~ filter-then-first",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32]) -> Option<&u32> { xs.iter().filter(|x| **x > 3).last() } //~ filter-then-first",
        ),
        Case::good("a.rs", "fn f(xs: &[u32]) -> Option<&u32> { xs.iter().find(|x| **x > 3) }"),
        Case::good("a.rs", "fn f(xs: &[u32]) -> usize { xs.iter().filter(|x| **x > 3).count() }"),
        Case::good("a.rs", "fn f(xs: &[u32]) -> bool { xs.iter().any(|x| *x > 3) }"),
        Case::good("a.rs", "fn f(xs: &[u32]) -> bool { xs.iter().filter(|x| **x > 3).count() > 1 }"),
        Case::good("a.rs", "fn f(q: &Query) -> Row { q.filter(id.eq(3)).next() }"),
        Case::near_miss("a.rs", "fn f(xs: &[Vec<u32>]) -> Vec<u32> { xs.iter().flatten().copied().collect() }"),
        Case::near_miss("a.rs", "fn f(s: &str) -> bool { s.find(\"x\").is_some() }"),
        Case::near_miss(
            "a.rs",
            "fn f(it: &mut Items) { let mut odd = it.filter(|x| x.odd()); odd.next(); odd.next(); }",
        ),
        Case::near_miss("a.rs", "fn f(o: Option<u8>) -> Option<u8> { o.filter(|x| *x > 1) }"),
        Case::bad(
            "a.ts",
            "export const has = (ps: P[], s: string) => !!ps.filter((p) => p.sku === s).length; //~ filter-then-first",
        ),
        Case::bad("a.js", "function f(xs) { if (xs.filter((x) => x.on).length) { go(); } } //~ filter-then-first"),
        Case::near_miss("a.js", "function f(xs) { const n = xs.filter((x) => x.on).length; return n; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let (call, instead, negate) = match node.kind() {
        Kind::SubscriptExpression => match (node.child(Field::Object), node.child(Field::Index)) {
            (Some(object), Some(index)) if index.text() == "0" => (object, "find", false),
            _ => return,
        },
        Kind::CallExpression => {
            let Some((receiver, name)) = method(node) else { return };
            match (name.text(), args(node).next().map(Node::text)) {
                ("shift", None) | ("at", Some("0")) => (receiver, "find", false),
                ("pop", None) | ("at", Some("-1")) => (receiver, "findLast", false),
                _ => return,
            }
        }
        _ => {
            let Some((left, right)) = operands(node) else { return };
            let left = bare(left);
            if left.kind() != Kind::MemberExpression || left.child(Field::Property).is_none_or(|p| p.text() != "length")
            {
                return;
            }
            let Some(call) = left.child(Field::Object) else { return };
            match (operator(node), right.text()) {
                (">" | "!==" | "!=", "0") | (">=", "1") => (call, "some", false),
                ("===" | "==" | "<=", "0") | ("<", "1") => (call, "some", true),
                _ => return,
            }
        }
    };
    first_of(node, bare(call), instead, negate, cx);
}

/// `const [first] = list.filter(..)`.
fn destructured<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(pattern), Some(value)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    if pattern.kind() == Kind::ArrayPattern
        && pattern.text().matches(',').count() == 0
        && pattern.first_named().is_some_and(|p| p.kind() == Kind::Identifier)
    {
        first_of(value, value, "find", false, cx);
    }
}

/// `if (xs.filter(f).length)`, `!!xs.filter(f).length`: a number that only says whether there is one.
fn truth<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || node.child(Field::Property).is_none_or(|p| p.text() != "length") {
        return;
    }
    let Some(call) = node.child(Field::Object).map(bare).filter(|c| c.kind() == Kind::CallExpression) else { return };
    let mut at = node;
    while let Some(parent) = at.parent().filter(|p| p.kind() == Kind::ParenthesizedExpression) {
        at = parent;
    }
    let asked = at.field() == Field::Condition
        || at.parent().is_some_and(|p| p.kind() == Kind::UnaryExpression && operator(p) == "!");
    if asked {
        first_of(node, call, "some", false, cx);
    }
}

fn first_of<'a>(node: Node<'a>, call: Node<'a>, instead: &str, negate: bool, cx: &mut Cx<'a>) {
    let Some((receiver, name)) = method(call) else { return };
    if name.text() != "filter" {
        return;
    }
    let Some(callback) = args(call).next().map(bare) else { return };
    let Some(function) = function(callback, cx) else { return };
    let root = bare(receiver);
    if root.kind() == Kind::Array || root.text().starts_with('$') || call.has_token("?.") || function.has_token("async")
    {
        return;
    }
    // A comment above says that `filter` is meant.
    let begin = crate::rules::support::statement(node).span().start;
    let meant = cx.arena().comments().any(|c| {
        let span = c.span();
        span.end <= begin
            && begin - span.end < 40
            && c.text().contains("filter")
            && crate::rules::shape::explains(c.text())
    });
    if meant {
        return;
    }
    let message = format!(
        "`filter` looks at every element and builds a list for one answer. `{instead}` stops at the first match."
    );
    let mut note = Note::new(cx.rule, Span { start: name.span().start, end: node.span().end }, message);
    if node == call {
        cx.report(note);
        return;
    }
    let edits = vec![
        (Span { start: node.span().start, end: node.span().start }, if negate { "!".into() } else { String::new() }),
        (name.span(), instead.to_owned()),
        (Span { start: call.span().end, end: node.span().end }, String::new()),
    ];
    let edits: Vec<(Span, String)> = edits.into_iter().filter(|(s, t)| s.start != s.end || !t.is_empty()).collect();
    // Stopping early makes a difference only to callbacks that do something; `findLast` is newer than the rest.
    let reads = function.child(Field::Body).is_some_and(only_reads);
    // Collections of other kinds have a `filter`, but not always `find` and `some`.
    let certain = is_array(receiver);
    note = if reads
        && instead != "findLast"
        && certain
        && !callback.is_hole()
        && bare(call).span() == call.span()
        && is_whole(node)
    {
        note.safe_fix(format!("Use `{instead}`"), edits)
    } else {
        note.suggestion(format!("Use `{instead}`"), edits)
    };
    cx.report(note);
}

/// Whether the expression stands alone enough for a `!` before it, and is not assigned to.
fn is_whole(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let target = matches!(
        parent.kind(),
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression | Kind::UpdateExpression
    ) && node.field() != Field::Right;
    !target && operator(parent) != "delete"
}

// Rust.

/// What a chain's last two methods say in one.
fn in_one(first: &str, last: &str) -> Option<&'static str> {
    Some(match (first, last) {
        ("filter", "next") => "find",
        ("filter_map", "next") => "find_map",
        ("skip_while", "next") => "find",
        ("filter", "last") => "rfind",
        ("find" | "position", "is_some" | "is_none") => "any",
        ("map", "flatten") => "flat_map",
        _ => return None,
    })
}

fn rust_check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let counted = node.kind() == Kind::BinaryExpression;
    let call = if counted {
        let Some((left, right)) = operands(node) else { return };
        let none_or_some = matches!((operator(node), right.text()), (">" | "!=" | "==", "0") | (">=" | "<", "1"));
        match bare(left) {
            left if none_or_some && left.kind() == Kind::CallExpression => left,
            _ => return,
        }
    } else {
        node
    };
    let Some((inner, last)) = method(call).filter(|_| args(call).next().is_none()) else { return };
    let Some((receiver, first)) = method(inner) else { return };
    // The function tells an iterator's methods from those of queries and strings.
    let Some(function) = args(inner).next().filter(|_| args(inner).count() == 1) else { return };
    let closure = matches!(function.kind(), Kind::ClosureExpression);
    let iterator = crate::rules::rust_code::is_iterator(receiver, cx);
    let instead = match (counted, first.text(), last.text()) {
        (true, "filter", "count") => Some("any"),
        (true, ..) => None,
        (false, first, last) => in_one(first, last),
    };
    let Some(instead) = instead.filter(|_| closure && iterator) else { return };
    // `rfind` wants an iterator that runs backwards.
    if instead == "rfind" && !backwards(receiver) {
        return;
    }
    let negated = last.text() == "is_none"
        || counted
            && matches!((operator(node), operands(node).map_or("", |(_, r)| r.text())), ("==", "0") | ("<", "1"));
    let message = match (counted, first.text()) {
        (true, _) => "`count` walks on to the end, where the first match decides. `any` stops there.".to_owned(),
        (_, "skip_while") => "`find` with the opposite condition says this in one step.".to_owned(),
        _ => format!("`{instead}` says this in one step."),
    };
    let severity = if counted || instead == "rfind" { Severity::Low } else { Severity::Info };
    let mut note =
        Note::new(cx.rule, Span { start: first.span().start, end: node.span().end }, message).severity(severity);
    let after = Span { start: inner.span().end, end: node.span().end };
    // The closures of `filter` and `any` differ by a reference.
    let same_closure =
        matches!((first.text(), last.text()), ("filter" | "filter_map", "next" | "last") | ("map", "flatten"));
    if same_closure && !negated {
        note =
            note.safe_fix(format!("Use `{instead}`"), vec![(first.span(), instead.to_owned()), (after, String::new())]);
    }
    cx.report(note);
}

/// Whether an iterator certainly runs from both ends.
fn backwards(receiver: Node<'_>) -> bool {
    method(receiver).is_some_and(|(_, n)| matches!(n.text(), "iter" | "iter_mut" | "chars" | "bytes" | "rev"))
}
