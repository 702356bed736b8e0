use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{operands, operator};
use crate::rules::support::method;
use crate::rules::{Case, Check, Cx, Docs, Rule, unparenthesized};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "crossed-fields",
    summary: "a field is compared with, or set from, another one",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[697],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `self.b == other.a` in `eq`, and `b: self.a` in `clone`, where `a` is used for itself, too, and `b` for nothing; in JavaScript `a.y - b.x` beside `a.x - b.x` and `a.y - b.y`, and `p.y = p.x + dy` behind `p.x = p.x + dx`.",
        why: "A line was copied and one name not changed: values that differ in `b` count as equal, or lose it when they are cloned.",
        example: "self.x == other.x && self.y == other.x",
        instead: "self.x == other.x && self.y == other.y",
        limits: "Only in methods `eq` and `clone`, where the right partner exists, and for names of axes and edges.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::FunctionItem], check),
        Check::Nodes(&[Kind::BinaryExpression, Kind::AssignmentExpression], axes),
        Check::Nodes(&[Kind::ExpressionStatement], bounded),
    ],
    cases: &[
        Case::near_miss(
            "a.js",
            "function f(r, svg) { const top = r.top - svg.top; const bottom = r.bottom - svg.top; return bottom - top; }",
        ),
        Case::bad(
            "a.js",
            "function distance(a, b) { const dx = a.x - b.x;\n const dy = a.y - b.x; //~ crossed-fields\n return Math.hypot(dx, dy); }",
        ),
        Case::bad(
            "a.js",
            "function clamp(r, b) { r.right = Math.min(r.right, b.right);\n r.top = Math.max(r.top, b.top);\n r.bottom = Math.min(r.bottom, b.right); //~ crossed-fields\n}",
        ),
        Case::near_miss(
            "a.js",
            "function clamp(r, b) { r.right = Math.min(r.right, b.right); r.bottom = Math.min(r.bottom, b.bottom); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a, b) { const w = a.right - b.left; const h = a.bottom - b.top; return w * h; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(p, q) { const dx = p.x - q.x; const skew = p.y - q.x + q.y; return dx + skew; }",
        ),
        Case::bad("a.js", "const d = Math.hypot(a.x - b.x, a.y - b.x) + (a.y - b.y); //~ crossed-fields"),
        Case::bad("a.js", "const n = (p.lat - q.lat) * (p.lng - q.lat) * (p.lng - q.lng); //~ crossed-fields"),
        Case::bad(
            "a.js",
            "function f(a, b) { return Math.abs(a.x - b.x) + Math.abs(a.y - b.y) + Math.abs(a.z - b.y) + Math.abs(a.z - b.z); } //~ crossed-fields",
        ),
        Case::bad("a.js", "function step(p, v) {\n  p.x = p.x + v.x;\n  p.y = p.x + v.y; //~ crossed-fields\n}"),
        Case::bad("a.js", "function back(c, n) {\n  c.row = c.row - n;\n  c.col = c.row - n; //~ crossed-fields\n}"),
        Case::bad(
            "a.js",
            "class A { go(dx, dy) {\n  this.x = this.x + dx;\n  this.y = this.x + dy; //~ crossed-fields\n} }",
        ),
        Case::good("a.js", "const d = Math.hypot(a.x - b.x, a.y - b.y);"),
        Case::good("a.js", "function f(p, v) { p.x = p.x + v.x; p.y = p.y + v.y; }"),
        Case::good("a.js", "const w = r.right - r.left; const h = r.bottom - r.top;"),
        Case::good("a.js", "const t = a.x - b.y;"),
        Case::good("a.js", "const s = a.x - b.x + c.y - b.x;"),
        Case::good("a.js", "p.y = p.x + 1;"),
        Case::good("a.js", "function f(p) { p.x += 1; p.y += 1; }"),
        Case::good("a.js", "const q = a.name - b.id;"),
        Case::near_miss("a.js", "function f(p, w) { p.x = p.x + w; q(p); p.y = p.x + w; }"),
        Case::near_miss("a.js", "const z = (a.x - b.x) * (a.y - b.y) - (a.x - c.y);"),
        Case::bad(
            "a.js",
            "const d = Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.x) * (a.y - b.y)); //~ crossed-fields",
        ),
        Case::bad(
            "a.ts",
            "function move(p: P, dx: number, dy: number) {\n  p.x = p.x + dx;\n  p.y = p.x + dy; //~ crossed-fields\n}",
        ),
        Case::near_miss(
            "a.js",
            "const cross = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x); const h = a.y - b.x;",
        ),
        Case::near_miss("a.js", "function f(p, w) { p.left = p.left + w; p.right = p.left + w; }"),
        Case::bad(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.a } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: self.a } } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { x: u32, y: u32, z: u32 }\nimpl PartialEq for K { fn eq(&self, other: &Self) -> bool { self.x == other.x && self.y == other.y && self.z == other.y } } //~ crossed-fields",
        ),
        Case::bad(
            "a.rs",
            "struct K { a: String, b: String }\nimpl Clone for K { fn clone(&self) -> Self { Self { a: self.a.clone(), b: self.a.clone() } } } //~ crossed-fields",
        ),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.b } }",
        ),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: self.b } } }",
        ),
        Case::good("a.rs", "struct K { a: u32 }\nimpl K { fn same(&self, o: &L) -> bool { self.a == o.b } }"),
        Case::good(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl Clone for K { fn clone(&self) -> K { K { a: self.a, b: 0 } } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl PartialEq for K { fn eq(&self, o: &K) -> bool { self.a == o.a && self.b == o.b || self.a == o.b && self.b == o.a } }",
        ),
        Case::near_miss(
            "a.rs",
            "struct K { a: u32, b: u32 }\nimpl K { fn eq(&self, o: &K) -> bool { self.sum(o.a) } }",
        ),
    ],
};

