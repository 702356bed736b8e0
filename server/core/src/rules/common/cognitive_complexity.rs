use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::{Block, BlockKind};
use crate::findings::{Category, Confidence, Note, Place, Severity};
use crate::rules::shape::operands;
use crate::rules::support::{bare, is_function};
use crate::rules::{Case, Check, Complexity, Cx, Docs, Rule, unparenthesized};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "cognitive-complexity",
    summary: "a function is hard to follow",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1121],
    families: &[Family::Ecma, Family::Rust],
    default_on: false,
    in_tests: false,
    docs: Docs {
        what: "Measures every function by SonarSource's cognitive complexity (G. Ann Campbell, *Cognitive Complexity: a new \
               way of measuring understandability*, version 1.7) and reports those above the configured limit (15, as SonarSource's own). `if`, \
               `?:`, `switch`/`match`, loops and `catch` cost 1 and 1 more for each level of nesting; `else` and `else if` cost \
               1; so do each run of the same logical operator, each jump to a label, and recursion. Functions \
               inside a function deepen the nesting.",
        why: "What a reader has to keep in mind grows with every branch and faster with nested ones. Such functions take \
              longest to understand, and changes to them break most often.",
        example: "function f(list) {\n  for (const a of list) {\n    if (a.ok) {\n      for (const b of a.items) {\n        if (b.ok && b.size > 0) {\n          while (b.next()) {\n            if (b.done) { return b; }\n          }\n        }\n      }\n    }\n  }\n}",
        instead: "function f(list) {\n  return list.filter((a) => a.ok).map(firstDone).find(Boolean);\n}",
        limits: "Off by default: on other people's code it flags far more functions than anybody rewrites. `a?.b`, `??`, `let .. else` and `?` cost nothing, nor does JSX under `&&`. The insides of Rust macros are not \
                 read, and recursion by way of other functions is not seen. A JavaScript function which has no branch of its own and only holds other functions is \
                 taken for a mere wrapper: those are measured one by one. A function inside one of more than 16 KiB is measured on its own.",
        fix: "",
    },
    checks: &[Check::Block(check)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(a) { //~ cognitive-complexity\n  if (a) { for (;;) { if (a) { while (a) { if (a) { a--; } } } } }\n  if (a && b || c) {}\n}",
        ),
        Case::bad(
            "a.ts",
            "class A {\n  m(x: number) { //~ cognitive-complexity\n    if (x == 1) {} else if (x == 2) {} else if (x == 3) {} else if (x == 4) {} else if (x == 5) {} else {}\n    if (x == 1) {} else if (x == 2) {} else if (x == 3) {} else if (x == 4) {} else if (x == 5) {} else {}\n    try { go(); } catch (e) { if (e && x && y || z) { again(); } }\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "const f = (a) => { //~ cognitive-complexity\n  outer: for (const x of a) { for (const y of x) { for (const z of y) { if (z) { for (;;) { if (z.stop) continue outer; visit(a, x, y, z); } } } } }\n};",
        ),
        Case::bad(
            "a.tsx",
            "export function View(p) { //~ cognitive-complexity\n  const a = p.a ? (p.b ? (p.c ? (p.d ? (p.e ? 1 : 2) : 3) : 4) : 5) : 6;\n  return a > 1 ? <i/> : <b/>;\n}",
        ),
        Case::bad(
            "a.js",
            "(function () {\n  function inner(a) { //~ cognitive-complexity\n    if (a) { if (a) { if (a) { if (a) { if (a) { if (a) {} } } } } }\n  }\n  return inner;\n})();",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: Option<u32>, n: u32) { //~ cognitive-complexity\n    for i in 0..n { while let Some(x) = a { match x { 0 => if i > 1 { if x > i { loop { break } } }, _ => {} } } }\n}",
        ),
        Case::bad(
            "a.rs",
            "impl A {\n    fn m(&self, n: u32) -> u32 { //~ cognitive-complexity\n        let f = |x: u32| { if x > 1 { if x > 2 { if x > 3 { if x > 4 { 1 } else { 2 } } else { 3 } } else { 4 } } else { 5 } };\n        f(n)\n    }\n}",
        ),
        Case::good("a.js", "function f(a) { if (a && b && c && d && e) { return 1; } return a ? 1 : 2; }"),
        Case::good(
            "a.ts",
            "function f(k: string) { switch (k) { case 'a': return 1; case 'b': return 2; case 'c': return 3; case 'd': return 4; default: return 0; } }",
        ),
        Case::good("a.rs", "fn f(k: u8) -> u8 { match k { 0 => 1, 1 => 2, 2 => 3, 3 => 4, 4 => 5, 5 => 6, _ => 0 } }"),
        Case::good(
            "a.rs",
            "fn f(k: Option<u8>) -> Option<u8> { let Some(x) = k else { return None }; let y = g(x)?; if y > 1 { Some(y) } else { None } }",
        ),
        Case::good("a.js", "function f(a) { return a?.b?.c ?? a?.d ?? 0; }"),
        Case::good("a.js", "const table = { a: (x) => x && 1, b: (x) => x || 2, c: (x) => (x ? 1 : 2) };"),
        // Exactly 15, counted by hand: 1+2+3+4+5.
        Case::near_miss("a.js", "function f(a) { if (a) { for (;;) { if (a) { while (a) { if (a) { a--; } } } } } }"),
        Case::near_miss(
            "a.rs",
            "fn f(a: u32) { if a > 1 { for _ in 0..a { if a > 2 { while a > 3 { if a > 4 { g() } } } } } }",
        ),
        Case::near_miss(
            "a.js",
            "function wrapper() {\n  function a(x) { if (x) { if (x) { if (x) { if (x) {} } } } }\n  function b(x) { if (x) { if (x) { if (x) { if (x) {} } } } }\n  return { a, b };\n}",
        ),
        Case::bad(
            "a.ts",
            "export function route(a: string, n: number) { //~ cognitive-complexity\n  if (a === 'x') { if (n > 1) { if (n > 2) { for (let i = 0; i < n; i++) { if (i % 2) { go(i); } } } } }\n  return a ? 1 : 2;\n}",
        ),
        Case::bad(
            "a.ts",
            "class A { run(xs: number[]) { //~ cognitive-complexity\n  for (const x of xs) { if (x > 1) { try { go(x); } catch (e) { if (x > 2 && e) { while (x) { if (stop) { break; } } } } } }\n} }",
        ),
        Case::bad(
            "a.ts",
            "export const pick = (a: A) => { //~ cognitive-complexity\n  switch (a.kind) { case 1: if (a.x) { for (const y of a.ys) { if (y && y.on || y.late) { if (y.z) { return y; } else { go(); } } } } break; default: if (a.z) { return 1; } }\n  return 0;\n};",
        ),
        Case::good("a.ts", "export function add(a: number, b: number) { return a + b; }"),
        Case::good(
            "a.ts",
            "export function f(xs: number[]) { let s = 0; for (const x of xs) { if (x > 0) { s += x; } } return s; }",
        ),
        Case::good("a.ts", "class A { m(x?: B) { return x?.y?.z ?? 0; } }"),
        Case::good(
            "a.ts",
            "export function early(a: A) { if (!a) { return 0; } if (a.x) { return 1; } if (a.y) { return 2; } return 3; }",
        ),
        Case::near_miss(
            "a.ts",
            "export function f(k: K) { try { switch (k) { case 1: return a(); case 2: return b(); default: return c(); } } catch (e) { return d(e); } }",
        ),
        Case::near_miss(
            "a.ts",
            "export const all = (xs: X[]) => xs.filter((x) => x.on && x.ok).map((x) => x.id).sort();",
        ),
    ],
};

