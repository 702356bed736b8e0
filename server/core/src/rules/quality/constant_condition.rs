use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::integer;
use crate::rules::rust_types::macro_name;
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "constant-condition",
    summary: "a condition is always true or always false",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[570, 571],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds conditions whose outcome is written in the code: literals, `x === 'a' || 'b'`, `x !== 'a' || x !== \
              'b'`, `x === 'a' && x === 'b'`, an assignment of a constant (`if (a = 5)`), a comparison with a new \
              object or array (`x === []`, `new Date(a) === new Date(b)`), bounds that cover everything or nothing (`x >= 200 || x <= 299`, `x < min && x > max`). In Rust: `if x || true`, `x != 1 || x != 2`, `x == 1 && x == 2`, `x < 1 && x > 5`, `assert!(true)`.",
        why: "One branch is dead. Behind these forms stands a condition that was meant to ask something else, and the \
              check that it stands for never happens.",
        example: "if (role === 'admin' || 'owner') { allow(); }",
        instead: "if (role === 'admin' || role === 'owner') { allow(); }",
        limits: "Endless loops (`while (true)`, `for (;;)`, `do .. while (false)`) are meant. Values of variables are not \
              followed.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::IfStatement, Kind::TernaryExpression, Kind::WhileStatement], check),
        Check::Nodes(&[Kind::BinaryExpression], compare),
        Check::Nodes(&[Kind::SwitchCase], case),
        Check::Nodes(&[Kind::IfExpression, Kind::WhileExpression], rust_condition),
        Check::Nodes(&[Kind::BinaryExpression], rust_compare),
        Check::Nodes(&[Kind::MacroInvocation], rust_assert),
    ],
    cases: &[
        Case::bad("a.js", "const on = (flags) => flags && 4 === 4; //~ constant-condition"),
        Case::near_miss("a.js", "const on = (flags) => (flags & 4) === 4;"),
        Case::bad("a.ts", "const isEmpty = (list: unknown[]) => list == []; //~ constant-condition"),
        Case::near_miss("a.ts", "const isEmpty = (list) => list == [];"),
        Case::bad(
            "a.ts",
            "function between(n: number, lo: number, hi: number) { return n < lo && n > hi; } //~ constant-condition",
        ),
        Case::good("a.ts", "function outside(n: number, lo: number, hi: number) { return n < lo || n > hi; }"),
        Case::near_miss(
            "a.js",
            "function f(cb) { if (true /* version 2 resumes by itself */) { return cb(2); } again(cb); }",
        ),
        Case::bad("a.js", "/* asks */ if (true) { go(); } else { stop(); } //~ constant-condition"),
        Case::near_miss(
            "a.js",
            "while ((m = re.exec(t)) !== null) { const value = m[2] || m[3]; attrs[m[1]] = !value || value; }",
        ),
        Case::bad("a.js", "export function f(on) { if (!on || on) { go(); } } //~ constant-condition"),
        Case::bad("a.js", "switch (n) { case 1, 2: go(); break; default: stop(); } //~ constant-condition"),
        Case::near_miss("a.js", "function f() {\n  /* istanbul ignore else */\n  if (false) {\n    go();\n  }\n}"),
        Case::near_miss("a.js", "const DEBUG_STYLES = false ? { rows: 1 } : {};"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> bool { v.len() < 3 && v.len() > 5 } //~ constant-condition"),
        Case::good("a.rs", "fn f(v: &[u8]) -> bool { v.len() > 3 && v.len() < 5 }"),
        Case::near_miss(
            "a.ts",
            "function f(x: X) { debugAssert(() => typeof x === 'string' || 'not a text'); return x; }",
        ),
        Case::near_miss("a.ts", "if (!c.p || (m[c.p].kids && !m[c.p].kids!.includes(x!))) { go(); }"),
        Case::bad("a.js", "const isAdmin = (role) => role === 'admin' || 'owner'; //~ constant-condition"),
        Case::bad("a.js", "function f(a) { return a === 'x' || 'y'; } //~ constant-condition"),
        Case::near_miss("a.js", "function f(a) { return a.kind || 'y'; }"),
        Case::near_miss("a.js", "function f(a, b) { return (a === 'x' && b) || 'y'; }"),
        Case::bad("a.js", "const y = {} || x; //~ constant-condition"),
        Case::bad("a.js", "const z = `a${x}` ?? 'b'; //~ constant-condition"),
        Case::bad("a.js", "const w = !x ?? 3; //~ constant-condition"),
        Case::bad("a.js", "if (x > 5 && x < 3) go(); //~ constant-condition"),
        Case::bad("a.js", "const same = new Date(a) === new Date(b); //~ constant-condition"),
        Case::bad("a.js", "if (new Date(a) == new Date(b)) go(); //~ constant-condition"),
        Case::near_miss(
            "a.js",
            "const same = +new Date(a) === +new Date(b) || new Date(a) > new Date(b) || new String(x) == x;",
        ),
        Case::bad("a.js", "if (code >= 200 || code <= 299) go(); //~ constant-condition"),
        Case::bad("a.js", "if (d < min && d > max) stop(); //~ constant-condition"),
        Case::bad("a.ts", "const off = v.x > r.maxX && v.x < r.minX; //~ constant-condition"),
        Case::near_miss("a.js", "if (d < min || d > max || x < 3 || x > 5) stop();"),
        Case::near_miss("a.js", "if (d < max && d > min && x.a < minA && x.a > maxB) stop();"),
        Case::bad("a.rs", "fn f(c: u8) -> bool { c >= b'0' || c <= b'9' } //~ constant-condition"),
        Case::bad("a.rs", "fn f(c: char) -> bool { c < 'a' && c > 'z' } //~ constant-condition"),
        Case::good("a.rs", "fn f(c: u8) -> bool { c >= b'0' && c <= b'9' || c < b'a' || c > b'f' }"),
        Case::bad("a.js", "if (new Error('x')) go(); //~ constant-condition"),
        Case::bad("a.js", "const total = a + b ?? 0; //~ constant-condition"),
        Case::good("a.js", "const y = x || {}; const z = x ?? 'b'; const e = `${x}` || 'empty';"),
        Case::near_miss("a.js", "if (x > 3 && x < 5 || x < 1 && y > 2) go();"),
        Case::bad("a.js", "if (role === 'admin' || 'owner') { allow(); } //~ constant-condition"),
        Case::bad("a.js", "if (x !== 'a' || x !== 'b') { stop(); } //~ constant-condition"),
        Case::bad("a.js", "if (mode = 1) { go(); } //~ constant-condition"),
        Case::bad("a.js", "if (list === []) { empty(); } //~ constant-condition"),
        Case::bad("a.js", "const n = k === 1 && k === 2; //~ constant-condition"),
        Case::bad("a.js", "if (false) { go(); } //~ constant-condition"),
        Case::bad("a.js", "while (!'x') { go(); } //~ constant-condition"),
        Case::bad("a.js", "const v = [] ? 1 : 2; //~ constant-condition"),
        Case::bad("a.ts", "if (opts == {}) { reset(); } //~ constant-condition"),
        Case::bad("a.js", "if ({}) { go(); } //~ constant-condition"),
        Case::bad("a.js", "if (a.kind != 1 || a.kind != 2) { go(); } //~ constant-condition"),
        Case::good("a.js", "if (role === 'admin' || role === 'owner') { allow(); }"),
        Case::good("a.js", "while (true) { if (go()) break; }"),
        Case::good("a.js", "for (;;) { step(); }"),
        Case::good("a.js", "if (x !== 'a' && x !== 'b') { stop(); }"),
        Case::good("a.js", "if (list.length === 0) { empty(); }"),
        Case::good("a.js", "const name = given || 'none';"),
        Case::good("a.js", "if (ready) { go(); }"),
        Case::good("a.js", "do { step(); } while (false);"),
        Case::near_miss("a.js", "const port = env.PORT || 8080;"),
        Case::near_miss("a.js", "if ((m = re.exec(s))) { use(m); }"),
        Case::near_miss("a.js", "while ((node = node.next)) { use(node); }"),
        Case::near_miss("a.js", "if (x === 'a' || y === 'b') { go(); }"),
        Case::near_miss("a.js", "if (ready || (blocked() && (this.blocked = true))) { go(); }"),
        Case::near_miss("a.js", "if (next() === 1 && next() === 2) { go(); }"),
        Case::near_miss("a.js", "let a; if (a = load()) { a.push(1); } else { b(); }"),
        Case::bad("a.rs", "fn f(x: bool) { if x || true { go(); } } //~ constant-condition"),
        Case::bad("a.rs", "fn f(x: u8) -> bool { x != 1 || x != 2 } //~ constant-condition"),
        Case::bad("a.rs", "fn f(x: u8) -> bool { x == 1 && x == 2 } //~ constant-condition"),
        Case::bad("a.rs", "fn f(s: &str) -> bool { s != \"a\" || s != \"b\" } //~ constant-condition"),
        Case::bad("a.rs", "fn f(x: i32) -> bool { x < 1 && x > 5 } //~ constant-condition"),
        Case::bad("a.rs", "fn f(x: u8) { if x > 1 && false { go(); } } //~ constant-condition"),
        Case::near_miss("a.rs", "fn f() { if false { go(); } }"),
        Case::bad("a.rs", "fn f() { assert!(true); } //~ constant-condition"),
        Case::good("a.rs", "fn f(x: u8) -> bool { x != 1 && x != 2 }"),
        Case::good("a.rs", "fn f(x: u8) -> bool { x == 1 || x == 2 }"),
        Case::good("a.rs", "fn f() { while true { go(); } }"),
        Case::good("a.rs", "fn f(x: i32) -> bool { x > 1 && x < 5 }"),
        Case::good("a.rs", "fn f(x: u8) { assert!(x > 1); }"),
        Case::good("a.rs", "fn f() { assert!(false, \"never\"); }"),
        Case::good("a.rs", "fn f() { if cfg!(test) { go(); } }"),
        Case::good("a.rs", "fn f(x: u8, y: u8) -> bool { x != 1 || y != 2 }"),
        Case::near_miss("a.rs", "fn f(x: &X) -> bool { x.next() == 1 && x.next() == 2 }"),
        Case::near_miss("a.rs", "fn f(x: i32) -> bool { x < 1 || x > 5 }"),
        Case::near_miss("a.rs", "fn f(x: i32) -> bool { x >= 5 && x <= 5 }"),
        Case::near_miss("a.rs", "const ON: bool = true;\nfn f() { if ON { go(); } }"),
        Case::bad("a.js", "function f(a) { if (a || !a) go(); } //~ constant-condition"),
        Case::bad("a.js", "function f(a) { return !a.on && a.on; } //~ constant-condition"),
        Case::bad(
            "a.js",
            "function f(n) { switch (n) { case 1 || 2: //~ constant-condition\n return 'x'; default: return 'y'; } }",
        ),
        Case::near_miss("a.js", "function f(a, b) { return a || !b; }"),
        Case::near_miss("a.js", "function f(q) { return q.next() || !q.next(); }"),
        Case::bad("a.ts", "function f(a: boolean) { if (a === true && a === false) { go(); } } //~ constant-condition"),
        Case::near_miss("a.ts", "function f(a?: boolean) { return a !== true || a !== false; }"),
        Case::near_miss("a.ts", "function f(a?: boolean) { return a === true || a === false; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition).map(bare) else { return };
    // What did not parse may be a type that looks like a condition.
    if cx.arena().has_error() {
        return;
    }
    // `const DEBUG_STYLES = false ? {..} : {}` is switched by hand.
    let switched = node.kind() == Kind::TernaryExpression
        && matches!(condition.kind(), Kind::True | Kind::False)
        && node
            .parent()
            .filter(|p| p.kind() == Kind::VariableDeclarator)
            .and_then(|d| d.child(Field::Name))
            .is_some_and(|n| n.text().contains("DEBUG") || n.text().to_ascii_lowercase().starts_with("debug"));
    // `/* istanbul ignore else */ if (false) { .. }` is kept that way.
    let kept = matches!(condition.kind(), Kind::False)
        && cx.arena().comments().any(|c| {
            let span = c.span();
            span.end <= node.span().start && node.span().start - span.end < 40 && c.text().contains("ignore")
        });
    // `if (true /* no such thing in version 2 */)` says why.
    let explained = matches!(condition.kind(), Kind::True | Kind::False)
        && node.child(Field::Condition).is_some_and(|c| c.children().any(|n| n.is_comment()));
    if switched || kept || explained {
        return;
    }
    let endless = node.kind() == Kind::WhileStatement;
    let mut parts = vec![condition];
    while let Some(part) = parts.pop() {
        let part = bare(part);
        if part.kind() == Kind::BinaryExpression && matches!(operator(part), "||" | "&&") {
            let Some((left, right)) = operands(part) else { continue };
            // `x === 'a' || 'b'`: only in a condition; elsewhere it is a default.
            let compares = |n: Node<'_>| matches!(operator(bare(n)), "==" | "===" | "!=" | "!==");
            if truth(right) == Some(true)
                && operator(part) == "||"
                && compares(left)
                && bare(right).kind() == Kind::String
            {
                let message = format!(
                    "`{}` alone is always true, so that the whole condition is. Compare it too: `x === {0}`.",
                    right.text()
                );
                cx.report(Note::new(cx.rule, right.span(), message));
            } else {
                parts.extend([left, right]);
            }
            continue;
        }
        // `a && (b = true)` is meant.
        if part.kind() == Kind::AssignmentExpression && part == condition {
            let Some(value) = part.child(Field::Right) else { continue };
            if let Some(outcome) = truth(value) {
                let message = format!("This assigns, and the condition is always {outcome}. To compare, write `===`.");
                cx.report(Note::new(cx.rule, part.span(), message));
            }
            continue;
        }
        if part != condition || endless && truth(part) == Some(true) {
            continue;
        }
        if let Some(outcome) = truth(part) {
            let message = format!("This condition is always {outcome}: one branch never runs.");
            cx.report(Note::new(cx.rule, part.span(), message));
        }
    }
}

/// Whether an assertion is handed a function that gives true, or the text of what is wrong: `debugAssert(() => ok || "not ok")`.
fn is_asserted(node: Node<'_>) -> bool {
    let function = node.parent().filter(|p| p.kind() == Kind::ArrowFunction);
    let call = function.and_then(|f| f.parent()).and_then(|a| a.parent());
    call.and_then(|c| c.child(Field::Function)).is_some_and(|f| f.text().to_ascii_lowercase().contains("assert"))
}

/// The truth of a value that is written out.
fn truth(node: Node<'_>) -> Option<bool> {
    truth_within(node, 8)
}

fn truth_within(node: Node<'_>, depth: usize) -> Option<bool> {
    let node = bare(node);
    match node.kind() {
        Kind::True | Kind::Object | Kind::Array | Kind::ArrowFunction | Kind::FunctionExpression | Kind::Regex => {
            Some(true)
        }
        Kind::NewExpression => Some(true),
        Kind::False | Kind::Null | Kind::Undefined => Some(false),
        Kind::Number => Some(!matches!(node.text(), "0" | "0.0" | "0n" | "0x0")),
        Kind::String => Some(node.text().len() > 2),
        Kind::UnaryExpression if operator(node) == "!" => {
            let inner = node.child(Field::Argument).map(bare)?;
            // `!0` and `!1` are a minifier's `true` and `false`, but no less constant.
            truth_within(inner, depth.checked_sub(1)?).map(|t| !t)
        }
        _ => None,
    }
}

/// Whether a value is new each time, and so neither empty nor `null`.
fn always_there(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        Kind::Object
        | Kind::Array
        | Kind::ArrowFunction
        | Kind::FunctionExpression
        | Kind::NewExpression
        | Kind::Regex => true,
        Kind::TemplateString => node.named_children().any(|c| c.kind() != Kind::TemplateSubstitution),
        _ => false,
    }
}

/// Whether a value may be neither `null` nor `undefined`, though it may be false.
fn never_nullish(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        Kind::True | Kind::False | Kind::Number | Kind::String | Kind::TemplateString => true,
        Kind::UnaryExpression => matches!(operator(node), "!" | "+" | "-" | "~" | "typeof"),
        Kind::BinaryExpression => !matches!(operator(node), "||" | "&&" | "??"),
        _ => always_there(node),
    }
}

