use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::exits;
use crate::rules::support::{bare, is_function, words};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "invariant-return",
    summary: "every way through a function returns the same",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[393],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds functions with several `return`s that all return the same constant, and no other end.",
        why: "The conditions decide nothing about the outcome: one of the returns was meant to differ, or the \
               function need not return anything.",
        example: "function isAllowed(user) {\n  if (user.admin) return true;\n  if (user.banned) return true;\n  return true;\n}",
        instead: "function isAllowed(user) {\n  if (user.admin) return true;\n  return !user.banned;\n}",
        limits: "Handlers (`onSubmit`, `handle..`), callbacks and methods return what their caller wants; `null` \
               and `undefined` are no answers, nor is the `false` of one that has done something. Functions with two returns need both to be under different \
               conditions.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::FunctionDeclaration, Kind::ArrowFunction, Kind::FunctionExpression], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function validate(sig, flags) { if (sig.length === 0) { return true; } if (flags & STRICT) { if (!isDER(sig)) { throw new ScriptError('SIG_DER'); } } return true; }",
        ),
        Case::near_miss(
            "a.js",
            "async function acceptStyle({ url }) { const old = find(url); if (!old) { return true; } if (old.href) { await swap(old, url); old.remove(); } return true; }",
        ),
        Case::near_miss(
            "a.ts",
            "function snapshot(tree: T) { const take = (s: S): boolean => { if (s.gone) { skip(s); return true; } add(s); return true; }; tree.walk(take, 0); }",
        ),
        Case::near_miss(
            "a.ts",
            "const listener: ResolverListener = (list) => { if (seen) { log(list); return true; } seen = true; go(list); return true; };",
        ),
        Case::bad(
            "a.js",
            "function ok(u) { //~ invariant-return\n  if (u.admin) return true;\n  if (u.banned) return true;\n  return true;\n}",
        ),
        Case::bad(
            "a.js",
            "function code(k) { //~ invariant-return\n  switch (k) { case 'a': one(); return 0; case 'b': two(); return 0; default: return 0; }\n}",
        ),
        Case::bad(
            "a.js",
            "const f = (o) => { //~ invariant-return\n  if (!o) { return 1; }\n  o.touch();\n  return 1;\n};",
        ),
        Case::bad(
            "a.js",
            "const name = function (x) { //~ invariant-return\n  if (x) return 'a';\n  else return 'a';\n};",
        ),
        Case::bad(
            "a.js",
            "async function save(x) { //~ invariant-return\n  try { await write(x); return true; } catch (e) { log(e); return true; }\n}",
        ),
        Case::bad(
            "a.ts",
            "export function level(x: number): number { //~ invariant-return\n  if (x > 3) return -1;\n  return -1;\n}",
        ),
        Case::bad(
            "a.js",
            "function t(x) { //~ invariant-return\n  while (x--) { if (x === 3) return `same`; }\n  return `same`;\n}",
        ),
        Case::bad(
            "a.js",
            "function f(x) { //~ invariant-return\n  if (x) { return false; }\n  try { go(); } finally { done(); }\n  return false;\n}",
        ),
        Case::good("a.js", "function f(x) { if (x) return true; return false; }"),
        Case::good("a.js", "function f(x) { log(x); return true; }"),
        Case::good("a.js", "function f(x) { if (x) return 1; }"),
        Case::good("a.js", "function f(x) { if (x) return x; return x; }"),
        Case::good("a.js", "function f(x) { if (x) return null; return null; }"),
        Case::good("a.js", "const f = (x) => true;"),
        Case::good("a.js", "function f(x) { if (x) throw new Error('x'); return true; }"),
        Case::good("a.js", "xs.some((x) => { if (x) return true; return true; });"),
        Case::near_miss("a.js", "function onSubmit(e) { if (bad(e)) return false; send(); return false; }"),
        Case::near_miss("a.js", "class A { visit(n) { if (n.leaf) return true; return true; } }"),
        Case::near_miss("a.js", "function f(x) { if (x) return true; run(() => { return false; }); }"),
        Case::near_miss("a.js", "const handleKey = (e) => { if (e.x) { return false; } return false; };"),
        Case::near_miss(
            "a.js",
            "function arrow(view) {\n  if (!view.safari) return false;\n  if (view.at(0)) { view.editable(true); }\n  return false;\n}",
        ),
        Case::near_miss(
            "a.ts",
            "export function validate(name: string): true {\n  if (name === '') { throw new Error('empty'); }\n  if (name === 'x') { return true; }\n  return true;\n}",
        ),
        Case::near_miss(
            "a.ts",
            "async function answer(r: Response): Promise<true> {\n  if (!r.media) { r.end('x'); return true; }\n  r.end('y');\n  return true;\n}",
        ),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let Some(body) = function.child(Field::Body).filter(|b| b.kind() == Kind::StatementBlock) else { return };
    if function.has_token("*") {
        return;
    }
    // A callback's form is not its own: `const listener: Listener = () => ..`.
    let contract =
        function.parent().is_some_and(|p| p.kind() == Kind::VariableDeclarator && p.child(Field::Type).is_some());
    if contract {
        return;
    }
    // A type that allows nothing else says that it is meant: `): true`, `): Promise<true>`.
    let written = function.child(Field::ReturnType).map_or("", |t| t.text().trim_start_matches([':', ' ']));
    let written = written.strip_prefix("Promise<").map_or(written, |t| t.trim_end_matches('>'));
    if matches!(written, "true" | "false") || written.starts_with(['\'', '"', '`']) && !written.contains('|') {
        return;
    }
    let mut returns = body.descendants_until(is_function).filter(|n| n.kind() == Kind::ReturnStatement);
    let Some(first) = returns.next().and_then(Node::first_named).map(bare).filter(|v| is_constant(*v)) else { return };
    let mut others = 0;
    for other in returns {
        if other.first_named().map(bare).is_none_or(|v| v.text() != first.text()) {
            return;
        }
        others += 1;
    }
    if others == 0
        || !exits(body)
        || body.descendants_until(is_function).any(|n| n.is_hole() || n.kind() == Kind::YieldExpression)
    {
        return;
    }
    // The conditions decide what is done, and `false` says that the next one in a row may look at it, too.
    let acts = body.descendants_until(is_function).any(|n| {
        n.ancestors().take_while(|a| *a != body).any(|a| a.kind() == Kind::IfStatement)
            && n.kind() == Kind::ExpressionStatement
            && n.first_named().is_some_and(|e| matches!(e.kind(), Kind::CallExpression | Kind::AssignmentExpression))
    });
    if first.kind() == Kind::False && acts {
        return;
    }
    // Who throws at what is not right, or waits for what it does, says with `true` that all went well.
    let checks = body.descendants_until(is_function).any(|n| n.kind() == Kind::ThrowStatement);
    if first.kind() == Kind::True && (checks || acts && function.has_token("async")) {
        return;
    }
    let name = match function.child(Field::Name) {
        Some(name) => name,
        None => {
            match function.parent().filter(|p| p.kind() == Kind::VariableDeclarator).and_then(|p| p.child(Field::Name))
            {
                Some(name) => name,
                None => return,
            }
        }
    };
    // Somebody calls it back, and asks for a value: `tree.walk(visitor)`.
    let handed = |n: Node<'_>| {
        n.kind() == Kind::Identifier
            && n.text() == name.text()
            && n.parent().is_some_and(|p| p.kind() == Kind::Arguments)
    };
    if function.arena().nodes().any(handed) {
        return;
    }
    let words = words(name.text());
    if words
        .iter()
        .any(|w| ["on", "handle", "handler", "visit", "noop", "stub", "mock", "dispatch"].contains(&w.as_str()))
    {
        return;
    }
    let message = format!(
        "Every way through `{}` returns `{}`: its conditions decide nothing. Should one of them return something else?",
        name.text(),
        first.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}

fn is_constant(value: Node<'_>) -> bool {
    match value.kind() {
        Kind::True | Kind::False | Kind::Number | Kind::String => true,
        Kind::TemplateString => value.child_of_kind(Kind::TemplateSubstitution).is_none(),
        Kind::UnaryExpression => value.child(Field::Argument).is_some_and(|a| a.kind() == Kind::Number),
        _ => false,
    }
}
