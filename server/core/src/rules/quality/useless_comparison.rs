use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_code::{integer, limits};
use crate::rules::rust_types::type_of;
use crate::rules::shape::{is_array, operands, operator, written_type};
use crate::rules::support::{args, bare, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "useless-comparison",
    summary: "a comparison does not compare what it seems to",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[783, 697],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds comparisons whose outcome is fixed or whose operands are grouped otherwise than they look: \
              `list.length < 0`, `!key in map`, `!x instanceof C`, `a < b < c`, `flags & MASK === 0`, `s.toLowerCase() === 'Yes'`. In Rust: comparisons with a value beyond the type's limits (`n < 0` where `n` is unsigned, `b > 255` where it is a `u8`).",
        why: "A length is never negative, `!key in map` asks for the key `false`, and `flags & (MASK === 0)` is nearly \
              always 0: the check passes or fails whatever the data is.",
        example: "if (!key in cache) { load(key); }",
        instead: "if (!(key in cache)) { load(key); }",
        limits: "`length >= 0` and the like only of `length` and `size`, whose values are known to be natural numbers.",
        fix: "Parentheses are suggested where they are certainly meant.",
    },
    checks: &[Check::Nodes(&[Kind::BinaryExpression], check), Check::Nodes(&[Kind::BinaryExpression], rust_limits)],
    cases: &[
        Case::bad(
            "a.js",
            "const newer = (a, b) => a.split('.').map(Number) > b.split('.').map(Number); //~ useless-comparison",
        ),
        Case::near_miss("a.js", "const longer = (a, b) => a.split('.').length > b.split('.').length;"),
        Case::near_miss(
            "a.js",
            "function f(query, n) { if (query.size < 0 && n > 3) { return 1; } if (query.size > 0 && n < 3) { return 2; } return 0; }",
        ),
        Case::bad("a.js", "const on = (s) => s.toLowerCase() === 'ABC'; //~ useless-comparison"),
        Case::bad("a.ts", "if ('yes' !== (answer as string).toUpperCase()) { stop(); } //~ useless-comparison"),
        Case::near_miss(
            "a.js",
            "const on = (s) => s.toLowerCase() === 'abc-1' || s.toUpperCase() === 'ABC_1' || s.trim() === 'Abc';",
        ),
        Case::near_miss(
            "a.js",
            "function f(p) { if (!p.hash || !(p.length >= 0)) { throw new Error('Invalid prologue'); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a, b) { const next = update(a, b); if (next.length !== -1) { go(next.length); } }",
        ),
        Case::near_miss(
            "a.ts",
            "const size = (b: B) => (Number.isFinite(b.size) && b.size >= 0 ? b.size : undefined);",
        ),
        Case::near_miss("a.js", "function f(x) { return typeof x.length !== 'number' || x.length < 0; }"),
        Case::bad("a.js", "function f(a) { return a.length === '3'; } //~ useless-comparison"),
        Case::near_miss("a.js", "function f(a) { return a.length == '3' || a.length === 'long'; }"),
        Case::bad("a.js", "if ('admin' in ['admin', 'root']) go(); //~ useless-comparison"),
        Case::bad("a.ts", "function f(roles: string[]) { return 'admin' in roles; } //~ useless-comparison"),
        Case::bad("a.ts", "function f(xs: number[], x: number) { return xs.indexOf(x) > 0; } //~ useless-comparison"),
        Case::bad("a.js", "if (list.includes(x) === -1) go(); //~ useless-comparison"),
        Case::bad("a.js", "if (s.indexOf('a') === true) go(); //~ useless-comparison"),
        Case::bad("a.js", "if (x === -0) go(); //~ useless-comparison"),
        Case::good("a.js", "if ('key' in options || 0 in [1]) go();"),
        Case::good("a.ts", "function f(xs: number[], x: number) { return xs.indexOf(x) > -1 && xs.indexOf(x) >= 0; }"),
        Case::near_miss("a.js", "if (name.indexOf('.') > 0) go();"),
        Case::near_miss("a.js", "if ('length' in ['a']) go(); if (re.test(s) == 1) go();"),
        Case::bad("a.js", "if (!key in cache) { load(key); } //~ useless-comparison"),
        Case::bad("a.js", "if (!x instanceof Error) { wrap(x); } //~ useless-comparison"),
        Case::bad("a.js", "if (list.length < 0) { empty(); } //~ useless-comparison"),
        Case::bad("a.js", "const ok = list.length >= 0; //~ useless-comparison"),
        Case::bad("a.js", "if (0 < a < 10) { go(); } //~ useless-comparison"),
        Case::bad("a.js", "if (flags & MASK === 0) { go(); } //~ useless-comparison"),
        Case::bad("a.ts", "if (set.size < 0) { go(); } //~ useless-comparison"),
        Case::bad("a.js", "if (s.indexOf('x') < -1) { go(); } //~ useless-comparison"),
        Case::bad("a.js", "const none = list.length === -1; //~ useless-comparison"),
        Case::bad("a.js", "if (0 > xs.length) { go(); } //~ useless-comparison"),
        Case::bad("a.js", "if (mode != 1 | 2) { go(); } //~ useless-comparison"),
        Case::good("a.js", "if (!(key in cache)) { load(key); }"),
        Case::good("a.js", "if (!(x instanceof Error)) { wrap(x); }"),
        Case::good("a.js", "if (list.length > 0) { go(); }"),
        Case::good("a.js", "if (0 < a && a < 10) { go(); }"),
        Case::good("a.js", "if ((flags & MASK) === 0) { go(); }"),
        Case::good("a.js", "if (s.indexOf('x') < 0) { go(); }"),
        Case::good("a.js", "if (n >= 0) { go(); }"),
        Case::good("a.js", "if (s.indexOf('x') === -1) { go(); }"),
        Case::near_miss("a.js", "if (o.length - n < 0) { go(); }"),
        Case::near_miss("a.js", "const same = (a < b) === (c < d);"),
        Case::near_miss("a.js", "const bits = a & b;"),
        Case::near_miss("a.js", "const n = (x == 1) | (y == 2);"),
        Case::near_miss("a.js", "if (lengths[0] < 0) { go(); }"),
        Case::near_miss("a.js", "if (!hidden && key in cache) {}"),
        Case::near_miss("a.ts", "const t = f<A>(x) > 1;"),
        Case::bad("a.rs", "fn f(n: u32) -> bool { n < 0 } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(v: &[u8]) -> bool { v.len() >= 0 } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(b: u8) -> bool { b > 255 } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(n: u16) -> bool { n <= u16::MAX } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(n: i8) -> bool { n == 200 } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(n: usize) -> bool { 0 > n } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(n: i32) -> bool { n < i32::MIN } //~ useless-comparison"),
        Case::bad("a.rs", "fn f(s: &str) -> bool { s.len() < 0 } //~ useless-comparison"),
        Case::good("a.rs", "fn f(n: u32) -> bool { n == 0 }"),
        Case::good("a.rs", "fn f(n: i32) -> bool { n < 0 }"),
        Case::good("a.rs", "fn f(b: u8) -> bool { b >= 255 }"),
        Case::good("a.rs", "fn f(n: u16) -> bool { n < u16::MAX }"),
        Case::good("a.rs", "fn f(n: usize) -> bool { n > u32::MAX as usize }"),
        Case::good("a.rs", "fn f(v: &[u8]) -> bool { v.len() > 0 }"),
        Case::good("a.rs", "fn f(n: u64) -> bool { n > 0 }"),
        Case::good("a.rs", "fn f(n: T) -> bool { n < 0 }"),
        Case::near_miss("a.rs", "fn f(n: u32) -> bool { n <= 0 }"),
        Case::near_miss("a.rs", "fn f(n: i64) -> bool { n == 5_000_000_000 }"),
        Case::near_miss("a.rs", "fn f(n: &u32) -> bool { *n > 0 }"),
        Case::near_miss("a.rs", "fn f(n: f64) -> bool { n < 0.0 }"),
        Case::bad("a.ts", "function f(b: number) { if (1 < b < 5) go(); } //~ useless-comparison"),
        Case::bad("a.js", "const x = list.length === -1; //~ useless-comparison"),
        Case::near_miss(
            "a.ts",
            "function f(x: A | A[]) { let y: A[] = x as A[];\n if (Array.isArray(y)) go(); else if (typeof y === 'object' && 'key' in y) add(y); }",
        ),
        Case::near_miss(
            "a.ts",
            "function f(m: M) {\n  // -1 length is for back compat\n  return m.info.length === -1;\n}",
        ),
        Case::near_miss("a.ts", "function f(a: number, b: number, c: number) { return a < b && b < c; }"),
        Case::bad("a.js", "function f(x) { if (!x === 5) go(); } //~ useless-comparison"),
        Case::bad("a.js", "function f(o) { return !o.kind == 'a'; } //~ useless-comparison"),
        Case::near_miss("a.js", "function f(x, y) { return !x === !y || !x === true; }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    let op = operator(node);
    // Generic arguments that did not parse look like comparisons.
    if cx.arena().has_error() {
        return;
    }
    let comparison = |o: &str| matches!(o, "<" | "<=" | ">" | ">=");
    let equality = |o: &str| matches!(o, "==" | "===" | "!=" | "!==");
    match op {
        "in" | "instanceof" if left.kind() == Kind::UnaryExpression && operator(left) == "!" => {
            let Some(inner) = left.child(Field::Argument) else { return };
            let message = format!(
                "`!` applies to `{}` alone, not to the whole test. Put parentheses around `{0} {op} {}`.",
                inner.text(),
                right.text()
            );
            let text = format!("!({} {op} {})", inner.text(), right.text());
            cx.report(
                Note::new(cx.rule, node.span(), message)
                    .suggestion("Put the test in parentheses", vec![(node.span(), text)]),
            );
        }
        _ if comparison(op)
            && left.kind() != Kind::Identifier
            && crate::rules::shape::is_array(left)
            && crate::rules::shape::is_array(right) =>
        {
            let message = "Arrays are compared as text, joined by commas: `[10] < [9]`. Compare element by element.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        // `f<T>(x)` may read as two comparisons. TypeScript's grammar groups some chains to the right.
        _ if comparison(op)
            && (left.kind() == Kind::BinaryExpression
                && comparison(operator(left))
                && !(operator(left) == "<" && op == ">")
                || right.kind() == Kind::BinaryExpression
                    && comparison(operator(right))
                    && !(op == "<" && operator(right) == ">")) =>
        {
            let message = "This compares the outcome of the first comparison, `true` or `false`, with the second number. Join two comparisons with `&&`.";
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "&" | "|" | "^" => {
            let compares = |n: Node<'a>| n.kind() == Kind::BinaryExpression && equality(operator(n));
            // Two comparisons joined by a bit operator are slow but right.
            let (l, r) = (compares(left), compares(right));
            let loose = if r && !is_truth(left) {
                Some(right)
            } else if l && !is_truth(right) {
                Some(left)
            } else {
                None
            };
            let Some(loose) = loose.filter(|_| l != r) else { return };
            let message = format!(
                "`{}` binds tighter than `{op}`: the comparison comes first. Put the bit operation in parentheses.",
                operator(loose)
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "==" | "===" | "!=" | "!==" if negated(left) && is_value(right) => {
            let message = format!(
                "`!` applies to `{}` alone: `true` or `false` is compared with {}. Write `{0} {} {1}`.",
                left.child(Field::Argument).map_or("", Node::text),
                right.text(),
                if op.starts_with('!') { "===" } else { "!==" }
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "===" | "!==" if [(left, right), (right, left)].iter().any(|(a, b)| is_length(*a) && is_digits(*b)) => {
            let fixed = op == "!==";
            let message =
                format!("This is always {fixed}: a length is a number, and never equals a text. Drop the quotes.");
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "==" | "===" | "!=" | "!==" if [(left, right), (right, left)].iter().any(|(a, b)| loses_case(*a, *b)) => {
            let fixed = op.starts_with('!');
            let message = format!(
                "This is always {fixed}: the text was written in the other case before it is compared with {}.",
                if string_value(left).is_some() { left.text() } else { right.text() }
            );
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        "in" if is_plain_array(right) && names_no_index(left) && !asked_for_array(right) => {
            let message = format!(
                "`in` asks an array for an index, and never for a value. Write `{}.includes({})`.",
                right.text(),
                left.text()
            );
            let text = format!("{}.includes({})", right.text(), left.text());
            cx.report(Note::new(cx.rule, node.span(), message).suggestion("Use `includes`", vec![(node.span(), text)]));
        }
        _ if (comparison(op) || equality(op)) && mixed_kinds(node, cx) => {}
        _ if comparison(op) || equality(op) => {
            let (value, number, op) = match (number(left), number(right)) {
                (None, Some(n)) => (left, n, op),
                (Some(n), None) => (right, n, mirrored(op)),
                _ => return,
            };
            let value = bare(value);
            if op == ">" && number == 0.0 && skips_first(value) {
                let message =
                    "This is false for the first element, whose index is 0. Write `>= 0`, `> -1` or `includes`.";
                cx.report(Note::new(cx.rule, node.span(), message));
                return;
            }
            let least = match value.kind() {
                Kind::MemberExpression
                    if value.child(Field::Property).is_some_and(|p| matches!(p.text(), "length" | "size")) =>
                {
                    0.0
                }
                Kind::CallExpression
                    if method(value)
                        .is_some_and(|(_, m)| matches!(m.text(), "indexOf" | "lastIndexOf" | "findIndex")) =>
                {
                    -1.0
                }
                _ => return,
            };
            // `typeof x.length !== 'number' || x.length < 0` asks whether something looks like a list.
            let looks = node.parent().is_some_and(|p| p.text().contains(&format!("typeof {}", value.text())));
            // So does whoever throws where it is not at least 0, or asks whether it is a number at all: the value came from outside.
            let checks = node.ancestors().find(|a| a.kind() != Kind::ParenthesizedExpression).is_some_and(|a| {
                a.kind() == Kind::UnaryExpression && operator(a) == "!" || a.text().contains("Number.is")
            });
            // No length is -1, so that a `length` that is to differ from it is a number of somebody's own.
            let own = number == -1.0 && op.starts_with('!') && value.kind() == Kind::MemberExpression;
            if looks || checks || own {
                return;
            }
            // A `size` that is asked for being greater, too, is somebody's number with a sign.
            let signed = value.kind() == Kind::MemberExpression
                && value.text().ends_with(".size")
                && op == "<"
                && crate::rules::shape::home(node).text().contains(&format!("{} > 0", value.text()));
            if signed {
                return;
            }
            // A field that is called so may be somebody's own number, for which -1 has a meaning that a comment tells.
            if number < least && told_above(node, "-1") {
                return;
            }
            let fixed = match op {
                "<" if number <= least => false,
                ">=" if number <= least => true,
                "<=" if number < least => false,
                ">" if number < least => true,
                "==" | "===" if number < least => false,
                "!=" | "!==" if number < least => true,
                _ => return,
            };
            let message = format!("This is always {fixed}: `{}` is never less than {least}.", place(value));
            cx.report(Note::new(cx.rule, node.span(), message));
        }
        _ => {}
    }
}

/// `list.length`
fn is_length(node: Node<'_>) -> bool {
    let node = bare(node);
    node.kind() == Kind::MemberExpression && node.child(Field::Property).is_some_and(|p| p.text() == "length")
}

/// `'3'`
fn is_digits(node: Node<'_>) -> bool {
    let node = bare(node);
    node.kind() == Kind::String
        && string_value(node).is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()))
}

/// An array without properties of its own: written out, or of an array's type.
fn is_plain_array(node: Node<'_>) -> bool {
    bare(node).kind() == Kind::Array || written_type(bare(node)).is_some_and(|t| t.ends_with("[]"))
}

/// Whether the block asks somewhere whether the value is an array at all: in the other branch it is none.
fn asked_for_array(node: Node<'_>) -> bool {
    let node = bare(node);
    node.arena().nodes().any(|n| {
        method(n).is_some_and(|(of, m)| of.text() == "Array" && m.text() == "isArray")
            && args(n).next().is_some_and(|a| bare(a).text() == node.text())
    })
}

/// Whether the comment above a node's line, or behind it, speaks of a text.
fn told_above(node: Node<'_>, what: &str) -> bool {
    let text = node.arena().text();
    let before = text.get(..node.span().start as usize).unwrap_or_default();
    before.lines().rev().take(4).any(|l| l.trim_start().starts_with("//") && l.contains(what))
}

/// `!x`, but not `!!x`.
fn negated(node: Node<'_>) -> bool {
    node.kind() == Kind::UnaryExpression
        && operator(node) == "!"
        && node.child(Field::Argument).is_some_and(|a| matches!(a.kind(), Kind::Identifier | Kind::MemberExpression))
}

/// A number or a text, which no truth value is.
fn is_value(node: Node<'_>) -> bool {
    matches!(bare(node).kind(), Kind::Number | Kind::String)
}

/// A literal that is no index.
fn names_no_index(left: Node<'_>) -> bool {
    let left = bare(left);
    left.kind() == Kind::String && string_value(left).is_some_and(|v| v != "length" && v.parse::<u64>().is_err())
}

/// `list.indexOf(x) > 0` of what is certainly an array.
fn skips_first(value: Node<'_>) -> bool {
    method(value).is_some_and(|(receiver, m)| matches!(m.text(), "indexOf" | "findIndex") && is_array(receiver))
}

/// Reports comparisons of a truth value with a number, and of an index with a truth value.
fn mixed_kinds<'a>(node: Node<'a>, cx: &mut Cx<'a>) -> bool {
    let Some((left, right)) = operands(node) else { return false };
    let of = |n: Node<'_>, names: &[&str]| method(bare(n)).is_some_and(|(_, m)| names.contains(&m.text()));
    let asks = |n: Node<'_>| of(n, &["includes", "startsWith", "endsWith", "some", "every", "test"]);
    let finds = |n: Node<'_>| of(n, &["indexOf", "lastIndexOf", "findIndex", "localeCompare"]);
    let truth = |n: Node<'_>| matches!(bare(n).kind(), Kind::True | Kind::False);
    let pairs = [(left, right), (right, left)];
    let negative_zero = |n: Node<'_>| bare(n).kind() == Kind::UnaryExpression && bare(n).text() == "-0";
    let message = if pairs.iter().any(|(a, b)| asks(*a) && number(*b).is_some_and(|n| n != 0.0 && n != 1.0)) {
        "This compares `true` or `false` with a number that is neither: the outcome never changes. Ask for the truth value itself."
    } else if pairs.iter().any(|(a, b)| finds(*a) && truth(*b)) {
        "This compares a number with a truth value: -1, for `not found`, counts as true, and 0 as false. Compare it with a number."
    } else if pairs.iter().any(|(_, b)| negative_zero(*b)) {
        "`-0` equals `0` in every comparison. To tell the two apart, write `Object.is(x, -0)`."
    } else {
        return false;
    };
    cx.report(Note::new(cx.rule, node.span(), message));
    true
}

fn place(value: Node<'_>) -> String {
    method(value).map_or_else(|| value.text().to_owned(), |(_, m)| m.text().to_owned())
}

/// Whether a text is changed to letters of one case and compared with one that has letters of the other: `s.toLowerCase() === 'Yes'`.
fn loses_case(changed: Node<'_>, literal: Node<'_>) -> bool {
    let (Some((_, name)), Some(text)) = (method(changed), string_value(literal)) else { return false };
    match name.text() {
        "toLowerCase" | "toLocaleLowerCase" => text.chars().any(|c| c.is_ascii_uppercase()),
        "toUpperCase" | "toLocaleUpperCase" => text.chars().any(|c| c.is_ascii_lowercase()),
        _ => false,
    }
}

/// Whether a value is certainly a truth value.
fn is_truth(node: Node<'_>) -> bool {
    let node = bare(node);
    match node.kind() {
        Kind::True | Kind::False => true,
        Kind::UnaryExpression => operator(node) == "!",
        Kind::BinaryExpression => matches!(
            operator(node),
            "<" | ">" | "<=" | ">=" | "==" | "===" | "!=" | "!==" | "in" | "instanceof" | "&&" | "||"
        ),
        _ => false,
    }
}

fn number(node: Node<'_>) -> Option<f64> {
    let node = bare(node);
    match node.kind() {
        Kind::Number => node.text().parse().ok(),
        Kind::UnaryExpression if operator(node) == "-" => {
            node.child(Field::Argument)?.text().parse::<f64>().ok().map(|n| -n)
        }
        _ => None,
    }
}

fn mirrored(op: &str) -> &str {
    match op {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        same => same,
    }
}

// Rust.

fn rust_limits<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Rust {
        return;
    }
    let Some((left, right)) = operands(node) else { return };
    let op = operator(node);
    let (value, constant, op) = match (integer(left), integer(right)) {
        (None, Some(c)) => (left, c, op),
        (Some(c), None) => {
            let turned = match op {
                "<" => ">",
                ">" => "<",
                "<=" => ">=",
                ">=" => "<=",
                other => other,
            };
            (right, c, turned)
        }
        _ => return,
    };
    // What every unsigned number satisfies is cheap to tell before its type is asked for.
    if matches!(op, "==" | "!=") && (0..=127).contains(&constant) {
        return;
    }
    let Some(ty) = type_of(value, cx).filter(|t| t.is_integer()) else { return };
    let Some((min, max)) = limits(ty.name) else { return };
    let outcome = match op {
        "<" if constant <= min => false,
        "<" if constant > max => true,
        "<=" if constant < min => false,
        "<=" if constant >= max => true,
        ">" if constant >= max => false,
        ">" if constant < min => true,
        ">=" if constant > max => false,
        ">=" if constant <= min => true,
        "==" if constant < min || constant > max => false,
        "!=" if constant < min || constant > max => true,
        _ => return,
    };
    // The size of `usize` differs between machines.
    if matches!(ty.name, "usize" | "isize") && constant > i128::from(u16::MAX) {
        return;
    }
    let message = format!("Every `{}` lies between {min} and {max}, so that this is always {outcome}.", ty.name);
    cx.report(Note::new(cx.rule, node.span(), message));
}
