use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::broken;
use crate::rules::rust_names::{Origin, binding};
use crate::rules::rust_types::type_of;
use crate::rules::support::{args, chain, method, rust_path};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "endless-iterator",
    summary: "an iterator never ends, or never gets further",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[835],
    families: &[Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `(0..)`, `repeat(x)` and `cycle()` that are collected, counted or summed without an end; `while let Some(x) = xs.iter().next()`, which begins anew in every round; and `lines().filter_map(Result::ok)`, `.flatten()` and `.flat_map(Result::ok)` on a reader.",
        why: "The first takes memory until there is none. The second looks at the first element for ever. A reader that fails, such as one of a directory, gives the same error again and again, which the filter drops each time.",
        example: "while let Some(line) = text.lines().next() { go(line); }",
        instead: "for line in text.lines() { go(line); }",
        limits: "Ends by `take`, `take_while`, `map_while`, `zip`, `find` and the like are seen. Readers are those that were made in the function, or have the type of one, or one that must be `BufRead`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::RangeExpression, Kind::CallExpression, Kind::WhileExpression], check)],
    cases: &[
        Case::bad("a.rs", "fn f() -> Vec<u32> { (0..).map(|x| x * 2).collect() } //~ endless-iterator"),
        Case::bad("a.rs", "fn f() -> usize { std::iter::repeat(1).count() } //~ endless-iterator"),
        Case::bad("a.rs", "fn f(xs: &[u8]) -> Vec<u8> { xs.iter().cycle().copied().collect() } //~ endless-iterator"),
        Case::bad("a.rs", "fn f(v: &[u8]) { while let Some(x) = v.iter().next() { go(x); } } //~ endless-iterator"),
        Case::bad("a.rs", "fn f(s: &str) { while let Some(l) = s.lines().next() { go(l); } } //~ endless-iterator"),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> Vec<String> { let r = BufReader::new(File::open(p).unwrap()); r.lines().filter_map(Result::ok).collect() } //~ endless-iterator",
        ),
        Case::bad("a.rs", "fn f(r: BufReader<File>) { for l in r.lines().flatten() { go(l); } } //~ endless-iterator"),
        Case::bad("a.rs", "fn f() -> u64 { (1u64..).sum() } //~ endless-iterator"),
        Case::bad(
            "a.rs",
            "fn f(p: &Path) -> usize { BufReader::new(File::open(p).unwrap()).lines().filter_map(|l| l.ok()).count() } //~ endless-iterator",
        ),
        Case::bad(
            "a.rs",
            "fn f(r: impl BufRead) -> Vec<String> { r.lines().filter_map(|l| l.ok()).collect() } //~ endless-iterator",
        ),
        Case::bad(
            "a.rs",
            "fn f<R: BufRead>(r: &mut R) { for l in r.lines().flatten() { go(l); } } //~ endless-iterator",
        ),
        Case::bad(
            "a.rs",
            "fn f<R>(r: R) -> usize\nwhere\n    R: io::BufRead,\n{\n    r.lines().filter_map(Result::ok).count() //~ endless-iterator\n}",
        ),
        Case::bad("a.rs", "fn f() { for l in std::io::stdin().lines().flatten() { go(l); } } //~ endless-iterator"),
        Case::good("a.rs", "fn f<R: Source>(r: R) { for l in r.lines().flatten() { go(l); } }"),
        Case::good("a.rs", "fn f() -> Vec<u32> { (0..).take(3).collect() }"),
        Case::good("a.rs", "fn f(xs: &[u8]) -> Vec<(usize, &u8)> { (0..).zip(xs).collect() }"),
        Case::good("a.rs", "fn f() -> Option<u32> { (0..).find(|x| x * x > 50) }"),
        Case::good("a.rs", "fn f(v: &[u8]) { let mut it = v.iter(); while let Some(x) = it.next() { go(x); } }"),
        Case::good("a.rs", "fn f(r: BufReader<File>) { for l in r.lines().map_while(Result::ok) { go(l); } }"),
        Case::good("a.rs", "fn f(v: &[u8]) { while let Some(x) = v.iter().next() { go(x); break; } }"),
        Case::good(
            "a.rs",
            "fn f(xs: Vec<Result<u8, E>>) -> Vec<u8> { xs.into_iter().filter_map(Result::ok).collect() }",
        ),
        Case::good("a.rs", "fn f(n: u8) -> Vec<u8> { std::iter::repeat(n).take(4).collect() }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { while let Some(x) = v.iter().next() { v.remove(0); } }"),
        Case::near_miss("a.rs", "fn f() { for i in (0..).step_by(2) { if i > 9 { break; } } }"),
        Case::near_miss("a.rs", "fn f(d: &Path) { for e in fs::read_dir(d).unwrap().flatten() { go(e); } }"),
        Case::near_miss("a.rs", "fn f(s: &str) { for l in s.lines().filter_map(parse) { go(l); } }"),
        Case::near_miss("a.rs", "fn f() -> String { (0..).map_while(next).collect() }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &Queue) { while let Some(x) = v.lock().unwrap().iter().next() { v.pop(x); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    match node.kind() {
        Kind::RangeExpression => {
            // `0..`, in parentheses.
            let open = node.named_children().count() == 1 && node.text().trim_end().ends_with("..");
            if let Some(around) = node.parent().filter(|p| open && p.kind() == Kind::ParenthesizedExpression) {
                endless(around, cx);
            }
        }
        Kind::WhileExpression => restarted(node, cx),
        _ => match method(node) {
            Some((_, name)) if name.text() == "cycle" && args(node).next().is_none() => endless(node, cx),
            Some((of, name)) => failing(node, of, name, cx),
            None => {
                let path = node.child(Field::Function).and_then(|f| rust_path(f, cx)).unwrap_or_default();
                if matches!(path.as_str(), "std::iter::repeat" | "iter::repeat" | "std::iter::repeat_with") {
                    endless(node, cx);
                }
            }
        },
    }
}

