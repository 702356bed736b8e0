use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "covered-condition",
    summary: "an `else if` asks for what an earlier condition has taken already",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[561, 570],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds chains of `if` and `else if` over one value and numbers in the wrong order: `if (n > 10) .. else if (n > 20)`.",
        why: "Whatever is more than 20 is more than 10 too: the second branch never runs, and large values get the answer for small ones.",
        example: "if (n > 10) { return 'big'; } else if (n > 20) { return 'huge'; }",
        instead: "if (n > 20) { return 'huge'; } else if (n > 10) { return 'big'; }",
        limits: "Only comparisons of the same expression, which calls nothing, with written numbers.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::IfStatement], check), Check::Nodes(&[Kind::IfStatement], narrower)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(n) { if (n > 10) { return 1; } else if (n > 20) { return 2; } return 3; } //~ covered-condition",
        ),
        Case::bad(
            "a.js",
            "function f(n) { if (n < 100) return 1; else if (n < 50) return 2; return 3; } //~ covered-condition",
        ),
        Case::bad(
            "a.ts",
            "function f(o: O) { if (o.n >= 10) { a(); } else if (o.n === 3) { b(); } else if (o.n >= 20) { c(); } } //~ covered-condition",
        ),
        Case::bad(
            "a.js",
            "function f(n) { if (n > 10) { a(); } else if (n >= 11) { b(); } else { c(); } } //~ covered-condition",
        ),
        Case::bad("a.js", "function f(n) { if (n > 10) { a(); } else if (n === 12) { b(); } } //~ covered-condition"),
        Case::good("a.js", "function f(n) { if (n > 20) { return 1; } else if (n > 10) { return 2; } return 3; }"),
        Case::good("a.js", "function f(n) { if (n < 50) return 1; else if (n < 100) return 2; return 3; }"),
        Case::good("a.js", "function f(n, m) { if (n > 10) { a(); } else if (m > 20) { b(); } }"),
        Case::good("a.js", "function f(n) { if (n > 10) { a(); } else if (n < 20) { b(); } }"),
        Case::near_miss("a.js", "function f(n) { if (n > 10) { a(); } if (n > 20) { b(); } }"),
        Case::near_miss("a.js", "function f(n) { if (n > 10) { a(); } else if (n >= 10) { b(); } }"),
        Case::near_miss("a.js", "function f(it) { if (it.next() > 10) { a(); } else if (it.next() > 20) { b(); } }"),
        Case::bad(
            "a.ts",
            "function grade(n: number) {\n  if (n > 10) {\n    return 'a';\n  } else if (n > 20) { //~ covered-condition\n    return 'b';\n  }\n  return 'c';\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(n: number) {\n  if (n >= 3) {\n    go();\n  } else if (n === 7) { //~ covered-condition\n    stop();\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "function f(a: boolean, b: boolean) {\n  if (a) {\n    one();\n  } else if (a && b) { //~ covered-condition\n    two();\n  }\n}",
        ),
        Case::good("a.ts", "function f(n: number) { if (n > 20) { a(); } else if (n > 10) { b(); } }"),
        Case::good("a.ts", "function f(x: string) { if (x === 'a') { go(); } else if (x === 'b') { stop(); } }"),
        Case::good("a.ts", "function f(a: boolean, b: boolean) { if (a && b) { one(); } else if (a) { two(); } }"),
        Case::good("a.ts", "function f(n: number) { if (n < 0) { a(); } else if (n > 0) { b(); } else { c(); } }"),
        Case::near_miss(
            "a.ts",
            "function f(next: () => string) { if (next() === 'a') { go(); } else if (next() === 'a') { stop(); } }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some(first) = node.child(Field::Condition).and_then(bound) else { return };
    let mut at = node;
    for _ in 0..30 {
        let otherwise = at
            .child(Field::Alternative)
            .and_then(|e| if e.kind() == Kind::ElseClause { e.last_named() } else { Some(e) });
        let Some(next) = otherwise.filter(|n| n.kind() == Kind::IfStatement) else { return };
        let Some(condition) = next.child(Field::Condition) else { return };
        if let Some(second) = bound(condition)
            && same(first.value, second.value)
            && covers(&first, &second)
        {
            let message = format!(
                "Whatever passes here has passed `{}` above, so that this branch never runs. Ask for the narrower case first.",
                first.whole.text()
            );
            cx.report(
                Note::new(cx.rule, second.whole.span(), message).related(first.whole.span(), "taken here already"),
            );
            return;
        }
        at = next;
    }
}

/// `if (a) .. else if (a && b) ..`: whatever passes the second has passed the first.
fn narrower<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let chained = node.parent().is_some_and(|p| p.kind() == Kind::ElseClause);
    if cx.family() != Family::Ecma || chained {
        return;
    }
    let mut earlier: Vec<Node<'a>> = Vec::new();
    let mut at = node;
    for _ in 0..30 {
        let Some(condition) = at.child(Field::Condition).map(bare) else { return };
        let mut parts = vec![condition];
        while let Some(part) = parts.pop() {
            if operator(part) == "&&"
                && let Some((left, right)) = operands(part)
            {
                parts.extend([bare(left), bare(right)]);
            } else if part != condition
                && let Some(before) = earlier.iter().find(|e| same(**e, part))
            {
                let message = format!(
                    "Whatever passes here has passed `{}` above, so that this branch never runs. Ask for the narrower case first.",
                    before.text()
                );
                cx.report(Note::new(cx.rule, condition.span(), message).related(before.span(), "taken here already"));
                return;
            }
        }
        if only_reads(condition) {
            earlier.push(condition);
        }
        let otherwise = at
            .child(Field::Alternative)
            .and_then(|e| if e.kind() == Kind::ElseClause { e.last_named() } else { Some(e) });
        let Some(next) = otherwise.filter(|n| n.kind() == Kind::IfStatement) else { return };
        at = next;
    }
}

struct Bound<'a> {
    whole: Node<'a>,
    value: Node<'a>,
    operator: &'a str,
    number: f64,
}

/// `value < number` and its kin.
fn bound<'a>(condition: Node<'a>) -> Option<Bound<'a>> {
    let whole = bare(condition);
    let (value, right) = operands(whole)?;
    let number = bare(right);
    let number: f64 = number.text().parse().ok().filter(|_| matches!(number.kind(), Kind::Number))?;
    let operator = operator(whole);
    let known = matches!(operator, "<" | "<=" | ">" | ">=" | "===" | "==");
    (known && only_reads(value)).then_some(Bound { whole, value, operator, number })
}

/// Whether all that passes the second has passed the first.
fn covers(first: &Bound<'_>, second: &Bound<'_>) -> bool {
    let (a, b) = (first.number, second.number);
    match (first.operator, second.operator) {
        (">", ">" | ">=" | "===" | "==") if second.operator != ">" => b > a,
        (">" | ">=", ">") => b >= a,
        (">=", ">=" | "===" | "==") => b >= a,
        ("<", "<=" | "===" | "==") => b < a,
        ("<" | "<=", "<") => b <= a,
        ("<=", "<=" | "===" | "==") => b <= a,
        _ => false,
    }
}
