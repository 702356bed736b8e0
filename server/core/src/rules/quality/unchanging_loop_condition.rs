use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::macro_name;
use crate::rules::support::{bare, enclosing_function, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unchanging-loop-condition",
    summary: "nothing in a loop changes what its condition asks",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[835],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `while` and `do` loops (and `for` loops without a step) whose condition reads only local variables that nothing in the loop changes, and that have no other way out.",
        why: "The condition has the same outcome in every round: the loop runs not at all, or for ever. Mostly the step is missing, or it changes another variable.",
        example: "let i = 0;\nwhile (i < n) {\n  total += xs[0];\n}",
        instead: "let i = 0;\nwhile (i < n) {\n  total += xs[i];\n  i += 1;\n}",
        limits: "Only variables of the same function that no closure changes and whose values are numbers, strings or truth values as far as is told. Conditions that read fields (but for the length of a list of the function), call something or wait are left alone, and so are loops with `break`, `return`, `throw`, `await` or `yield`.",
        fix: "",
    },
    checks: &[Check::Nodes(
        &[Kind::WhileStatement, Kind::DoStatement, Kind::ForStatement, Kind::WhileExpression],
        check,
    )],
    cases: &[
        Case::bad(
            "a.js",
            "function f(xs, n) { let i = 0, t = 0; while (i < n) { t += xs[0]; } return t; } //~ unchanging-loop-condition",
        ),
        Case::bad("a.js", "function f(x) { let done = false; while (!done) { go(x); } } //~ unchanging-loop-condition"),
        Case::bad("a.js", "function f(n) { let i = 0; do { go(n); } while (i < n); } //~ unchanging-loop-condition"),
        Case::bad("a.js", "function f(n) { for (let i = 0; i < n;) { go(i); } } //~ unchanging-loop-condition"),
        Case::bad(
            "a.js",
            "function f(a, b) { let i = 0; let j = 0; while (i < 10) { j++; go(a[j]); } } //~ unchanging-loop-condition",
        ),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32], n: usize) -> u32 { let i = 0; let mut t = 0; while i < n { t += xs[0]; } t } //~ unchanging-loop-condition",
        ),
        Case::bad("a.rs", "fn f() { let done = false; while !done { step(); } } //~ unchanging-loop-condition"),
        Case::bad(
            "a.rs",
            "fn f(n: u32) { let mut i = 0; let mut j = 0; while i < n { j += 1; go(j); } i += 1; go(i); } //~ unchanging-loop-condition",
        ),
        Case::bad(
            "a.ts",
            "function f(n: number) { let left: number = n; while (left > 0) { go(n); } } //~ unchanging-loop-condition",
        ),
        Case::good("a.js", "function f(xs, n) { let i = 0; while (i < n) { go(xs[i]); i++; } }"),
        Case::good("a.js", "function f(x) { let done = false; while (!done) { done = go(x); } }"),
        Case::good("a.js", "function f(q) { while (q.length > 0) { go(q.pop()); } }"),
        Case::good("a.js", "function f() { let on = true; while (on) { if (stop()) break; } }"),
        Case::good(
            "a.js",
            "function f() { let on = true; const off = () => { on = false; }; while (on) { go(off); } }",
        ),
        Case::good("a.rs", "fn f(n: u32) { let mut i = 0; while i < n { i += 1; } }"),
        Case::good("a.rs", "fn f(mut n: u32) { while n > 0 { n -= 1; } }"),
        Case::good("a.rs", "fn f() { let mut done = false; while !done { step(&mut done); } }"),
        Case::near_miss(
            "a.js",
            "async function f() { let on = true; stop.then(() => { on = false; }); while (on) { await tick(); } }",
        ),
        Case::near_miss("a.js", "function f(n) { while (n) { throw new Error(n); } }"),
        Case::near_miss("a.js", "function f(xs) { let x = xs; while (x) { ({ x } = next()); } }"),
        Case::near_miss("a.rs", "fn f(n: u32) { while n > 0 { return; } }"),
        Case::near_miss("a.rs", "fn f(n: &Cell<u32>) { while n.get() > 0 { n.set(0); } }"),
        Case::near_miss("a.rs", "fn f(n: u32) { while n > 0 { panic!(\"x\"); } }"),
        Case::near_miss(
            "a.rs",
            "fn f(done: &AtomicBool) { let d = done; while !d.load(Ordering::Relaxed) { step(); } }",
        ),
        Case::near_miss("a.js", "function f(n) { while (n > 0) { process.exit(1); } }"),
        Case::near_miss("a.rs", "fn f(v: &mut Vec<u8>) { while v < limit() { v.push(1); } }"),
        Case::near_miss("a.js", "let n = 3; function f() { while (n > 0) { go(); } }"),
        Case::bad(
            "a.rs",
            "fn f() { let mut i = 0; while i < 10 { println!(\"{i}\"); } } //~ unchanging-loop-condition",
        ),
        Case::near_miss("a.rs", "fn f() { let mut i = 0; while i < 10 { step!(i); } }"),
        Case::bad(
            "a.js",
            "function f(xs) {\n  let i = 0;\n  while (i < xs.length) { //~ unchanging-loop-condition\n    console.log(xs[i]);\n  }\n}",
        ),
        Case::near_miss("a.js", "function f(xs) { let i = 0; while (i < xs.length) { take(xs); } }"),
        Case::near_miss("a.js", "function f(xs) { let i = 0; while (i < xs.length) { go(xs[i]); i++; } }"),
        Case::near_miss("a.js", "function f(xs) { const n = 3; while (n < xs.length) { xs.pop(); } }"),
        Case::near_miss("a.js", "let queue = []; function f() { let i = 0; while (i < queue.length) { step(); } }"),
        Case::bad(
            "a.ts",
            "function wait(log: (s: string) => void) {\n  let done = false;\n  while (!done) { //~ unchanging-loop-condition\n    log('waiting');\n  }\n}",
        ),
        Case::good("a.ts", "function wait(next: () => boolean) { let done = false; while (!done) { done = next(); } }"),
        Case::good("a.ts", "function f(xs: number[]) { let i = 0; while (i < xs.length) { i++; } }"),
        Case::good("a.ts", "function f(q: string[]) { while (q.length > 0) { q.pop(); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(condition), Some(body)) = (node.child(Field::Condition), node.child(Field::Body)) else { return };
    if node.child(Field::Increment).is_some() {
        return;
    }
    let condition = bare(
        condition.first_named().filter(|_| condition.kind() == Kind::ParenthesizedExpression).unwrap_or(condition),
    );
    let mut names: Vec<&str> = Vec::new();
    // Lists whose length is asked for.
    let mut lists: Vec<&str> = Vec::new();
    for n in std::iter::once(condition).chain(condition.descendants()).filter(|n| n.is_named()) {
        match n.kind() {
            Kind::MemberExpression
                if n.child(Field::Property).is_some_and(|p| p.text() == "length")
                    && n.child(Field::Object).is_some_and(|o| o.kind() == Kind::Identifier) =>
            {
                lists.extend(n.child(Field::Object).map(Node::text));
            }
            Kind::PropertyIdentifier => {}
            Kind::Identifier if n.parent().is_some_and(|p| p.kind() == Kind::MemberExpression) => {}
            Kind::Identifier => names.push(n.text()),
            Kind::BinaryExpression
            | Kind::UnaryExpression
            | Kind::ParenthesizedExpression
            | Kind::Number
            | Kind::IntegerLiteral
            | Kind::FloatLiteral
            | Kind::String
            | Kind::StringLiteral
            | Kind::True
            | Kind::False
            | Kind::BooleanLiteral
            | Kind::Null
            | Kind::Undefined
            | Kind::StringFragment
            | Kind::StringContent => {}
            _ => return,
        }
    }
    names.sort_unstable();
    names.dedup();
    if names.is_empty()
        || unparenthesized(condition).kind() == Kind::Identifier
            && cx.family() == Family::Rust
            && body.named_children().next().is_none()
    {
        return;
    }
    let Some(function) = enclosing_function(node) else { return };
    // A closure of its own block may change anything; so may a macro.
    if body.descendants().any(|n| leaves(n)) || function.descendants().any(|n| n.is_hole()) {
        return;
    }
    if lists.iter().any(|list| may_change(function, node, list)) {
        return;
    }
    for name in &names {
        let Some(plain) = declared(function, node, name) else { return };
        if !plain || changed(function, body, node, name) {
            return;
        }
    }
    let all = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("Nothing in this loop changes {all}, and nothing leaves it: once begun it never ends.");
    cx.report(Note::new(cx.rule, condition.span(), message));
}

