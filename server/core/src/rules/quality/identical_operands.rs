use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_types::{macro_name, type_of};
use crate::rules::shape::{only_reads, operands, operator, same};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "identical-operands",
    summary: "both sides of an operator are the same expression",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1025, 571],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons, logical, bitwise and arithmetic operators with the same expression on both sides: `a.x \
              === a.x`, `ready && ready`, `n - n`. In Rust also `assert_eq!(a, a)`.",
        why: "The result does not depend on the operator, so that one side was meant to be something else: most often a \
              copy was not changed.",
        example: "if (rect.width > min && rect.width > min) { draw(); }",
        instead: "if (rect.width > min && rect.height > min) { draw(); }",
        limits: "Operands that call something are left alone, for they may differ, except for methods that only ask, such as `len()`. `x !== x` on a plain variable asks for NaN \
              and is meant, as is `value === value` of numeric code; so are two literals, and `x & x`, which makes a 32 bit integer. Rust's macros are not read.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check), Check::Nodes(&[Kind::MacroInvocation], asserted)],
    cases: &[
        Case::near_miss(
            "a.js",
            "function add(e) { if (!(e.x === e.x && e.y === e.y)) { return; } put(e); }\nfunction one(v) { return typeof v === 'number' && v === v ? v : null; }\nfunction key(g) { const k = parseInt(g.index, 10); if (k === k) { put(k); } }",
        ),
        Case::bad("a.js", "function same(a, b) { return a.x === a.x && a.y === b.y; } //~ identical-operands"),
        Case::near_miss(
            "a.js",
            "function same(a, b) { const cv1 = Number(a), cv2 = Number(b); if (cv1 === cv1 || cv2 === cv2) { return cv1 === cv2; } return a === b; }",
        ),
        Case::near_miss("a.ts", "function f(line?: L) { if (line && line!.isWrapped) { go(); } }"),
        Case::bad("a.js", "const same = a.start === a.start; //~ identical-operands"),
        Case::bad("a.js", "if (rect.width > min && rect.width > min) { draw(); } //~ identical-operands"),
        Case::bad("a.js", "const x = ready || ready; //~ identical-operands"),
        Case::bad("a.js", "const d = end - end; //~ identical-operands"),
        Case::bad("a.ts", "const ok = (p.x as number) <= (p.x); //~ identical-operands"),
        Case::bad("a.js", "if (list[i] == list[i]) { go(); } //~ identical-operands"),
        Case::bad("a.js", "const m = flags ^ flags; //~ identical-operands"),
        Case::bad("a.js", "const v = opts.name ?? opts.name; //~ identical-operands"),
        Case::bad("a.rs", "fn f(a: &P) -> bool { a.x == a.x } //~ identical-operands"),
        Case::bad("a.rs", "fn g(a: u32, b: u32) -> bool { a > b || a > b } //~ identical-operands"),
        Case::bad("a.js", "function f(nameA, nameB) { return nameA === nameA ? 0 : 1; } //~ identical-operands"),
        Case::bad(
            "a.ts",
            "function f(a: O, b: O) { return a.id === b.id && a.user === b.user && a.id === b.id; } //~ identical-operands",
        ),
        Case::bad("a.rs", "fn f(a: &[u8], b: &[u8]) -> bool { a.len() == a.len() } //~ identical-operands"),
        Case::bad(
            "a.ts",
            "export const same = (a: string, b: string) => a.trim().toLowerCase() === a.trim().toLowerCase(); //~ identical-operands",
        ),
        Case::near_miss("a.js", "function f(msg) { return msg && msg.message && msg || { message: msg }; }"),
        Case::near_miss("a.js", "function f(value) { return value === value ? value : 0; }"),
        Case::near_miss("a.js", "function f(a) { return a.ready && next() && a.ready; }"),
        Case::bad("a.rs", "fn f(a: u32) -> bool { a == a } //~ identical-operands"),
        Case::bad("a.rs", "fn f(name: &str) -> bool { name != name } //~ identical-operands"),
        Case::near_miss("a.rs", "fn f(a: f64, b: T) -> bool { a != a || b == b }"),
        Case::good("a.js", "const same = a.start === b.start;"),
        Case::good("a.js", "const d = end - start;"),
        Case::good("a.js", "const sq = x * x;"),
        Case::good("a.js", "const dbl = x + x;"),
        Case::good("a.js", "const bits = 1 << 1;"),
        Case::good("a.js", "if (a && b) { go(); }"),
        Case::good("a.js", "const n = next() - next();"),
        Case::good("a.rs", "fn f(a: &P, b: &P) -> bool { a.x == b.x }"),
        Case::near_miss("a.js", "const isNaN = (v) => v !== v;"),
        Case::near_miss("a.js", "if (it.next() === it.next()) { go(); }"),
        Case::near_miss("a.js", "const nan = 0 / 0;"),
        Case::near_miss("a.js", "hash = hash & hash;"),
        Case::near_miss("a.js", "const eq = a[i++] === a[i++];"),
        Case::near_miss("a.rs", "fn f(a: f64) -> bool { a != a }"),
        Case::near_miss("a.js", "const same = a['x'] === a['y'];"),
        Case::bad("a.rs", "fn f(a: &P) { assert_eq!(a.x, a.x); } //~ identical-operands"),
        Case::bad("a.rs", "fn f(a: u8) { debug_assert_ne!(a, a, \"differs\"); } //~ identical-operands"),
        Case::bad("a.rs", "fn f(n: usize) -> usize { n - n } //~ identical-operands"),
        Case::good("a.rs", "fn f(a: &P, b: &P) { assert_eq!(a.x, b.x); }"),
        Case::good("a.rs", "fn f(a: &P) { assert_eq!(a.next(), a.next()); }"),
        Case::near_miss("a.rs", "fn f(a: &P) { assert_eq!(a, &a.clone()); }"),
        Case::good("a.ts", "const same = (a: P, b: P) => a.x === b.x && a.y === b.y;"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let op = operator(node);
    let equality = matches!(op, "==" | "===" | "!=" | "!==");
    if !equality && !matches!(op, "<" | "<=" | ">" | ">=" | "-" | "/" | "%" | "&&" | "||" | "??" | "^") {
        return;
    }
    // TypeScript's grammar reads `a && a!.b` as `(a && a)!.b`.
    if node.parent().is_some_and(|p| p.kind() == Kind::NonNullExpression) {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let (left, right) = (bare(left), bare(right));
    let plain = matches!(left.kind(), Kind::Identifier | Kind::This);
    let literal = matches!(
        left.kind(),
        Kind::Number
            | Kind::String
            | Kind::IntegerLiteral
            | Kind::FloatLiteral
            | Kind::StringLiteral
            | Kind::True
            | Kind::False
    );
    // What is not equal to itself is NaN; numeric code asks for the opposite too.
    let certain = cx.family() == Family::Rust && type_of(left, cx).is_some_and(|t| NEVER_NAN.contains(&t.name));
    let numeric_name = matches!(
        left.text(),
        "value" | "val" | "other" | "computed" | "current" | "result" | "upper" | "lower" | "number" | "num"
    );
    let numeric = !certain
        && (cx.family() != Family::Ecma
            || matches!(op, "!=" | "!==")
            || numeric_name
            || equality && asks_for_nan(left));
    if let Some(first) = earlier(left, right, op) {
        let message = format!(
            "`{}` stands in this chain of `{op}` twice. One of them was meant to be something else.",
            short(right)
        );
        cx.report(Note::new(cx.rule, right.span(), message).related(first.span(), "stands here already"));
        return;
    }
    // `!(p.x === p.x && p.y === p.y)`, `typeof v === 'number' && v === v`, `a != a ? b == b : ..` ask for NaN as well.
    let asks = matches!(op, "==" | "===") && cx.family() == Family::Ecma && {
        let chain = node.ancestors().take_while(|a| {
            matches!(a.kind(), Kind::ParenthesizedExpression | Kind::TernaryExpression)
                || a.kind() == Kind::BinaryExpression && matches!(operator(*a), "&&" | "||")
        });
        let whole = chain.last().unwrap_or(node);
        let own = |n: Node<'a>| {
            matches!(operator(n), "==" | "===" | "!=" | "!==")
                && n != node
                && operands(n).is_some_and(|(l, r)| same(bare(l), bare(r)))
        };
        let typed = |n: Node<'a>| {
            operands(n).is_some_and(|(l, r)| {
                l.text() == format!("typeof {}", left.text()) && r.text().trim_matches(['\'', '"']) == "number"
            })
        };
        std::iter::once(whole).chain(whole.descendants()).any(|n| own(n) || typed(n))
    };
    // So does who made it a number: `const k = parseInt(text, 10)`, `toNum(x)`.
    let made = plain
        && equality
        && crate::rules::shape::local_value(left, node.arena().root()).is_some_and(|v| {
            v.kind() == Kind::CallExpression
                && v.child(Field::Function).and_then(crate::rules::support::place_name).is_some_and(|f| {
                    matches!(f.as_ref(), "parseInt" | "parseFloat" | "Number")
                        || crate::rules::support::words(&f).iter().any(|w| matches!(w.as_str(), "num" | "number"))
                })
        });
    if literal
        || asks
        || made
        || equality && plain && numeric
        || op == "!=="
        || !same(left, right)
        || !(only_reads(left) || only_asks(left))
    {
        return;
    }
    let always = match op {
        "==" | "===" | "<=" | ">=" => "always true",
        "!=" | "!==" | "<" | ">" => "always false",
        "-" | "^" | "%" => "always 0",
        "/" => "always 1",
        _ => "the operand itself",
    };
    let message = format!(
        "Both sides of `{op}` are `{}`: the result is {always}. One of them was meant to be something else.",
        short(left)
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether the code around knows that a number may be unequal to itself: it says `NaN`, makes the value a number, or asks `x !== x`, too.
fn asks_for_nan(value: Node<'_>) -> bool {
    let name = value.text();
    let text = value.arena().text();
    text.contains("NaN")
        || text.contains(&format!("{name} !== {name}"))
        || text.contains(&format!("{name} != {name}"))
        || text.contains(&format!("{name} = Number("))
        || text.contains(&format!("{name} = parseFloat("))
}

/// Whether the only calls in an expression are those of methods that give the same answer twice: `a.len()`, `a.trim()`.
fn only_asks(node: Node<'_>) -> bool {
    let call = bare(node);
    let Some((of, name)) = method(call).filter(|_| args(call).next().is_none()) else { return false };
    let asks = matches!(
        name.text(),
        "len"
            | "is_empty"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "as_str"
            | "as_bytes"
            | "trim"
            | "abs"
            | "to_lowercase"
            | "to_uppercase"
            | "to_ascii_lowercase"
            | "toLowerCase"
            | "toUpperCase"
            | "getTime"
    );
    asks && (only_reads(of) || only_asks(of))
}

/// Types of Rust whose values all equal themselves.
const NEVER_NAN: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool", "char", "str",
    "String",
];

/// The operand of a chain (`a && b && a`) that the last one repeats, other than its neighbour alone.
fn earlier<'a>(left: Node<'a>, right: Node<'a>, op: &str) -> Option<Node<'a>> {
    // `a && a.b && a` gives `a`, and means to.
    let compares = right.kind() == Kind::BinaryExpression;
    if !compares || !matches!(op, "&&" | "||") || operator(left) != op || !only_reads(right) {
        return None;
    }
    let mut at = left;
    for _ in 0..20 {
        let (inner, last) = operands(at).filter(|_| operator(at) == op)?;
        if same(last, right) && only_reads(last) {
            return Some(last);
        }
        if !only_reads(last) {
            return None;
        }
        at = bare(inner);
        if operator(at) != op {
            return (same(at, right) && only_reads(at)).then_some(at);
        }
    }
    None
}

fn short(node: Node<'_>) -> String {
    let text = node.text();
    if text.chars().count() <= 40 && !text.contains('\n') { text.to_owned() } else { "the same expression".to_owned() }
}

// Rust.

/// `assert_eq!(a, a)`.
fn asserted<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if !matches!(macro_name(node), "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne") {
        return;
    }
    let Some(tree) = node.child_of_kind(Kind::TokenTree) else { return };
    let mut inner: Vec<Node<'a>> = tree.children().skip(1).collect();
    inner.pop_if(|t| t.text() == ")");
    let mut parts = inner.split(|t| t.text() == ",");
    let (Some(left), Some(right)) = (parts.next(), parts.next()) else { return };
    // Calls may give different results each time.
    let plain = |t: &Node<'_>| t.kind() != Kind::TokenTree && t.kind() != Kind::Token || t.text() == ".";
    let equal = left.len() == right.len() && left.iter().zip(right).all(|(a, b)| a.text() == b.text());
    let named = left.iter().any(|t| matches!(t.kind(), Kind::Identifier | Kind::SelfValue));
    if !equal || !named || !left.iter().all(plain) {
        return;
    }
    let message =
        "Both sides are the same expression: this asserts nothing. One of them was meant to be something else.";
    cx.report(Note::new(cx.rule, node.span(), message));
}
