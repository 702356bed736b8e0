use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "missing-else",
    summary: "an `if` begins on the line where another one ends",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[670],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `} if (..) {` on one line: an `if` that stands directly behind the end of another one of several lines.",
        why: "It reads as `} else if`, and does something else: both may run. Either the `else` was forgotten, or the line break.",
        example: "if (a) {\n  one();\n} if (b) {\n  two();\n}",
        instead: "if (a) {\n  one();\n} else if (b) {\n  two();\n}",
        limits: "Statements that stand on one line as a whole are a way of writing and left alone, and so is an `if` behind one that leaves the function or loop.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfStatement, Kind::IfExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(x) {\n  if (x > 1) {\n    go();\n  }if (x > 2) { //~ missing-else\n    stop();\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "export class A {\n  run(x: number) {\n    if (x > 1) {\n      this.a();\n    } if (x > 2) { //~ missing-else\n      this.b();\n    }\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "function f(a, b) {\n  if (a) {\n    one();\n  } if (b) { //~ missing-else\n    two();\n  }\n}",
        ),
        Case::bad("a.ts", "if (kind === 'a') {\n  n += 1;\n} if (kind === 'b') { n += 2; } //~ missing-else"),
        Case::bad(
            "a.js",
            "for (const x of xs) {\n  if (x.a) {\n    go(x);\n  }   if (x.b) { //~ missing-else\n    stop(x);\n  }\n}",
        ),
        Case::bad(
            "a.js",
            "const f = () => {\n  if (a)\n  {\n    one();\n  } if (b) { //~ missing-else\n    two();\n  } else {\n    three();\n  }\n};",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: u8) {\n    if a > 1 {\n        one();\n    } if a > 2 { //~ missing-else\n        two();\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: u8) -> u8 {\n    let mut x = 1;\n    if a > 1 {\n        x = 2;\n    } if a > 2 { x = 3; } //~ missing-else\n    x\n}",
        ),
        Case::bad("a.js", "if (a) {\n  one();\n} if (b) { //~ missing-else\n  two();\n}"),
        Case::bad(
            "a.tsx",
            "function V() {\n  if (a) {\n    one();\n  } if (b) { //~ missing-else\n    two();\n  }\n  return <p />;\n}",
        ),
        Case::good("a.ts", "if (a) {\n  one();\n}\n// and then\nif (b) {\n  two();\n}"),
        Case::good("a.js", "if (a) {\n  one();\n} one(); if (b) {\n  two();\n}"),
        Case::good("a.js", "if (a) {\n  one();\n} else if (b) {\n  two();\n}"),
        Case::good("a.js", "if (a) {\n  one();\n}\nif (b) {\n  two();\n}"),
        Case::good("a.js", "if (a) { one(); } if (b) { two(); }"),
        Case::good("a.js", "if (a) {\n  one();\n}\n\nfor (;;) {\n  if (b) two();\n}"),
        Case::good(
            "a.rs",
            "fn f(a: u8) {\n    if a > 1 {\n        one();\n    } else if a > 2 {\n        two();\n    }\n}",
        ),
        Case::good("a.rs", "fn f(a: u8) {\n    if a > 1 { one(); } if a > 2 { two(); }\n}"),
        Case::good("a.js", "if (a) one();\nif (b) two();"),
        Case::good("a.js", "while (a) {\n  one();\n} if (b) {\n  two();\n}"),
        Case::near_miss("a.js", "function f(a, b) {\n  if (a) {\n    return 1;\n  } if (b) {\n    return 2;\n  }\n}"),
        Case::near_miss(
            "a.js",
            "for (const x of xs) {\n  if (x.a) {\n    continue;\n  } if (x.b) {\n    go(x);\n  }\n}",
        ),
        Case::near_miss("a.js", "if (a) {\n  one();\n} /* whatever a was */ if (b) {\n  two();\n}"),
        Case::near_miss("a.js", "if (a) {\n  one();\n} else {\n  two();\n} if (b) {\n  three();\n}"),
        Case::near_miss(
            "a.rs",
            "fn f(a: u8) -> u8 {\n    if a > 1 {\n        return 1;\n    } if a > 2 { 2 } else { 3 }\n}",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // A statement of its own in Rust, with or without the wrapper that the grammar puts around it.
    let statement = |n: Node<'a>| n.parent().filter(|p| p.kind() == Kind::ExpressionStatement).unwrap_or(n);
    let this = statement(node);
    let Some(before) = this.previous_named_sibling() else { return };
    let first = if before.kind() == Kind::ExpressionStatement { before.first_named() } else { Some(before) };
    let Some(first) = first.filter(|f| f.kind() == node.kind() && f.child(Field::Alternative).is_none()) else {
        return;
    };
    let Some(around) = this.parent() else { return };
    let from = around.span().start;
    let between = around.text().get((before.span().end - from) as usize..(this.span().start - from) as usize);
    if between.is_none_or(|b| b.contains('\n') || !b.trim().is_empty())
        || !before.text().contains('\n')
        || leaves(first)
    {
        return;
    }
    let head = Span { start: node.span().start, end: node.span().start + 2 };
    let message = "This `if` stands behind the end of another one, as an `else if` would, and runs in any case. Write `else`, or begin a new line.";
    cx.report(Note::new(cx.rule, head, message).related(first.span(), "ends there"));
}

/// Whether what an `if` guards ends in leaving: nothing behind it runs then.
fn leaves(first: Node<'_>) -> bool {
    let Some(body) = first.child(Field::Consequence) else { return true };
    let last = body.named_children().filter(|n| !n.is_comment()).last();
    let last = last.map(|l| if l.kind() == Kind::ExpressionStatement { l.first_named().unwrap_or(l) } else { l });
    last.is_none_or(|l| {
        matches!(
            l.kind(),
            Kind::ReturnStatement
                | Kind::ThrowStatement
                | Kind::BreakStatement
                | Kind::ContinueStatement
                | Kind::ReturnExpression
                | Kind::BreakExpression
                | Kind::ContinueExpression
        )
    })
}