fn check<'a>(function: Node<'a>, cx: &mut Cx<'a>) {
    let name = function.child(Field::Name).map_or("", Node::text);
    let Some(body) = function.child(Field::Body).filter(|_| matches!(name, "eq" | "clone")) else { return };
    // Pairs of fields with the place that makes them partners.
    let mut pairs: Vec<(&'a str, &'a str, Node<'a>)> = Vec::new();
    for n in body.descendants() {
        match n.kind() {
            Kind::BinaryExpression if name == "eq" && operator(n) == "==" => {
                let Some((left, right)) = operands(n) else { continue };
                if let (Some((true, a)), Some((false, b))) = (field(left), field(right)) {
                    pairs.push((a, b, n));
                }
            }
            Kind::FieldInitializer if name == "clone" => {
                let target = n.child(Field::Field).or_else(|| n.child(Field::Name));
                let mut value = n.child(Field::Value);
                if let Some((of, m)) = value.and_then(method)
                    && m.text() == "clone"
                {
                    value = Some(of);
                }
                if let (Some(target), Some((true, from))) = (target, value.and_then(field)) {
                    pairs.push((target.text(), from, n));
                }
            }
            _ => {}
        }
    }
    for (a, b, at) in &pairs {
        // `b` has its own partner, and `a` is partner of nothing.
        let own = pairs.iter().any(|(x, y, _)| x == b && y == b);
        let unused = !pairs.iter().any(|(_, y, _)| y == a);
        if a != b && own && unused {
            let message =
                format!("`{a}` is paired with `{b}`, which has a partner of its own: a copied name was not changed.");
            cx.report(Note::new(cx.rule, at.span(), message));
            return;
        }
    }
}

/// `(a.y - b.x)` beside `a.x - b.x` and `a.y - b.y`, and `p.y = p.x + dy` behind `p.x = p.x + dx`.
fn axes<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let (Some(left), Some(right)) = (node.child(Field::Left), node.child(Field::Right)) else { return };
    let wrong = if node.kind() == Kind::BinaryExpression {
        let (Some((of, a)), Some((from, b))) = (part(left), part(right)) else { return };
        if operator(node) != "-" || a == b || of == from {
            return;
        }
        let statement = crate::rules::support::statement(node);
        let said = |x: &str| {
            statement.descendants().any(|n| {
                n.kind() == Kind::BinaryExpression
                    && operator(n) == "-"
                    && n.child(Field::Left).and_then(part) == Some((of, x))
                    && n.child(Field::Right).and_then(part) == Some((from, x))
            })
        };
        let neighbours = !is_edge(a) && !is_edge(b) && beside(statement, of, from, a, b);
        if !(neighbours || said(a) && said(b)) {
            return;
        }
        right
    } else {
        let Some((of, a)) = part(left) else { return };
        let Some(first) = right.child(Field::Left).filter(|_| matches!(operator(right), "+" | "-")) else { return };
        let Some((from, b)) = part(first).filter(|(from, b)| *from == of && *b != a && !is_edge(a)) else { return };
        // The line before does the same for the other one, and with itself.
        let twin = node.parent().and_then(|s| s.previous_named_sibling()).and_then(|s| s.first_named());
        let alike = twin.is_some_and(|t| {
            t.kind() == Kind::AssignmentExpression
                && t.child(Field::Left).and_then(part) == Some((from, b))
                && t.child(Field::Right).is_some_and(|r| {
                    operator(r) == operator(right) && r.child(Field::Left).and_then(part) == Some((from, b))
                })
        });
        if !alike {
            return;
        }
        first
    };
    let message =
        format!("`{}` stands where the other part of the pair was meant: a copied name was not changed.", wrong.text());
    cx.report(Note::new(cx.rule, wrong.span(), message));
}