/// One increment: where, how much, and how much of it is for nesting.
struct Increment {
    span: Span,
    cost: u32,
    nesting: u32,
}

fn check(cx: &mut Cx<'_>) {
    for function in measured(cx.block) {
        report(function, &increments(function, true), cx);
    }
}

/// The functions of a block that are measured each by itself.
fn measured(block: &Block) -> Vec<Node<'_>> {
    // At the top level only small closures are left, which cannot reach any sensible limit.
    if block.kind() != BlockKind::Function {
        return Vec::new();
    }
    let arena = block.arena();
    let mut measured = Vec::new();
    let mut queue = vec![arena.root()];
    while let Some(function) = queue.pop() {
        let inner: Vec<Node<'_>> = functions_in(function).collect();
        let own = increments(function, false);
        if own.is_empty() && !inner.is_empty() && arena.language().family == Family::Ecma {
            queue.extend(inner);
        } else {
            measured.push(function);
        }
    }
    measured
}

/// The cognitive complexity of each function of a block that is measured by itself, with its head.
pub fn complexity(block: &Block) -> Vec<(Span, u32)> {
    let total = |function| increments(function, true).iter().map(|i| i.cost).sum();
    measured(block).into_iter().map(|f| (name_of(f).map_or_else(|| head(f), Node::span), total(f))).collect()
}

