use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::leaves;
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{exits, never_returns};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unreachable-code",
    summary: "code can never run",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds statements behind a `return`, `throw`, `break`, `continue` or an endless loop of the same list of \
              statements, also where both branches before leave. Also behind `process.exit(..)`, and in Rust behind macros that never return.",
        why: "It looks as if it did something, and readers take it into account. Often the jump above was meant to be \
              conditional.",
        example: "function f(user) {\n  return user;\n  log(user);\n}",
        instead: "function f(user) {\n  log(user);\n  return user;\n}",
        limits: "Functions are hoisted and may stand behind a `return`; so may declarations without a value. A `break` or \
              an empty `return` behind a `throw` or `return` is a habit. TypeScript's types do not run.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::StatementBlock, Kind::SwitchCase, Kind::SwitchDefault], check),
        Check::Nodes(&[Kind::Block], rust_block),
    ],
    cases: &[
        Case::near_miss(
            "a.ts",
            "async function* f() { while (true) { const r = await next(); if (r.done) { return r.value; } yield r.value; }\n throw new Error('Unreachable'); }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(x: X) {\n  return wrap(x);\n  function wrap(a: A): B\n  function wrap(a: C): D\n  function wrap(a: any) { return a; }\n}",
        ),
        Case::bad("a.js", "function f(u) {\n  return u;\n  log(u); //~ unreachable-code\n}"),
        Case::bad("a.js", "function f() {\n  throw new Error('x');\n  cleanup(); //~ unreachable-code\n}"),
        Case::bad("a.js", "for (const x of xs) {\n  continue;\n  use(x); //~ unreachable-code\n}"),
        Case::bad(
            "a.js",
            "function f(a) {\n  if (a) { return 1; } else { return 2; }\n  done(); //~ unreachable-code\n}",
        ),
        Case::bad("a.js", "function f() {\n  while (true) { step(); }\n  done(); //~ unreachable-code\n}"),
        Case::bad("a.js", "switch (k) { case 1: {\n  break;\n  go(); //~ unreachable-code\n} }"),
        Case::bad("a.js", "function f() {\n  return\n  { ok: true } //~ unreachable-code\n}"),
        Case::bad(
            "a.js",
            "function f(k) {\n  switch (k) { case 1: return 1; default: return 2; }\n  log(k); //~ unreachable-code\n}",
        ),
        Case::bad(
            "a.js",
            "function f() {\n  try { return a(); } catch (e) { return b(); }\n  log(1); //~ unreachable-code\n}",
        ),
        Case::bad("a.js", "function f() {\n  process.exit(1);\n  cleanup(); //~ unreachable-code\n}"),
        Case::near_miss(
            "a.ts",
            "function f(x?: X): X { if (!x) { process.exit(1); throw new Error(); } process.exit(0); return x; }",
        ),
        Case::near_miss("a.js", "function f(process) { process.exit(1); cleanup(); }"),
        Case::good("a.js", "function f(u) { log(u); return u; }"),
        Case::good("a.js", "function f() { return helper(); function helper() { return 1; } }"),
        Case::good("a.js", "function f() { if (a) return 1; go(); }"),
        Case::good("a.js", "for (;;) { if (done()) break; }"),
        Case::good("a.js", "function f() { while (true) { if (x()) break; } done(); }"),
        Case::good("a.js", "switch (k) { case 1: go(); break; case 2: stop(); }"),
        Case::good("a.js", "function f() { try { return a(); } catch (e) { log(e); } return 1; }"),
        Case::good("a.js", "function f() { return 1; var x; }"),
        Case::near_miss("a.js", "switch (k) { case 1: return 1; break; default: return 2; }"),
        Case::near_miss("a.js", "function* empty() { return; yield; }"),
        Case::near_miss("a.js", "outer: for (;;) { for (;;) { break outer; } }"),
        Case::near_miss("a.js", "function f(k) { switch (k) { case 1: return 1; default: break; } log(k); }"),
        Case::near_miss("a.ts", "function f(): number { return 1; type A = string; }"),
        Case::bad("a.rs", "fn f(u: u8) -> u8 {\n    return u;\n    log(u); //~ unreachable-code\n}"),
        Case::bad("a.rs", "fn f() {\n    panic!(\"x\");\n    cleanup(); //~ unreachable-code\n}"),
        Case::bad("a.rs", "fn f(xs: &[u8]) { for x in xs {\n    continue;\n    go(x); //~ unreachable-code\n} }"),
        Case::bad(
            "a.rs",
            "fn f(a: bool) -> u8 {\n    if a { return 1; } else { return 2; }\n    done(); //~ unreachable-code\n}",
        ),
        Case::bad("a.rs", "fn f() {\n    loop { step(); }\n    done(); //~ unreachable-code\n}"),
        Case::bad(
            "a.rs",
            "fn f(k: u8) {\n    match k { 1 => return, _ => return }\n    log(k); //~ unreachable-code\n}",
        ),
        Case::bad("a.rs", "fn f() {\n    unreachable!();\n    let x = 1; //~ unreachable-code\n}"),
        Case::bad("a.rs", "fn f() {\n    std::process::exit(1);\n    log(); //~ unreachable-code\n}"),
        Case::good("a.rs", "fn f(u: u8) -> u8 { log(u); return u; }"),
        Case::good("a.rs", "fn f(a: bool) -> u8 { if a { return 1; } go() }"),
        Case::good("a.rs", "fn f() { loop { if done() { break; } } go(); }"),
        Case::good("a.rs", "fn f() -> u8 { return g(); fn g() -> u8 { 1 } }"),
        Case::good("a.rs", "fn f(k: u8) { match k { 1 => return, _ => go() } log(k); }"),
        Case::good("a.rs", "fn f() { todo!(); }"),
        Case::near_miss("a.rs", "fn f() { #[cfg(a)] return; go(); }"),
        Case::near_miss("a.rs", "fn f() { todo!(); go(); }"),
        Case::near_miss("a.rs", "fn f() { 'a: loop { loop { break 'a; } } go(); }"),
        Case::near_miss("a.rs", "fn f() -> u8 { unimplemented!(\"later\"); 1 }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // Where something could not be read, what looks like statements may be the rest of it.
    if node
        .named_children()
        .any(|n| n.is_error() || n.kind() == Kind::LabeledStatement && n.text().starts_with("case "))
        || node.ancestors().any(|a| a.is_error())
    {
        return;
    }
    let mut exit: Option<Node<'a>> = None;
    for statement in node.named_children() {
        if node.kind() == Kind::SwitchCase && statement.field() == Field::Value {
            continue;
        }
        let Some(before) = exit else {
            // Calls that never return are guessed from names, which is not enough here.
            if ends_process(statement, cx)
                || exits(statement) && statement.kind() != Kind::ExpressionStatement && !guessed(statement)
            {
                exit = Some(statement);
            }
            continue;
        };
        // Compilers and readers that do not know `process.exit` are told so.
        let told = ends_process(before, cx)
            && matches!(statement.kind(), Kind::ReturnStatement | Kind::ThrowStatement | Kind::ExpressionStatement)
            && statement.next_named_sibling().is_none()
            && statement.kind() != Kind::ExpressionStatement;
        if told || is_harmless(statement) {
            continue;
        }
        let mut message = String::from("This never runs: control does not pass what stands before it.");
        if before.kind() == Kind::ReturnStatement
            && before.first_named().is_none()
            && statement.kind() == Kind::StatementBlock
        {
            message = String::from(
                "This never runs: `return` alone on its line returns `undefined`. Put the value on the same line.",
            );
        }
        cx.report(Note::new(cx.rule, statement.span(), message).related(before.span(), "control leaves here"));
        return;
    }
}

fn guessed(statement: Node<'_>) -> bool {
    statement.descendants().any(|n| n.kind() == Kind::ExpressionStatement && n.first_named().is_some_and(never_returns))
}

/// `process.exit(..)` as a statement of its own.
fn ends_process<'a>(statement: Node<'a>, cx: &Cx<'a>) -> bool {
    let call = statement.first_named().filter(|_| statement.kind() == Kind::ExpressionStatement);
    call.and_then(|c| c.child(Field::Function)).is_some_and(|f| f.text() == "process.exit") && !cx.is_bound("process")
}

