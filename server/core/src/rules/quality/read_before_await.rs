use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, operands, operator};
use crate::rules::support::{bare, enclosing_function, is_async, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "read-before-await",
    summary: "a shared variable is read before a wait and written after it",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[362],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `total += await f()` and `total = total + await f()` where the variable belongs to the file or to the function around a callback that runs for several elements at once.",
        why: "The left side is read before the wait, and written after it: what others added meanwhile is lost. With `Promise.all(list.map(async ..))` only the last of all results counts.",
        example: "let total = 0;\nawait Promise.all(ids.map(async (id) => {\n  total += await price(id);\n}));",
        instead: "const prices = await Promise.all(ids.map((id) => price(id)));\nconst total = prices.reduce((a, b) => a + b, 0);",
        limits: "Variables of the same function are left alone: nobody changes them meanwhile. Fields of `this` count where no loop adds them up. So is a call that stands before the variable: `total = await f() + total`.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::AugmentedAssignmentExpression, Kind::AssignmentExpression], check)],
    cases: &[
        Case::good("a.js", "class A { async run() { this.last = await this.next(); } }"),
        Case::bad(
            "a.ts",
            "class A { balance = 0; async charge(read: () => Promise<number>) { this.balance = this.balance - (await read()); } } //~ read-before-await",
        ),
        Case::near_miss("a.ts", "class A { async all(xs: X[]) { for (const x of xs) { this.n += await x.size(); } } }"),
        Case::near_miss("a.ts", "class A { async add() { const n = await this.next(); this.n += n; } }"),
        Case::bad(
            "a.js",
            "async function f(ids) { let total = 0;\n await Promise.all(ids.map(async (id) => { total += await price(id); })); //~ read-before-await\n return total; }",
        ),
        Case::bad(
            "a.js",
            "let hits = 0;\nexport async function hit() { hits += await weight(); } //~ read-before-await",
        ),
        Case::bad(
            "a.ts",
            "let n = 0;\nexport const go = async () => { n = n + (await one()); }; //~ read-before-await",
        ),
        Case::bad(
            "a.js",
            "async function f(files) { let out = '';\n await Promise.all(files.map(async function (p) { out += await read(p); })); //~ read-before-await\n return out; }",
        ),
        Case::bad(
            "a.js",
            "async function f(xs) { let sum = 0;\n xs.forEach(async (x) => { sum += await load(x); }); //~ read-before-await\n return sum; }",
        ),
        Case::bad(
            "a.js",
            "let balance = 0;\nasync function take(n) { balance = balance - await fee(n); } //~ read-before-await",
        ),
        Case::bad(
            "a.js",
            "let size = 0;\nasync function add(p) { if (p) { size += (await stat(p)).size; } } //~ read-before-await",
        ),
        Case::bad(
            "a.ts",
            "export async function f(xs: X[]) { let n = 1;\n const all = xs.map(async (x) => { n *= await x.factor(); }); //~ read-before-await\n await Promise.all(all); return n; }",
        ),
        Case::good(
            "a.js",
            "async function f(ids) { let total = 0; for (const id of ids) { total += await price(id); } return total; }",
        ),
        Case::good("a.js", "let hits = 0;\nexport async function hit() { const w = await weight(); hits += w; }"),
        Case::good("a.js", "let last;\nexport async function f() { last = await load(); }"),
        Case::good("a.js", "let n = 0;\nexport async function f() { n += 1; await go(); }"),
        Case::bad("a.js", "class A { async run() { this.n += await this.next(); } } //~ read-before-await"),
        Case::good(
            "a.js",
            "async function f(ids) { await Promise.all(ids.map(async (id) => { let n = 0; n += await price(id); return n; })); }",
        ),
        Case::good("a.js", "let cache;\nasync function f() { cache ??= await load(); }"),
        Case::good("a.js", "let n = 0;\nasync function f() { n = (await one()) + n; }"),
        Case::near_miss(
            "a.js",
            "async function f(xs) { let n = 0; await each(xs, async (x) => { n += await load(x); }); return n; }",
        ),
        Case::near_miss("a.js", "let n = 0;\nasync function f() { n += go(async () => await one()); }"),
        Case::near_miss("a.js", "let total = 0;\nfor (const id of ids) { total += await price(id); }"),
        Case::near_miss(
            "a.js",
            "async function f() { let n = 0; const add = async () => { n += await one(); }; await add(); return n; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((left, right)) = operands(node) else { return };
    if left.kind() == Kind::MemberExpression {
        of_object(node, left, right, cx);
        return;
    }
    if left.kind() != Kind::Identifier || !reads_first(node, left.text(), right) {
        return;
    }
    let name = left.text();
    // The function that waits is async, and the variable is none of its own.
    let Some(waiting) = enclosing_function(node) else { return };
    if is_async(waiting) != Some(true) || declares_inside(waiting, name) {
        return;
    }
    let inside = node.ancestors().filter(|a| is_function(*a)).skip(1).find(|f| declares_inside(*f, name));
    let shared = match inside {
        Some(_) => at_once(waiting),
        // A variable of the file, whose function anybody may call again meanwhile.
        None => cx.file.imports.declares(name),
    };
    if !shared || inside.is_none() && !is_of_file(waiting) {
        return;
    }
    let message = format!(
        "`{name}` is read before the wait and written after it: what others added meanwhile is lost. Wait first, and add then."
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// `this.balance += await fee()`: whoever calls the method meanwhile changes the same field.
fn of_object<'a>(node: Node<'a>, left: Node<'a>, right: Node<'a>, cx: &mut Cx<'a>) {
    let own = left.child(Field::Object).is_some_and(|o| o.kind() == Kind::This);
    let Some(waiting) = enclosing_function(node).filter(|f| is_async(*f) == Some(true)) else {
        return;
    };
    // A loop of one run adds up its own.
    let looped = node.ancestors().take_while(|a| *a != waiting).any(crate::rules::support::is_loop);
    if !own || looped || !reads_first(node, left.text(), right) {
        return;
    }
    let message = format!(
        "`{}` is read before the wait and written after it: what others added meanwhile is lost. Wait first, and add then.",
        left.text()
    );
    cx.report(Note::new(cx.rule, node.span(), message));
}

/// Whether the variable's value is taken, and then something is waited for.
fn reads_first(node: Node<'_>, name: &str, right: Node<'_>) -> bool {
    let waits = |n: Node<'_>| {
        n.kind() == Kind::AwaitExpression || n.descendants_until(is_function).any(|w| w.kind() == Kind::AwaitExpression)
    };
    if node.kind() == Kind::AugmentedAssignmentExpression {
        return matches!(operator(node), "+=" | "-=" | "*=") && waits(right);
    }
    let value = bare(right);
    let Some((first, second)) = operands(value).filter(|_| value.kind() == Kind::BinaryExpression) else {
        return false;
    };
    matches!(operator(value), "+" | "-" | "*") && bare(first).text() == name && waits(second)
}

/// Whether a function binds the name itself, and not in a function inside of it.
fn declares_inside(function: Node<'_>, name: &str) -> bool {
    let parameter = crate::rules::shape::parameters(function).iter().any(|p| p.text() == name || mentions(*p, name));
    let body = function.child(Field::Body);
    parameter
        || body.is_some_and(|b| {
            b.descendants_until(is_function).any(|n| {
                n.kind() == Kind::VariableDeclarator
                    && n.child(Field::Name)
                        .is_some_and(|d| d.text() == name || d.kind() != Kind::Identifier && mentions(d, name))
                    || n.kind() == Kind::ForInStatement && n.child(Field::Left).is_some_and(|l| l.text() == name)
            })
        })
}

/// Whether a callback runs for several elements at once: `list.map(async ..)`, `list.forEach(async ..)`.
fn at_once(function: Node<'_>) -> bool {
    let call = function.parent().filter(|a| a.kind() == Kind::Arguments).and_then(|a| a.parent());
    call.and_then(method).is_some_and(|(_, m)| matches!(m.text(), "map" | "forEach"))
}

/// Whether a function stands at the file's top level, or is a constant of it.
fn is_of_file(function: Node<'_>) -> bool {
    !function.ancestors().any(is_function)
}