/// The same, with what each increment costs and where it is.
pub fn places(block: &Block) -> Vec<Complexity> {
    let of = |function| {
        let increments = increments(function, true);
        let total = increments.iter().map(|i| i.cost).sum();
        let places = increments.iter().map(|i| (i.span, i.told())).collect();
        (name_of(function).map_or_else(|| head(function), Node::span), total, places)
    };
    measured(block).into_iter().map(of).collect()
}

impl Increment {
    fn told(&self) -> String {
        match self.nesting {
            0 => format!("+{}", self.cost),
            n => format!("+{} ({n} for nesting)", self.cost),
        }
    }
}

/// The outermost functions inside a function.
fn functions_in<'a>(function: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    function.descendants_until(|n| is_function(n)).filter(|n| is_function(*n) && !n.is_hole())
}

fn report(function: Node<'_>, increments: &[Increment], cx: &mut Cx<'_>) {
    let total: u32 = increments.iter().map(|i| i.cost).sum();
    let limit = cx.settings.cognitive_complexity;
    if total <= limit {
        return;
    }
    let name = name_of(function);
    let what = name.map_or("this function".to_owned(), |n| format!("`{}`", n.text()));
    let message = format!(
        "The cognitive complexity of {what} is {total}, more than {limit}: it is hard to change without breaking it. Take the \
         deepest part out into a function of its own, or return early."
    );
    let span = name.map_or_else(|| head(function), Node::span);
    let mut note = Note::new(cx.rule, span, message);
    for i in increments {
        note.related.push((Place::Here(i.span), i.told()));
    }
    cx.report(note);
}