/// Bounds of one variable that cannot both hold: `x > 5 && x < 3`.
fn contradicts(left: Node<'_>, right: Node<'_>) -> bool {
    let (Some(a), Some(b)) = (bound(left), bound(right)) else { return outside(left, right) };
    a.0 == b.0 && (a.1 && !b.1 && a.2 > b.2 || b.1 && !a.1 && b.2 > a.2)
}

/// Bounds of one variable of which one always holds: `x > 3 || x < 5`.
fn covers(left: Node<'_>, right: Node<'_>) -> bool {
    let (Some(a), Some(b)) = (bound(left), bound(right)) else { return false };
    a.0 == b.0 && (a.1 && !b.1 && a.2 < b.2 || b.1 && !a.1 && b.2 < a.2)
}

/// What is compared with a number, whether it lies above it, and the number.
fn bound(n: Node<'_>) -> Option<(String, bool, f64)> {
    let n = bare(n);
    let (a, b) = operands(n).filter(|_| n.kind() == Kind::BinaryExpression)?;
    let (a, b) = (bare(a), bare(b));
    let up = match operator(n) {
        ">" | ">=" => true,
        "<" | "<=" => false,
        _ => return None,
    };
    let value =
        |n: Node<'_>| n.text().parse::<f64>().ok().filter(|_| matches!(n.kind(), Kind::Number | Kind::UnaryExpression));
    match (value(a), value(b)) {
        (None, Some(limit)) if only_reads(a) => Some((a.text().to_owned(), up, limit)),
        (Some(limit), None) if only_reads(b) => Some((b.text().to_owned(), !up, limit)),
        _ => None,
    }
}