/// Whether the statement before takes the same two apart by `b`, as it should, and neither statement asks the second for `a`:
/// `const dx = p.x - q.x; const dy = p.y - q.x;`
fn beside(statement: Node<'_>, of: &str, from: &str, a: &str, b: &str) -> bool {
    let Some(before) = statement.previous_named_sibling().filter(|s| s.kind() == statement.kind()) else {
        return false;
    };
    let pair = |n: Node<'_>| {
        n.kind() == Kind::BinaryExpression
            && operator(n) == "-"
            && n.child(Field::Left).and_then(part) == Some((of, b))
            && n.child(Field::Right).and_then(part) == Some((from, b))
    };
    let asked = |s: Node<'_>| {
        s.descendants().filter(|n| n.kind() == Kind::MemberExpression).any(|n| part(n) == Some((from, a)))
    };
    let sides = |s: Node<'_>| s.descendants().filter(|n| n.kind() == Kind::BinaryExpression).count();
    before.descendants().any(pair) && !asked(before) && !asked(statement) && sides(before) == 1 && sides(statement) == 1
}

/// `r.bottom = Math.min(r.bottom, bounds.right)` behind `r.right = Math.min(r.right, bounds.right)`.
fn bounded<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    type Parts<'a> = (&'a str, (&'a str, &'a str), (&'a str, &'a str), Node<'a>);
    // The function, what is set and handed over, and what bounds it.
    let parts = |statement: Node<'a>| -> Option<Parts<'a>> {
        let set = statement.first_named().filter(|s| s.kind() == Kind::AssignmentExpression)?;
        let target = set.child(Field::Left).and_then(part)?;
        let call = set.child(Field::Right).filter(|c| c.kind() == Kind::CallExpression)?;
        let mut arguments = crate::rules::support::args(call);
        let (first, second) = (arguments.next()?, arguments.next()?);
        (part(first) == Some(target)).then_some((call.child(Field::Function)?.text(), target, part(second)?, second))
    };
    let Some((function, (of, a), (from, b), wrong)) = parts(node) else { return };
    if a == b {
        return;
    }
    let Some(list) = node.parent() else { return };
    let mut others = list.named_children().filter(|s| *s != node).filter_map(parts);
    let (mut own, mut asked) = (false, false);
    for (f, (o, x), (g, y), _) in &mut others {
        own |= f == function && o == of && g == from && x == b && y == b;
        asked |= g == from && y == a;
    }
    if own && !asked {
        let message = format!("`{}` bounds `{of}.{b}` already: a copied name was not changed to `{a}`.", wrong.text());
        cx.report(Note::new(cx.rule, wrong.span(), message));
    }
}

/// An edge may well be set from the one on the other side: `right = left + width`.
fn is_edge(name: &str) -> bool {
    matches!(name, "left" | "right" | "top" | "bottom" | "width" | "height")
}

/// The names of `object.part`.
fn part<'a>(node: Node<'a>) -> Option<(&'a str, &'a str)> {
    let node = crate::rules::support::bare(node);
    let of = node
        .child(Field::Object)
        .filter(|o| node.kind() == Kind::MemberExpression && matches!(o.kind(), Kind::Identifier | Kind::This))?;
    let name = node.child(Field::Property)?.text();
    matches!(
        name,
        "x" | "y"
            | "z"
            | "w"
            | "left"
            | "right"
            | "top"
            | "bottom"
            | "width"
            | "height"
            | "row"
            | "col"
            | "column"
            | "lat"
            | "lng"
            | "lon"
    )
    .then(|| (of.text(), name))
}

/// Whether a field is one of `self`, and its name.
fn field<'a>(node: Node<'a>) -> Option<(bool, &'a str)> {
    let node = unparenthesized(node);
    if node.kind() != Kind::FieldExpression {
        return None;
    }
    let of = node.child(Field::Value)?;
    let own = of.kind() == Kind::SelfValue;
    (own || of.kind() == Kind::Identifier).then_some((own, node.child(Field::Field)?.text()))
}