fn name_of(function: Node<'_>) -> Option<Node<'_>> {
    function.child(Field::Name).or_else(|| {
        let parent = function.parent()?;
        match parent.kind() {
            Kind::VariableDeclarator => parent.child(Field::Name).filter(|n| n.kind() == Kind::Identifier),
            Kind::Pair => parent.child(Field::Key),
            _ => None,
        }
    })
}

/// What comes before a function's body.
fn head(function: Node<'_>) -> Span {
    let span = function.span();
    match function.child(Field::Body) {
        Some(body) if body.span().start > span.start => Span { start: span.start, end: body.span().start },
        _ => Span { start: span.start, end: span.end.min(span.start + 1) },
    }
}

/// The increments of a function in the order of the text; `nested` says whether those of the functions inside count.
fn increments(function: Node<'_>, nested: bool) -> Vec<Increment> {
    let mut out = Vec::new();
    // The functions around the node at hand, and whether each is known to call itself.
    let mut around: Vec<(Node<'_>, bool)> = vec![(function, false)];
    // Where nesting is deeper, one span a level.
    let mut levels: Vec<Span> = Vec::new();
    let mut skip_to = 0;
    let end = function.span();
    for node in function.descendants().skip(1) {
        let span = node.span();
        if span.start < skip_to && span.start >= end.start {
            continue;
        }
        // A level may begin further on: a condition comes before the branch that it guards.
        levels.retain(|l| l.end > span.start);
        around.retain(|(f, _)| f.span().end > span.start);
        let nesting = levels.iter().filter(|l| l.contains(span)).count() as u32;
        if is_function(node) {
            if !nested {
                skip_to = span.end;
            } else {
                levels.push(span);
                around.push((node, false));
            }
            continue;
        }
        match node.kind() {
            Kind::IfStatement | Kind::IfExpression => {
                if !is_else_if(node) {
                    out.push(Increment { span: keyword(node), cost: 1 + nesting, nesting });
                }
                levels.extend(node.child(Field::Consequence).map(Node::span));
            }
            Kind::ElseClause => {
                // One for `else` and for `else if` alike.
                out.push(Increment { span: keyword(node), cost: 1, nesting: 0 });
                if !node.named_children().any(|c| matches!(c.kind(), Kind::IfStatement | Kind::IfExpression)) {
                    levels.push(span);
                }
            }
            Kind::TernaryExpression => {
                let at = node.child(Field::Condition).map_or(span, Node::span);
                out.push(Increment { span: at, cost: 1 + nesting, nesting });
                levels.extend(node.child(Field::Consequence).map(Node::span));
                levels.extend(node.child(Field::Alternative).map(Node::span));
            }
            Kind::SwitchStatement
            | Kind::MatchExpression
            | Kind::ForStatement
            | Kind::ForInStatement
            | Kind::WhileStatement
            | Kind::DoStatement
            | Kind::ForExpression
            | Kind::WhileExpression
            | Kind::LoopExpression
            | Kind::CatchClause => {
                out.push(Increment { span: keyword(node), cost: 1 + nesting, nesting });
                levels.extend(node.child(Field::Body).map(Node::span));
            }
            Kind::BreakStatement | Kind::ContinueStatement if node.child(Field::Label).is_some() => {
                out.push(Increment { span, cost: 1, nesting: 0 });
            }
            Kind::BreakExpression | Kind::ContinueExpression if node.child_of_kind(Kind::Label).is_some() => {
                out.push(Increment { span, cost: 1, nesting: 0 });
            }
            Kind::BinaryExpression | Kind::LetChain => {
                out.extend(runs(node).into_iter().map(|span| Increment { span, cost: 1, nesting: 0 }));
            }
            Kind::CallExpression => {
                let Some(callee) = node.child(Field::Function) else { continue };
                let itself = around.iter_mut().rev().find(|(f, _)| calls_itself(*f, callee));
                if let Some((_, known)) = itself.filter(|(_, known)| !known) {
                    *known = true;
                    out.push(Increment { span: callee.span(), cost: 1, nesting: 0 });
                }
            }
            _ => {}
        }
    }
    out
}

/// Whether a callee names the function itself: `f` of a function, `this.f`, `self.f` or `Self::f` of a method.
fn calls_itself(function: Node<'_>, callee: Node<'_>) -> bool {
    let Some(name) = name_of(function) else { return false };
    let text = callee.text();
    let of_self = ["this.", "self.", "Self::"].iter().find_map(|p| text.strip_prefix(p));
    let has_receiver = function.kind() == Kind::MethodDefinition
        || function.child(Field::Parameters).is_some_and(|p| p.child_of_kind(Kind::SelfParameter).is_some())
        || function.parent().is_some_and(|p| p.kind() == Kind::Pair);
    match of_self {
        Some(method) => method == name.text(),
        None => !has_receiver && text == name.text(),
    }
}

fn is_else_if(node: Node<'_>) -> bool {
    node.parent().is_some_and(|p| p.kind() == Kind::ElseClause)
}

/// The keyword with which a statement begins, behind any label.
fn keyword(node: Node<'_>) -> Span {
    let (span, text) = (node.span(), node.text());
    let label = if text.starts_with('\'') { text.find(':').map_or(0, |i| i + 1) } else { 0 };
    let skipped = label + text[label..].len() - text[label..].trim_start().len();
    let length = text[skipped..].bytes().take_while(u8::is_ascii_alphabetic).count();
    let start = span.start + skipped as u32;
    Span { start, end: start + length.max(1) as u32 }
}

/// Where the runs of like logical operators begin in an expression, in the order of the text: `a && b && c || d` has two.
/// Nothing where the expression is an operand of a larger one, which tells for both.
fn runs(node: Node<'_>) -> Vec<Span> {
    if node.kind() == Kind::LetChain {
        return vec![node.span()];
    }
    let around = node.ancestors().find(|p| p.kind() != Kind::ParenthesizedExpression);
    if logical(node).is_none() || around.is_some_and(|p| logical(p).is_some() || p.kind() == Kind::LetChain) {
        return Vec::new();
    }
    // `a && <A/>` shows or hides; it is no condition to follow.
    let right = node.child(Field::Right).map(bare);
    let shows = right.is_some_and(|r| matches!(r.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement));
    let mut operators = Vec::new();
    // Operands still to look at, and operators between them, the next one last.
    let mut todo = vec![Operand::Expression(node)];
    while let Some(next) = todo.pop() {
        match next {
            Operand::Operator(operator) => operators.push(operator),
            Operand::Expression(node) => {
                let node = unparenthesized(node);
                if let (Some(operator), Some((left, right))) = (logical(node), operands(node)) {
                    todo.extend([Operand::Expression(right), Operand::Operator(operator), Operand::Expression(left)]);
                }
            }
        }
    }
    let mut last = if shows { logical(node).map(Node::text) } else { None };
    let begins = operators.into_iter().filter(|o| last.replace(o.text()) != Some(o.text()));
    begins.map(Node::span).collect()
}

enum Operand<'a> {
    Expression(Node<'a>),
    Operator(Node<'a>),
}

fn logical(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() != Kind::BinaryExpression {
        return None;
    }
    node.child(Field::Operator).filter(|o| matches!(o.text(), "&&" | "||"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    /// The increments of the first function, as `cost@operator or keyword`.
    fn told(path: &str, code: &str) -> (u32, Vec<String>) {
        let language = crate::grammars::by_path(path).expect("known");
        let document = Document::new(path, language, code, 1).expect("parses");
        let arenas: Vec<_> = document.blocks().iter().map(|p| p.block.arena().clone()).collect();
        let function = arenas.iter().flat_map(|a| a.nodes()).find(|n| is_function(*n) && !n.is_hole()).expect("one");
        let all = increments(function, true);
        let list = all.iter().map(|i| format!("{}@{}", i.cost, function.arena().slice(i.span)));
        (all.iter().map(|i| i.cost).sum(), list.collect())
    }

    /// The examples of the paper's appendix, written anew, and every kind of increment by itself.
    #[test]
    fn increments_are_those_of_the_paper() {
        let cases: &[(&str, &str, &str)] = &[
            // Else and else if cost one, whatever the nesting.
            (
                "a.js",
                "function f(a) { while (a) { if (a) {} else if (a > 1) {} else {} } }",
                "1@while 2@if 1@else 1@else",
            ),
            // What is inside of `else if` is one level deep, not two.
            ("a.js", "function f(a) { if (a) {} else if (a > 1) { for (;;) {} } }", "1@if 1@else 2@for"),
            ("a.js", "function f(a) { if (a) {} else { if (a > 1) {} } }", "1@if 1@else 2@if"),
            ("a.js", "function f(a) { return a ? 1 : a > 1 ? 2 : 3; }", "1@a 2@a > 1"),
            ("a.js", "function f(a) { switch (a) { case 1: if (a) {} break; default: } }", "1@switch 2@if"),
            (
                "a.js",
                "function f(a) { try { if (a) {} } catch (e) { if (e) {} } finally { if (a) {} } }",
                "1@if 1@catch 2@if 1@if",
            ),
            (
                "a.js",
                "function f(a) { do { if (a) {} } while (a); for (const b in a) {} for (const b of a) {} }",
                "1@do 2@if 1@for 1@for",
            ),
            ("a.js", "function f(a) { x: for (;;) { for (;;) { continue x; } break; } }", "1@for 2@for 1@continue x;"),
            // Runs of like operators, read from left to right.
            ("a.js", "function f(a, b, c, d, e, g) { return a && b && c || d || e && g; }", "1@&& 1@|| 1@&&"),
            ("a.js", "function f(a, b, c, d) { return a || b && c || d; }", "1@|| 1@&& 1@||"),
            ("a.js", "function f(a, b, c) { return a && (b && c); }", "1@&&"),
            ("a.js", "function f(a, b, c) { return a && !(b && c); }", "1@&& 1@&&"),
            ("a.js", "function f(a, b, c) { if (a && b) { g(a || c, b); } }", "1@if 1@&& 1@||"),
            // Shorthand costs nothing.
            ("a.js", "function f(a) { return a?.b?.c ?? a?.d ?? 0; }", ""),
            // Functions inside deepen the nesting and cost nothing themselves.
            ("a.js", "function f(a) { return a.map((b) => { if (b) {} }); }", "2@if"),
            ("a.js", "function f(a) { if (a) { a.forEach(function (b) { while (b) {} }); } }", "1@if 3@while"),
            // Recursion: once for each function.
            ("a.js", "function f(n) { if (n) { f(n - 1); f(n - 2); } }", "1@if 1@f"),
            ("a.js", "const f = (n) => { if (n) return f(n - 1); };", "1@if 1@f"),
            ("a.js", "function f(n) { const g = (m) => (m ? g(m - 1) : f(m)); return g(n); }", "2@m 1@g 1@f"),
            ("a.js", "class A { f(n) { if (n) { f(n); this.f(n); } } }", "1@if 1@this.f"),
            // JSX that is shown or not.
            (
                "a.jsx",
                "function F(p) { return <a>{p.a && p.b && <b/>}{p.c || p.d && <i/>}{p.e ? <b/> : null}</a>; }",
                "1@|| 1@&& 1@p.e",
            ),
            (
                "a.rs",
                "fn f(a: u32) { for i in 0..a { if i > 1 && i < 9 || i == 4 {} else if i == 2 {} else {} } }",
                "1@for 2@if 1@&& 1@|| 1@else 1@else",
            ),
            ("a.rs", "fn f(a: u32) { match a { 0 => while a > 1 {}, _ => loop { break } } }", "1@match 2@while 2@loop"),
            (
                "a.rs",
                "fn f(a: Option<u32>) -> Option<u32> { let Some(b) = a else { return None }; 'x: loop { if let Some(_) = a { break 'x } } }",
                "1@loop 2@if 1@break 'x",
            ),
            ("a.rs", "impl A { fn f(&self, n: u32) { if n > 0 { self.f(n - 1); f(n) } } }", "1@if 1@self.f"),
            ("a.rs", "fn f(n: u32) -> u32 { let g = |m| if m > 0 { 1 } else { 2 }; g(n) + f(n) }", "2@if 1@else 1@f"),
        ];
        for (path, code, expected) in cases {
            let (_, found) = told(path, code);
            assert_eq!(found.join(" "), *expected, "{code}");
        }
    }
}