/// Below the least and above the greatest at once, by the names of the bounds: `x < min && x > max`.
fn outside(left: Node<'_>, right: Node<'_>) -> bool {
    let side = |n: Node<'_>| -> Option<(String, &'static str, String)> {
        let n = bare(n);
        let (a, b) = operands(n).filter(|_| n.kind() == Kind::BinaryExpression)?;
        let (a, b) = (bare(a), bare(b));
        let word = match operator(n) {
            "<" | "<=" => ["min", "minimum", "lower", "lo", "low"],
            ">" | ">=" => ["max", "maximum", "upper", "hi", "high"],
            _ => return None,
        };
        let name = crate::rules::support::place_name(b)?;
        let words = crate::rules::support::words(&name);
        let found = word.into_iter().find(|w| words.iter().any(|x| x == w))?;
        let rest: String = words.into_iter().filter(|w| w != found).collect();
        only_reads(a).then(|| (a.text().to_owned(), found, rest))
    };
    let (Some(a), Some(b)) = (side(left), side(right)) else { return false };
    let pair = |x: &str, y: &str| {
        matches!((x, y), ("min", "max") | ("minimum", "maximum") | ("lower", "upper") | ("lo", "hi") | ("low", "high"))
    };
    a.0 == b.0 && a.2 == b.2 && (pair(a.1, b.1) || pair(b.1, a.1))
}