/// An endless iterator that is used up.
fn endless<'a>(from: Node<'a>, cx: &mut Cx<'a>) {
    for call in chain(from) {
        let Some((_, name)) = method(call) else { return };
        match name.text() {
            "map" | "filter" | "filter_map" | "enumerate" | "copied" | "cloned" | "inspect" | "skip" | "step_by"
            | "chain" | "into_iter" | "iter" | "flat_map" | "flatten" | "cycle" => {}
            "collect" | "count" | "sum" | "product" | "last" | "max" | "min" | "partition" | "fold" => {
                // Results and options may end it.
                let early = call
                    .child(Field::Function)
                    .and_then(|f| f.child(Field::TypeArguments))
                    .is_some_and(|t| t.text().contains("Result") || t.text().contains("Option"));
                if !early && !returns_early(call) {
                    let message = format!(
                        "`{}` takes everything, and this iterator has no end. `take` or `take_while` gives it one.",
                        name.text()
                    );
                    cx.report(Note::new(cx.rule, name.span(), message).related(from.span(), "never ends"));
                }
                return;
            }
            _ => return,
        }
    }
}

/// Whether the type beside a `let`, or of the function, is one that ends early.
fn returns_early(call: Node<'_>) -> bool {
    let declared = call.ancestors().find_map(|a| match a.kind() {
        Kind::LetDeclaration => Some(a.child(Field::Type).map_or("", Node::text)),
        Kind::FunctionItem => Some(a.child(Field::ReturnType).map_or("", Node::text)),
        _ => None,
    });
    declared.is_some_and(|t| t.starts_with("Result") || t.starts_with("Option") || t.contains("Result<"))
        || call.parent().is_some_and(|p| p.kind() == Kind::TryExpression)
}

