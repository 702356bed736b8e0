use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{exits, is_global, only_reads, operands, operator, same};
use crate::rules::support::{bare, declares, is_function, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "null-dereference",
    summary: "something is read from a value that was just found to be missing",
    category: Category::Quality,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[476],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a property that is read, or a call that is made, where the condition before it says that the value is `null`, \
               `undefined` or falsy: in the branch, behind `&&` and `||`, and after a branch that leaves for all other values.",
        why: "It throws a `TypeError` each time that place is reached. Mostly the condition is the wrong way round, or `&&` stands for `||`.",
        example: "if (user == null && user.name === '') return;",
        instead: "if (user == null || user.name === '') return;",
        limits: "Only where nothing between may give the value another one: no assignment, and no call unless nobody assigns the \
                 variable. What a falsy text or number has, too, such as `length`, is left alone.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::IfStatement, Kind::TernaryExpression], branches),
        Check::Nodes(&[Kind::BinaryExpression], joined),
    ],
    cases: &[
        Case::near_miss("a.js", "if (!post.tags && on) { use(post); }"),
        Case::bad("a.js", "if (!post && !post.tags && !post.tags.length) { hide(); } //~ null-dereference"),
        Case::bad(
            "a.ts",
            "function f(a: string | null) { if (a === null) { return a.length; } return 0; } //~ null-dereference",
        ),
        Case::bad(
            "a.js",
            "function f(user) { if (user == null && user.name === '') return 1; return 2; } //~ null-dereference",
        ),
        Case::bad(
            "a.js",
            "function f(user) { if (user !== null || user.active) return 1; return 2; } //~ null-dereference",
        ),
        Case::bad("a.js", "function f(o) { return o === undefined ? o.x : 0; } //~ null-dereference"),
        Case::bad(
            "a.js",
            "function f(m, k) { const v = m.get(k); if (!v) { log('none ' + v.id); } return v; } //~ null-dereference",
        ),
        Case::bad("a.tsx", "function V({ user }) { return <p>{!user && user.name}</p>; } //~ null-dereference"),
        Case::bad(
            "a.js",
            "function f(node) { if (node != null) { return node.id; } return node.name; } //~ null-dereference",
        ),
        Case::bad("a.js", "function f(x) { if (typeof x === 'undefined') { x.start(); } } //~ null-dereference"),
        Case::bad("a.js", "class A { f() { if (!this.socket) { this.socket.close(); } } } //~ null-dereference"),
        Case::bad("a.js", "function f(cb) { if (cb === undefined) { cb(null); } } //~ null-dereference"),
        Case::bad(
            "a.js",
            "function f(a) { if (null === a || a.b) { return; } else { go(a); } if (a == null) { use(a[0]); } } //~ null-dereference",
        ),
        Case::good("a.js", "function f(user) { if (user == null || user.name === '') return 1; return 2; }"),
        Case::good("a.js", "function f(user) { if (user !== null && user.active) return 1; return 2; }"),
        Case::good("a.js", "function f(o) { return o === undefined ? 0 : o.x; }"),
        Case::good("a.js", "function f(o) { if (o == null) { o = {}; } return o.x; }"),
        Case::good("a.js", "class A { f() { if (!this.map) { this.map = new Map(); } return this.map.size; } }"),
        Case::good("a.js", "function f(o) { if (!o) { return o?.x; } return o.x; }"),
        Case::good("a.js", "function f(o) { if (o) { return o.x; } return 0; }"),
        Case::good("a.js", "function f(o) { if (!o) throw new Error('no ' + o); return o.x; }"),
        Case::near_miss("a.js", "class A { f() { if (this.socket == null) { this.open(); this.socket.send('x'); } } }"),
        Case::near_miss(
            "a.js",
            "let x;\nfunction init() { x = load(); }\nfunction f() { if (!x) { init(); x.go(); } }",
        ),
        Case::near_miss("a.js", "function f(s) { if (!s) { return s.length; } return s.trim(); }"),
        Case::near_miss("a.js", "function f(o) { if (!o) { later(() => o.x); } }"),
        Case::near_miss("a.js", "function f(o) { if (o == null) { try { o.x(); } catch (e) { report(e); } } }"),
        Case::near_miss(
            "a.js",
            "function f(list) { let last = null; for (const x of list) { if (last === null) { last = x; } last.push(x); } }",
        ),
        Case::near_miss("a.js", "function f(a, b) { if (!a && b.x) { return b; } return a; }"),
        Case::near_miss("a.js", "function f(o) { if (o == null) { ({ o } = load()); use(o.x); } }"),
        Case::near_miss("a.js", "function f(o) { if (o) { if (o.done) { return 1; } } return o.x; }"),
    ],
};