/// `case 1, 2:`
fn case<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(value) = node.child(Field::Value).map(bare).filter(|v| v.kind() == Kind::SequenceExpression) else {
        return;
    };
    let last = value.last_named().map_or("", Node::text);
    let message =
        format!("The comma gives `{last}`, so that this case asks for that alone. Write one `case` for each value.");
    cx.report(Note::new(cx.rule, value.span(), message));
}

fn compare<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    // TypeScript's grammar reads `a && !a!.b()` as `(a && !a)!.b()`.
    let asserted = node.parent().is_some_and(|p| p.kind() == Kind::NonNullExpression);
    if cx.family() != Family::Ecma || asserted {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let op = operator(node);
    match op {
        "==" | "===" | "!=" | "!==" => {
            let made = |n: Node<'_>| bare(n).kind() == Kind::NewExpression;
            let is_list = crate::rules::shape::is_array;
            let fresh = |n: Node<'_>| {
                let n = bare(n);
                matches!(n.kind(), Kind::Object | Kind::ArrowFunction | Kind::FunctionExpression | Kind::Regex)
                    || n.kind() == Kind::Array && (op.len() == 3 || is_list(left) && is_list(right))
                    || n.kind() == Kind::NewExpression && (op.len() == 3 || made(left) && made(right))
            };
            let written = |n: Node<'_>| matches!(bare(n).kind(), Kind::Number | Kind::String);
            if written(left) && written(right) && bare(left).kind() == bare(right).kind() {
                let message = "Two values that stand here are compared, so that the outcome is always the same. A variable was meant.";
                cx.report(Note::new(cx.rule, node.span(), message));
            } else if fresh(left) || fresh(right) {
                let outcome = op.starts_with('!');
                let message = format!(
                    "A new object equals nothing else, so that this is always {outcome}. Compare its content: `length`, keys, or a deep comparison."
                );
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
        "||" | "??" if always_there(left) || op == "??" && never_nullish(left) && !is_literal(left) => {
            let message =
                format!("The value on the left is always there, so that what stands behind `{op}` is never used.");
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "||" if covers(left, right) => {
            let message = "Every number is on one side of these bounds or the other, so that this is always true. `&&` was meant.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "&&" if contradicts(left, right) => {
            let message = "No number is beyond both of these bounds, so that this is always false. `||` was meant, or another number.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        // `!text || text` gives `true` where there is no text, and the text where there is.
        "||" if bare(left).kind() == Kind::UnaryExpression && negates(left, right) && !is_asked(node) => {}
        "||" | "&&" if negates(left, right) => {
            let outcome = op == "||";
            let message = format!(
                "One of the two is the other's opposite, so that this is always {outcome}. Another operand was meant."
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "||" if is_literal(left) && node.parent().is_some_and(|p| p.kind() == Kind::SwitchCase) => {
            let message = format!(
                "`||` gives `{}`, so that this case asks for that alone. Write one `case` for each value.",
                left.text()
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "||" if bare(right).kind() == Kind::String
            && literal_test(left, "&&").is_some_and(|(_, text)| text.kind() == Kind::String)
            && is_value_of_its_own(node)
            && !is_asserted(node) =>
        {
            let message = format!(
                "`{}` alone is always true, so that this is `true` or that text. Compare it too: `x === {0}`.",
                right.text()
            );
            cx.report(Note::new(cx.rule, right.span(), message));
        }
        "||" | "&&" => {
            let (Some(a), Some(b)) = (literal_test(left, op), literal_test(right, op)) else { return };
            let truths = |n: Node<'_>| matches!(n.kind(), Kind::True | Kind::False);
            let alike = a.1.kind() == b.1.kind() || truths(a.1) && truths(b.1) && op == "&&";
            if same(a.0, b.0) && only_reads(a.0) && alike && a.1.text() != b.1.text() {
                let message = if op == "||" {
                    format!(
                        "`{}` differs from one of the two whatever it is, so that this is always true. `&&` was meant.",
                        a.0.text()
                    )
                } else {
                    format!("`{}` cannot equal both, so that this is always false. `||` was meant.", a.0.text())
                };
                cx.report(Note::new(cx.rule, node.span(), message));
            }
        }
        _ => {}
    }
}

/// Whether an operation is returned or stored as it is, and no part of a condition, where `check` looks.
fn is_value_of_its_own(node: Node<'_>) -> bool {
    let outer = node.ancestors().find(|a| a.kind() != Kind::ParenthesizedExpression);
    outer.is_some_and(|p| {
        matches!(
            p.kind(),
            Kind::ReturnStatement | Kind::ArrowFunction | Kind::VariableDeclarator | Kind::AssignmentExpression
        )
    })
}

/// Whether one of two is `!` of the other.
/// Whether a value is only asked whether it is true: a condition, or an operand of one.
fn is_asked(node: Node<'_>) -> bool {
    let outer = node.ancestors().find(|a| {
        let joins = a.kind() == Kind::BinaryExpression && matches!(operator(*a), "&&" | "||");
        a.kind() != Kind::ParenthesizedExpression && !joins
    });
    outer.is_some_and(|o| {
        matches!(
            o.kind(),
            Kind::IfStatement | Kind::WhileStatement | Kind::DoStatement | Kind::ForStatement | Kind::UnaryExpression
        ) || o.kind() == Kind::TernaryExpression
            && o.child(Field::Condition).is_some_and(|c| c.span().contains(node.span()))
    })
}

fn negates<'a>(left: Node<'a>, right: Node<'a>) -> bool {
    let inner = |n: Node<'a>| {
        let n = bare(n);
        let argument = n.child(Field::Argument).map(bare);
        argument.filter(|_| n.kind() == Kind::UnaryExpression && operator(n) == "!").filter(|a| only_reads(*a))
    };
    inner(left).is_some_and(|l| same(l, bare(right))) || inner(right).is_some_and(|r| same(r, bare(left)))
}

fn is_literal(node: Node<'_>) -> bool {
    matches!(bare(node).kind(), Kind::True | Kind::False | Kind::Number | Kind::String)
}

/// Operand and literal of `x !== 'a'` (under `||`) or `x === 'a'` (under `&&`).
fn literal_test<'a>(node: Node<'a>, around: &str) -> Option<(Node<'a>, Node<'a>)> {
    let node = bare(node);
    if node.kind() != Kind::BinaryExpression {
        return None;
    }
    let op = operator(node);
    let fits = if around == "||" { matches!(op, "!=" | "!==") } else { matches!(op, "==" | "===") };
    let (left, right) = operands(node)?;
    // `x != null || x != undefined` mixes kinds; equal kinds of loose equality with numbers and strings are exact.
    let literal = |n: Node<'_>| matches!(n.kind(), Kind::Number | Kind::String | Kind::True | Kind::False);
    let (left, right) = (bare(left), bare(right));
    match (literal(left), literal(right)) {
        (false, true) if fits => Some((left, right)),
        (true, false) if fits => Some((right, left)),
        _ => None,
    }
}

// Rust.

fn rust_condition<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition) else { return };
    let mut parts = vec![condition];
    while let Some(part) = parts.pop() {
        let part = bare(part);
        if part.kind() == Kind::BinaryExpression && matches!(operator(part), "&&" | "||") {
            parts.extend(operands(part).into_iter().flat_map(|(l, r)| [l, r]));
        } else if part.kind() == Kind::BooleanLiteral {
            // `if false` alone keeps code that is compiled and not run.
            if part == bare(condition) {
                continue;
            }
            let outcome = part.text() == "true";
            let message = format!("This condition is always {outcome}: one branch never runs.");
            cx.report(Note::new(cx.rule, part.span(), message));
        }
    }
}

fn rust_compare<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let op = operator(node);
    if !matches!(op, "&&" | "||") {
        return;
    }
    let (Some(a), Some(b)) = (rust_test(left), rust_test(right)) else { return };
    // A length is the same when it is asked again.
    let length = crate::rules::rust_code::plain_method(a.0).filter(|(_, m)| *m == "len").map(|(of, _)| of);
    if !same(a.0, b.0) || !only_reads(length.unwrap_or(a.0)) {
        return;
    }
    let differ = a.2.text() != b.2.text() && a.2.kind() == b.2.kind();
    let numbers = number(a.2).zip(number(b.2));
    let message = match (op, a.1, b.1, numbers) {
        ("||", "!=", "!=", _) if differ => {
            format!(
                "`{}` differs from one of the two whatever it is, so that this is always true. `&&` was meant.",
                a.0.text()
            )
        }
        ("&&", "==", "==", _) if differ => {
            format!("`{}` cannot equal both, so that this is always false. `||` was meant.", a.0.text())
        }
        ("&&", "<", ">", Some((low, high))) | ("&&", ">", "<", Some((high, low))) if low <= high => {
            format!("`{}` cannot be both, so that this is always false. `||` was meant.", a.0.text())
        }
        ("||", ">" | ">=", "<" | "<=", Some((low, high))) | ("||", "<" | "<=", ">" | ">=", Some((high, low)))
            if low < high =>
        {
            format!("Every `{}` is one of the two, so that this is always true. `&&` was meant.", a.0.text())
        }
        _ => return,
    };
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// The number that a literal stands for: `10`, `b'a'`, `'a'`.
fn number(literal: Node<'_>) -> Option<i128> {
    if literal.kind() != Kind::CharLiteral {
        return integer(literal);
    }
    let mut inside = literal.text().trim_start_matches('b').trim_matches('\'').chars();
    let only = inside.next()?;
    inside.next().is_none().then(|| i128::from(u32::from(only)))
}

/// Operand, operator and literal of a comparison.
fn rust_test<'a>(node: Node<'a>) -> Option<(Node<'a>, &'a str, Node<'a>)> {
    let node = bare(node);
    let (left, right) = operands(node)?;
    let literal = matches!(bare(right).kind(), Kind::IntegerLiteral | Kind::StringLiteral | Kind::CharLiteral)
        || integer(right).is_some();
    (literal && matches!(operator(node), "==" | "!=" | "<" | ">" | "<=" | ">=")).then_some((
        bare(left),
        operator(node),
        bare(right),
    ))
}

fn rust_assert<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let tree = node.child_of_kind(Kind::TokenTree).filter(|_| matches!(macro_name(node), "assert" | "debug_assert"));
    let Some(tree) = tree else { return };
    // `assert!(false, ..)` is a panic by another name.
    if tree.children().nth(1).is_some_and(|t| t.text() == "true")
        && tree.children().nth(2).is_none_or(|t| matches!(t.text(), "," | ")"))
    {
        cx.report(Note::new(cx.rule, node.span(), "This asserts nothing: the condition is always true."));
    }
}
