use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::bare;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "assignment-in-condition",
    summary: "a condition assigns where it looks as if it compared",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[481],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `=` as the whole condition of an `if`, `while`, `?:` or as an operand of `&&` and `||` in one, without parentheses of its own, and as the whole callback of `find`, `filter`, `some` and `every` (`x => x.id = id`), where a variable gets the value of another variable, field or constant.",
        why: "`if (a = b)` overwrites `a` and asks whether `b` is true. `==` or `===` was meant; the same key typed once.",
        example: "if (user.role = admin) { allow(); }",
        instead: "if (user.role === admin) { allow(); }",
        limits: "Assignments of the result of a call (`while (m = re.exec(s))`), those in parentheses of their own, and constants, which `constant-condition` tells of, are left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::IfStatement, Kind::WhileStatement, Kind::DoStatement, Kind::TernaryExpression], check),
        Check::Nodes(&[Kind::CallExpression], in_callback),
    ],
    cases: &[
        Case::bad("a.js", "const u = users.find((u) => u.id = id); //~ assignment-in-condition"),
        Case::bad("a.ts", "const on = items.some(i => i.state = 'on'); //~ assignment-in-condition"),
        Case::near_miss(
            "a.js",
            "const u = users.find((u) => u.id === id); users.forEach((u) => u.seen = true); xs.some((x) => (found = x));",
        ),
        Case::near_miss(
            "a.js",
            "let policy = null;\nfunction trust(types) { if (policy = types.defaultPolicy) { return policy.make('x'); } return null; }",
        ),
        Case::bad("a.js", "function f(x, y) { if (y = x) return y; return 0; } //~ assignment-in-condition"),
        Case::bad("a.js", "function f(u, admin) { if (u.role = admin) { go(); } } //~ assignment-in-condition"),
        Case::bad("a.js", "function f(a, b, c) { if (a && b = c) { go(); } } //~ assignment-in-condition"),
        Case::bad(
            "a.js",
            "function f(a, b) { return a = b ? 1 : 2; }\nfunction g(a, b) { while (a = b.c) { go(); } //~ assignment-in-condition\n}",
        ),
        Case::bad("a.ts", "function f(a: string, b: string) { if (a = b) { go(); } } //~ assignment-in-condition"),
        Case::bad(
            "a.js",
            "function f(s, t) { if (s.state = t.state) { go(); } else { stop(); } } //~ assignment-in-condition",
        ),
        Case::bad("a.js", "function f(a, b) { do { go(); } while (a = b); //~ assignment-in-condition\n}"),
        Case::bad("a.js", "function f(a, b) { if (a.b[0] = b) { go(); } } //~ assignment-in-condition"),
        Case::good("a.js", "function f(x, y) { if (y === x) return y; return 0; }"),
        Case::good("a.js", "function f(re, s) { let m; while (m = re.exec(s)) { go(m); } }"),
        Case::good("a.js", "function f(x) { let y; if ((y = x.next)) { go(y); } }"),
        Case::good("a.js", "function f(q) { let x; while ((x = q.head) !== null) { go(x); } }"),
        Case::good("a.js", "function f(a) { let m; if (m = a.match(/x/)) { go(m); } }"),
        Case::good("a.js", "function f(a, b) { a = b; if (a) { go(); } }"),
        Case::good("a.js", "function f(xs) { for (let i = 0, x; x = xs[i]; i++) { go(x); } }"),
        Case::good("a.js", "async function f(a) { let r; if (r = await a) { go(r); } }"),
        Case::near_miss("a.js", "function f(n) { while (n = n.parent) { go(n); } }"),
        Case::near_miss("a.js", "function f(n) { let p; while (p = n.parent) { n = p; } }"),
        Case::near_miss("a.js", "function f(xs) { let x, i = 0; while (x = xs[i++]) { go(x); } }"),
        Case::near_miss("a.js", "function f(o) { let k; if (k = o && o.k) { go(k); } }"),
        Case::near_miss("a.js", "function f(q) { let i; while (i = q.head) { q.head = i.next; } }"),
        Case::bad("a.js", "function f(a, b) { let x; if (x = b) { go(x, a); } } //~ assignment-in-condition"),
        Case::near_miss(
            "a.ts",
            "function f(all: S[]) { for (let j = 0, span; j < all.length; j++) if (span = all[j]) { go(span); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(from) { let desc; for (let cur = from; cur; cur = cur.parent) if (desc = cur.desc) break; return desc; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some(condition) = node.child(Field::Condition) else { return };
    // The parentheses of the statement itself are no sign.
    let outer =
        if node.kind() == Kind::TernaryExpression { condition } else { condition.first_named().unwrap_or(condition) };
    let mut parts = vec![outer];
    while let Some(part) = parts.pop() {
        if part.kind() == Kind::BinaryExpression && matches!(operator(part), "&&" | "||") {
            parts.extend(part.child(Field::Left));
            parts.extend(part.child(Field::Right));
            continue;
        }
        if part.kind() != Kind::AssignmentExpression {
            continue;
        }
        let (Some(left), Some(right)) = (part.child(Field::Left), part.child(Field::Right).map(bare)) else { continue };
        let plain = matches!(right.kind(), Kind::Identifier | Kind::MemberExpression | Kind::SubscriptExpression)
            && !right
                .descendants()
                .any(|n| matches!(n.kind(), Kind::CallExpression | Kind::UpdateExpression | Kind::AwaitExpression));
        let walks = node.kind() != Kind::IfStatement && walks(node, left, right);
        // A variable that is declared without a value and looked at in the branch takes a value on purpose.
        if !plain || walks || fresh(node, left, right) || is_kept(node, left, right) {
            continue;
        }
        let message = format!(
            "This assigns `{}` and asks whether the value is true. To compare, write `===`; if it is meant, put parentheses around it.",
            left.text()
        );
        let mut note = Note::new(cx.rule, part.span(), message);
        if let Some(equals) = part.children().find(|c| c.text() == "=") {
            note = note.suggestion("Compare", vec![(equals.span(), "===".to_owned())]);
        }
        cx.report(note);
    }
}

/// `users.find((u) => u.id = id)`: all that a callback which is asked for a truth value does is to assign.
fn in_callback<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let asked = crate::rules::support::method(node).is_some_and(|(_, m)| {
        matches!(m.text(), "find" | "filter" | "some" | "every" | "findIndex" | "findLast" | "findLastIndex")
    });
    let Some(callback) = crate::rules::shape::callback(node, 0, cx).filter(|_| asked) else { return };
    let Some(body) =
        callback.child(Field::Body).map(|b| if b.kind() == Kind::ParenthesizedExpression { b } else { bare(b) })
    else {
        return;
    };
    let Some(place) = body.child(Field::Left).filter(|_| body.kind() == Kind::AssignmentExpression) else { return };
    // A part of the element gets another value: `x => (found = x)` keeps one, in parentheses of its own.
    let of_element = crate::rules::shape::root_name(place).is_some_and(|r| {
        place.kind() == Kind::MemberExpression
            && crate::rules::shape::parameters(callback).first().is_some_and(|p| p.text() == r.text())
    });
    if of_element {
        let message =
            format!("This assigns `{}` of every element that is looked at. To compare, write `===`.", place.text());
        crate::rules::shape::report_in(cx, callback, Note::new(cx.rule, body.span(), message));
    }
}