/// `while let Some(x) = xs.iter().next()`.
fn restarted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition).filter(|c| c.kind() == Kind::LetCondition) else { return };
    let Some(value) = condition.child(Field::Value).map(unparenthesized) else { return };
    let Some((made, _)) = method(value).filter(|(_, n)| n.text() == "next" || n.text() == "next_back") else { return };
    let Some((of, fresh)) = method(made) else { return };
    if !matches!(
        fresh.text(),
        "iter" | "lines" | "chars" | "bytes" | "split_whitespace" | "keys" | "values" | "iter_mut" | "char_indices"
    ) || args(made).next().is_some()
    {
        return;
    }
    let Some(body) = node.child(Field::Body) else { return };
    let plain = std::iter::once(of).chain(of.descendants()).all(|n| n.kind() != Kind::CallExpression);
    let root = crate::rules::rust_code::root(of).map_or("", Node::text);
    let touched = body.descendants().any(|n| {
        n.is_hole()
            || matches!(n.kind(), Kind::Identifier | Kind::SelfValue) && n.text() == root
            || matches!(n.kind(), Kind::ReturnExpression | Kind::TryExpression)
            || n.kind() == Kind::MacroInvocation && n.text().contains(root)
    });
    let pattern_reuses = condition.child(Field::Pattern).is_some_and(|p| p.text().contains(root));
    if !plain || touched || broken(node) || pattern_reuses {
        return;
    }
    let message = format!(
        "`{}()` makes a new iterator in every round: this looks at the first element for ever. Make it once before the loop, or write `for`.",
        fresh.text()
    );
    cx.report(Note::new(cx.rule, value.span(), message));
}

/// `lines().filter_map(Result::ok)` of a reader.
fn failing<'a>(call: Node<'a>, of: Node<'a>, name: Node<'a>, cx: &mut Cx<'a>) {
    let drops = match name.text() {
        "flatten" => args(call).next().is_none(),
        "filter_map" | "flat_map" => args(call).next().is_some_and(|a| {
            let text: String = a.text().chars().filter(|c| !c.is_whitespace()).collect();
            matches!(
                text.as_str(),
                "Result::ok" | "|l|l.ok()" | "|line|line.ok()" | "|x|x.ok()" | "|r|r.ok()" | "std::result::Result::ok"
            )
        }),
        _ => return,
    };
    let Some((reader, _)) = method(of).filter(|(_, n)| drops && n.text() == "lines" && args(of).next().is_none())
    else {
        return;
    };
    if !is_reader(reader, cx) {
        return;
    }
    let message = "A reader that fails gives its error again and again, and this drops each: the loop never ends. `map_while(Result::ok)` stops at the first.";
    let span = crate::syntax::Span { start: name.span().start, end: call.span().end };
    cx.report(
        Note::new(cx.rule, span, message)
            .safe_fix("Stop at the first error", vec![(span, "map_while(Result::ok)".to_owned())]),
    );
}

fn is_reader<'a>(node: Node<'a>, cx: &Cx<'a>) -> bool {
    if type_of(node, cx).is_some_and(|ty| matches!(ty.name, "BufReader" | "StdinLock" | "Stdin")) {
        return true;
    }
    let made = match node.kind() {
        Kind::Identifier => binding(node).and_then(|b| match b.origin {
            Origin::Let(l) => l.child(Field::Value),
            _ => None,
        }),
        _ => Some(node),
    };
    made.is_some_and(|m| {
        let path = m.text().trim_start_matches("std::").trim_start_matches("io::");
        ["BufReader::new(", "BufReader::with_capacity(", "stdin()"].iter().any(|b| path.starts_with(b))
    }) || of_reader_type(node)
}

/// Whether it is a parameter of a type that the caller chooses among readers: `impl BufRead`, `R` where `R: BufRead`.
fn of_reader_type(node: Node<'_>) -> bool {
    let Some(Origin::Param(parameter)) = binding(node).map(|b| b.origin) else { return false };
    let Some(ty) = parameter.child(Field::Type) else { return false };
    let name = ty.text().trim_start_matches(['&', ' ']).trim_start_matches("mut ");
    if name.starts_with("impl ") || name.starts_with("dyn ") {
        return name.contains("BufRead");
    }
    let function = parameter.ancestors().find(|a| a.kind() == Kind::FunctionItem);
    let bounds = function.into_iter().flat_map(|f| {
        let written = f.child(Field::TypeParameters);
        written.into_iter().chain(f.named_children().filter(|c| c.kind() == Kind::WhereClause))
    });
    bounds.flat_map(Node::descendants).any(|n| {
        n.child(Field::Bounds).is_some_and(|b| b.text().contains("BufRead"))
            && n.named_children().next().is_some_and(|first| first.text() == name)
    })
}