/// Whether a list may get longer or shorter in a loop: by a method or an assignment, by a function that gets it, or, where it is no
/// parameter or constant of the function, by anything.
fn may_change(function: Node<'_>, around: Node<'_>, list: &str) -> bool {
    let is_list = |n: Node<'_>| n.text() == list && n.kind() == Kind::Identifier;
    let own = crate::rules::shape::parameters(function).iter().any(|p| is_list(*p))
        || function
            .descendants()
            .any(|n| n.kind() == Kind::VariableDeclarator && n.child(Field::Name).is_some_and(is_list));
    !own || around.descendants().any(|n| {
        is_list(n)
            && n.parent().is_some_and(|p| match p.kind() {
                Kind::SubscriptExpression => {
                    n.field() != Field::Object
                        || p.parent().is_some_and(|a| {
                            matches!(a.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
                                && p.field() == Field::Left
                        })
                }
                Kind::MemberExpression => {
                    p.child(Field::Property).is_none_or(|m| m.text() != "length")
                        || p.parent().is_some_and(|a| a.kind() == Kind::AssignmentExpression)
                }
                _ => true,
            })
    })
}

/// What may leave the loop, or hand control to others meanwhile.
fn leaves(n: Node<'_>) -> bool {
    n.is_error()
        || matches!(
            n.kind(),
            Kind::BreakStatement
                | Kind::ReturnStatement
                | Kind::ThrowStatement
                | Kind::BreakExpression
                | Kind::ReturnExpression
                | Kind::AwaitExpression
                | Kind::YieldExpression
                | Kind::TryExpression
                | Kind::UnsafeBlock
        )
        || n.kind() == Kind::MacroInvocation
            && !matches!(macro_name(n), "println" | "print" | "eprintln" | "eprint" | "debug" | "trace" | "info")
        || n.kind() == Kind::ContinueStatement && n.child(Field::Label).is_some()
        || n.kind() == Kind::ContinueExpression && n.first_named().is_some()
        || n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| {
                let text = f.text();
                let last = text.rsplit(['.', ':']).next().unwrap_or(text);
                matches!(
                    last,
                    "exit"
                        | "abort"
                        | "eval"
                        | "panic"
                        | "unreachable"
                        | "fail"
                        | "never"
                        | "assertNever"
                        | "resume_unwind"
                        | "quit"
                )
            })
}