/// Whether a loop steps along a chain: `while (n = n.parent)`, or changes in its body what the value is read from.
fn walks(node: Node<'_>, left: Node<'_>, right: Node<'_>) -> bool {
    let Some(root) = crate::rules::shape::root_name(right).map(Node::text) else { return true };
    if crate::rules::shape::root_name(left).is_some_and(|l| l.text() == root) {
        return true;
    }
    node.child(Field::Body).is_some_and(|b| {
        b.descendants().any(|n| match n.kind() {
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
                n.child(Field::Left).and_then(crate::rules::shape::root_name).is_some_and(|r| r.text() == root)
            }
            Kind::UpdateExpression => true,
            _ => false,
        })
    })
}

/// Whether the branch works with what was read: `if (policy = types.defaultPolicy) policy.create(x)`.
fn is_kept(node: Node<'_>, left: Node<'_>, right: Node<'_>) -> bool {
    left.kind() == Kind::Identifier
        && right.kind() == Kind::MemberExpression
        && node.child(Field::Consequence).is_some_and(|c| {
            c.descendants().any(|n| {
                n.kind() == Kind::MemberExpression && n.child(Field::Object).is_some_and(|o| o.text() == left.text())
            })
        })
}

/// Whether a variable was declared without a value, so that this is where it gets one.
fn fresh(node: Node<'_>, left: Node<'_>, right: Node<'_>) -> bool {
    // `if (span = spans[i])` takes a part of something; to compare with one a variable that has no value yet makes no sense.
    let takes_part = matches!(right.kind(), Kind::MemberExpression | Kind::SubscriptExpression);
    left.kind() == Kind::Identifier
        && node.arena().nodes().any(|n| {
            n.kind() == Kind::VariableDeclarator
                && n.child(Field::Value).is_none()
                && n.child(Field::Name).is_some_and(|d| d.text() == left.text())
        })
        && (node.kind() != Kind::IfStatement || takes_part)
}