/// A place of which a condition says that nothing is there.
struct Missing<'a> {
    place: Node<'a>,
    /// It may also be an empty text, 0 or `false`.
    falsy: bool,
}

fn branches<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(condition) = node.child(Field::Condition) else { return };
    let consequence = node.child(Field::Consequence);
    let alternative = node.child(Field::Alternative);
    for (truth, region) in [(true, consequence), (false, alternative)] {
        let Some(region) = region else { continue };
        for missing in missing(condition, truth, cx) {
            look(&missing, [region], condition, cx);
        }
    }
    // `if (x) { return .. } x.name`
    let leaves = node.kind() == Kind::IfStatement && alternative.is_none() && consequence.is_some_and(exits);
    if !leaves {
        return;
    }
    let rest: Vec<Node<'a>> = std::iter::successors(node.next_named_sibling(), |n| n.next_named_sibling()).collect();
    for missing in missing(condition, false, cx) {
        look(&missing, rest.iter().copied(), condition, cx);
    }
}

fn joined<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let truth = match operator(node) {
        "&&" => true,
        "||" => false,
        _ => return,
    };
    let Some((left, right)) = operands(node) else { return };
    for missing in missing(left, truth, cx) {
        look(&missing, [right], left, cx);
    }
}

/// What is missing where a condition came out that way.
fn missing<'a>(condition: Node<'a>, truth: bool, cx: &Cx<'a>) -> Vec<Missing<'a>> {
    let condition = bare(condition);
    match condition.kind() {
        Kind::Identifier | Kind::MemberExpression if !truth => place(condition, true).into_iter().collect(),
        Kind::UnaryExpression if operator(condition) == "!" => {
            condition.child(Field::Argument).map_or_else(Vec::new, |inner| missing(inner, !truth, cx))
        }
        Kind::BinaryExpression => {
            let Some((left, right)) = operands(condition) else { return Vec::new() };
            match operator(condition) {
                op @ ("&&" | "||") if (op == "&&") == truth => {
                    let mut all = missing(left, truth, cx);
                    all.extend(missing(right, truth, cx));
                    all
                }
                op @ ("==" | "===" | "!=" | "!==") if op.starts_with('=') == truth => {
                    let nothing = |n: Node<'a>| {
                        matches!(bare(n).kind(), Kind::Null | Kind::Undefined) || is_global(bare(n), "undefined", cx)
                    };
                    let asked = if nothing(right) {
                        Some(left)
                    } else if nothing(left) {
                        Some(right)
                    } else {
                        type_asked(left, right)
                    };
                    asked.and_then(|a| place(bare(a), false)).into_iter().collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// `x` of `typeof x === 'undefined'`.
fn type_asked<'a>(left: Node<'a>, right: Node<'a>) -> Option<Node<'a>> {
    let undefined = string_value(bare(right)).is_some_and(|t| t == "undefined");
    let left = bare(left);
    let asks = undefined && left.kind() == Kind::UnaryExpression && left.has_token("typeof");
    left.child(Field::Argument).filter(|_| asks)
}

fn place(node: Node<'_>, falsy: bool) -> Option<Missing<'_>> {
    let plain = match node.kind() {
        Kind::Identifier => true,
        Kind::MemberExpression => only_reads(node) && !node.descendants().any(|n| n.kind() == Kind::OptionalChain),
        _ => false,
    };
    plain.then_some(Missing { place: node, falsy })
}

/// Reports the first use of the place in these pieces of code, if it reads from it.
fn look<'a>(missing: &Missing<'a>, regions: impl IntoIterator<Item = Node<'a>>, condition: Node<'a>, cx: &mut Cx<'a>) {
    let place = missing.place;
    let regions: Vec<Node<'a>> = regions.into_iter().collect();
    let Some(first) = regions.iter().find_map(|r| first_use(*r, place)) else { return };
    // What a function holds runs at another time, and who catches may want the error.
    let mut around = first.ancestors().take_while(|a| !regions.contains(a));
    if around
        .any(|a| is_function(a) || matches!(a.kind(), Kind::TryStatement | Kind::ObjectPattern | Kind::ArrayPattern))
    {
        return;
    }
    let Some((read, name)) = read_from(first) else { return };
    if missing.falsy && OF_PRIMITIVES.contains(&name) {
        return;
    }
    let before =
        regions.iter().flat_map(|r| r.descendants_until(is_function)).filter(|n| n.span().end <= first.span().start);
    if !is_settled(place) && before.into_iter().any(|n| may_give(n, place)) {
        return;
    }
    // `!a && !a.b && !a.b.c` is one mistake, told where it is first.
    let asked = bare(condition);
    let told = matches!(operator(asked), "&&" | "||")
        && asked.child(Field::Right).is_some_and(|r| first_use(r, place).is_some());
    if told {
        return;
    }
    let what = if missing.falsy { "falsy" } else { "`null` or `undefined`" };
    let message = format!(
        "`{}` is {what} here, as the condition says: this throws. Turn the condition round, or give it a value first.",
        place.text()
    );
    let note = Note::new(cx.rule, read.span(), message).related(condition.span(), "asked here");
    cx.report(if missing.falsy { note.severity(Severity::Medium).confidence(Confidence::Medium) } else { note });
}

/// The first use of a place in a piece of code, outside of functions in it: what they hold runs at another time.
fn first_use<'a>(region: Node<'a>, place: Node<'a>) -> Option<Node<'a>> {
    let is_place = |n: &Node<'a>| n.kind() == place.kind() && same(*n, place);
    // A block of its own may do anything to a member.
    let ends = |n: &Node<'a>| is_place(n) || n.is_hole() && place.kind() != Kind::Identifier;
    if is_function(region) { None } else { region.descendants_until(is_function).find(ends).filter(is_place) }
}

/// Whether something that runs may give a place another value.
fn may_give(node: Node<'_>, place: Node<'_>) -> bool {
    match node.kind() {
        Kind::CallExpression | Kind::NewExpression | Kind::AwaitExpression | Kind::YieldExpression => true,
        Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => {
            node.child(Field::Left).is_some_and(|l| place.text().starts_with(l.text()))
        }
        _ => false,
    }
}

/// The expression that reads from a value, and the name that it reads.
fn read_from<'a>(value: Node<'a>) -> Option<(Node<'a>, &'a str)> {
    let mut at = value;
    loop {
        let parent = at.parent()?;
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::NonNullExpression => at = parent,
            Kind::MemberExpression | Kind::SubscriptExpression if at.field() == Field::Object => {
                let optional = parent.children().any(|c| c.kind() == Kind::OptionalChain);
                let name = parent.child(Field::Property).map_or("", Node::text);
                return (!optional).then_some((parent, name));
            }
            Kind::CallExpression if at.field() == Field::Function => {
                let optional = parent.children().any(|c| c.kind() == Kind::OptionalChain);
                return (!optional).then_some((parent, ""));
            }
            _ => return None,
        }
    }
}

/// Whether nobody gives a variable another value after its declaration.
fn is_settled(place: Node<'_>) -> bool {
    place.kind() == Kind::Identifier
        && declares(place.arena().root(), place.text())
        && !place.arena().nodes().any(|n| {
            n.is_hole()
                || matches!(n.kind(), Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression)
                    && n.child(Field::Left).is_some_and(|l| l.descendants().any(|d| d.text() == place.text()))
        })
}

/// What texts, numbers and truths have, which are falsy without being missing.
const OF_PRIMITIVES: &[&str] = &[
    "length",
    "toString",
    "valueOf",
    "toFixed",
    "toPrecision",
    "toLocaleString",
    "trim",
    "slice",
    "substring",
    "substr",
    "split",
    "replace",
    "replaceAll",
    "indexOf",
    "includes",
    "startsWith",
    "endsWith",
    "charAt",
    "charCodeAt",
    "toLowerCase",
    "toUpperCase",
    "match",
    "concat",
    "padStart",
    "padEnd",
    "constructor",
];