/// Whether a variable belongs to the function and holds a plain value; `None` if it is not the function's own.
fn declared(function: Node<'_>, around: Node<'_>, name: &str) -> Option<bool> {
    let mut found = None;
    for n in function.descendants() {
        let (pattern, value) = match n.kind() {
            Kind::VariableDeclarator => (n.child(Field::Name), n.child(Field::Value)),
            Kind::LetDeclaration => (n.child(Field::Pattern), n.child(Field::Value)),
            Kind::RequiredParameter | Kind::OptionalParameter | Kind::Parameter => {
                (n.child(Field::Pattern), n.child(Field::Type))
            }
            Kind::Identifier if n.parent().is_some_and(|p| p.kind() == Kind::FormalParameters) => (Some(n), None),
            _ => continue,
        };
        if pattern.is_none_or(|p| p.text() != name) {
            continue;
        }
        if found.is_some() {
            return None;
        }
        let plain = match (n.kind(), value) {
            (Kind::LetDeclaration, Some(v)) => {
                let number = matches!(
                    v.kind(),
                    Kind::IntegerLiteral | Kind::FloatLiteral | Kind::BooleanLiteral | Kind::NegativeLiteral
                );
                number || n.child(Field::Type).is_some_and(|t| is_number(t.text()))
            }
            (Kind::Parameter, Some(ty)) => is_number(ty.text()),
            (Kind::VariableDeclarator, Some(v)) => {
                let v = bare(v);
                matches!(
                    v.kind(),
                    Kind::Number | Kind::True | Kind::False | Kind::String | Kind::UnaryExpression | Kind::Identifier
                )
            }
            // Parameters of JavaScript: only compared with numbers, which `declared` of the other names tells.
            (Kind::Identifier | Kind::RequiredParameter, _) => true,
            _ => false,
        };
        found = Some(plain && n.span().start < around.span().end);
    }
    found
}

fn is_number(ty: &str) -> bool {
    crate::rules::rust_types::is_signed(ty)
        || crate::rules::rust_types::is_unsigned(ty)
        || matches!(ty, "bool" | "f32" | "f64" | "char")
}

/// Whether the loop, or a closure of the function, changes a variable.
fn changed(function: Node<'_>, body: Node<'_>, around: Node<'_>, name: &str) -> bool {
    let writes = |n: Node<'_>| match n.kind() {
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression | Kind::CompoundAssignmentExpr => {
            n.child(Field::Left).is_some_and(|l| says(l, name))
        }
        Kind::UpdateExpression => n.child(Field::Argument).is_some_and(|a| says(a, name)),
        Kind::ReferenceExpression => n.child_of_kind(Kind::MutableSpecifier).is_some() && says(n, name),
        Kind::ForInStatement => n.child(Field::Left).is_some_and(|l| says(l, name)),
        _ => false,
    };
    let condition = around.child(Field::Condition);
    let here = body.descendants().chain(condition.into_iter().flat_map(Node::descendants)).any(writes);
    let closures = function
        .descendants()
        .filter(|n| is_function(*n) && !n.span().contains(around.span()))
        .any(|f| f.descendants().any(writes));
    here || closures
}

fn says(n: Node<'_>, name: &str) -> bool {
    std::iter::once(n)
        .chain(n.descendants())
        .any(|n| matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifierPattern) && n.text() == name)
}