fn is_harmless(statement: Node<'_>) -> bool {
    match statement.kind() {
        // It says so itself, to the compiler or to its readers.
        Kind::ThrowStatement => {
            let text = statement.text().to_lowercase();
            ["unreachable", "never", "should not", "shouldn't", "impossible"].iter().any(|w| text.contains(w))
        }
        Kind::FunctionDeclaration
        | Kind::FunctionSignature
        | Kind::GeneratorFunctionDeclaration
        | Kind::EmptyStatement
        | Kind::BreakStatement
        | Kind::TypeAliasDeclaration
        | Kind::InterfaceDeclaration
        | Kind::AmbientDeclaration => true,
        Kind::ReturnStatement => statement.first_named().is_none(),
        Kind::VariableDeclaration => statement.named_children().all(|d| d.child(Field::Value).is_none()),
        Kind::ExpressionStatement => statement.first_named().is_some_and(|e| bare(e).kind() == Kind::YieldExpression),
        _ => false,
    }
}

// Rust.

fn rust_block<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let mut exit: Option<Node<'a>> = None;
    for statement in node.named_children() {
        if statement.kind() == Kind::AttributeItem {
            return;
        }
        let Some(before) = exit else {
            if leaves(statement) || ends(statement) {
                exit = Some(statement);
            }
            continue;
        };
        let runs = matches!(statement.kind(), Kind::ExpressionStatement | Kind::LetDeclaration | Kind::MacroInvocation)
            || statement.kind() == Kind::CallExpression;
        if runs && !ends(statement) && !leaves(statement) {
            let message = "This never runs: control does not pass what stands before it.";
            cx.report(Note::new(cx.rule, statement.span(), message).related(before.span(), "control leaves here"));
        }
        if runs {
            return;
        }
    }
}

/// Whether a statement ends the program or the thread. `todo!` and `unimplemented!` stand for code that is to come.
fn ends(statement: Node<'_>) -> bool {
    let inner = if statement.kind() == Kind::ExpressionStatement {
        statement.first_named().unwrap_or(statement)
    } else {
        statement
    };
    match inner.kind() {
        Kind::MacroInvocation => matches!(macro_name(inner), "panic" | "unreachable"),
        Kind::CallExpression => inner.child(Field::Function).is_some_and(|f| {
            matches!(f.text(), "std::process::exit" | "process::exit" | "std::process::abort" | "process::abort")
        }),
        _ => false,
    }
}
