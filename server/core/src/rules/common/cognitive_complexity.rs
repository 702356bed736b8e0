use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::{Block, BlockKind};
use crate::findings::{Category, Confidence, Note, Place, Severity};
use crate::rules::support::{bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "cognitive-complexity",
    summary: "a function is hard to follow",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[1121],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Measures every function by SonarSource's cognitive complexity (G. Ann Campbell, *Cognitive Complexity: a new \
               way of measuring understandability*, version 1.7) and reports those above the configured limit (25 by default; SonarSource's own is 15). `if`, \
               `?:`, `switch`/`match`, loops and `catch` cost 1 and 1 more for each level of nesting; `else` and `else if` cost \
               1; so do each run of the same logical operator, each jump to a label, and recursion. Functions \
               inside a function deepen the nesting.",
        why: "What a reader has to keep in mind grows with every branch and faster with nested ones. Such functions take \
              longest to understand, and changes to them break most often.",
        example: "function f(list) {\n  for (const a of list) {\n    if (a.ok) {\n      for (const b of a.items) {\n        if (b.ok && b.size > 0) {\n          while (b.next()) {\n            if (b.done) { return b; }\n          }\n        }\n      }\n    }\n  }\n}",
        instead: "function f(list) {\n  return list.filter((a) => a.ok).map(firstDone).find(Boolean);\n}",
        limits: "`a?.b`, `??`, `let .. else` and `?` cost nothing, nor does JSX under `&&`. The insides of Rust macros are not \
                 read. A JavaScript function which has no branch of its own and only holds other functions is \
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
            "const f = (a) => { //~ cognitive-complexity\n  outer: for (const x of a) { for (const y of x) { for (const z of y) { if (z) { for (;;) { if (z.stop) continue outer; } } } } }\n};",
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
        let text = match i.nesting {
            0 => format!("+{}", i.cost),
            n => format!("+{} (1, and {n} for nesting)", i.cost),
        };
        note.related.push((Place::Here(i.span), text));
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
    let own_name = function.child(Field::Name).map(Node::text);
    let mut recursion = false;
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
        let nesting = levels.iter().filter(|l| l.contains(span)).count() as u32;
        if is_function(node) {
            if !nested {
                skip_to = span.end;
            } else {
                levels.push(span);
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
                out.extend(starts_run(node).map(|span| Increment { span, cost: 1, nesting: 0 }));
            }
            Kind::CallExpression if !recursion => {
                let callee = node.child(Field::Function);
                recursion = callee.is_some_and(|c| Some(called(c)) == own_name);
                if recursion {
                    out.push(Increment { span: callee.map_or(span, Node::span), cost: 1, nesting: 0 });
                }
            }
            _ => {}
        }
    }
    out
}

/// The name by which a function would call itself: `f`, `this.f`, `self.f`, `Self::f`.
fn called(callee: Node<'_>) -> &str {
    let text = callee.text();
    ["this.", "self.", "Self::"].iter().find_map(|p| text.strip_prefix(p)).unwrap_or(text)
}

fn is_else_if(node: Node<'_>) -> bool {
    node.parent().is_some_and(|p| p.kind() == Kind::ElseClause)
}

/// The keyword with which a statement begins.
fn keyword(node: Node<'_>) -> Span {
    let span = node.span();
    let length = node.text().bytes().take_while(u8::is_ascii_alphabetic).count() as u32;
    Span { start: span.start, end: span.start + length.max(1) }
}

/// The operator, if this expression begins a run of like logical operators: its left neighbour in the text is another
/// operator or none.
fn starts_run(node: Node<'_>) -> Option<Span> {
    if node.kind() == Kind::LetChain {
        return Some(node.span());
    }
    let operator = logical(node)?;
    let right = bare(node.child(Field::Right)?);
    if matches!(right.kind(), Kind::JsxElement | Kind::JsxSelfClosingElement) {
        return None;
    }
    // The parser nests to the left, so that a run's last operator is on top.
    let parent = node.parent().filter(|p| p.kind() == Kind::BinaryExpression && node.field() == Field::Left);
    if parent.and_then(logical).is_some_and(|p| p.text() == operator.text()) {
        return None;
    }
    Some(operator.span())
}

fn logical(node: Node<'_>) -> Option<Node<'_>> {
    node.child(Field::Operator).filter(|o| matches!(o.text(), "&&" | "||"))
}
