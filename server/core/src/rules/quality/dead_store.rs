use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::rust_names::{Binding, Origin, binding, captures};
use crate::rules::rust_types::{Ty, type_of, type_of_binding};
use crate::rules::shape::{home, mentions, only_reads, operands, operator, parameters, root_name, same};
use crate::rules::support::{bare, is_function, is_loop};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "dead-store",
    summary: "a value is stored and never read",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[563],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds assignments to a local variable whose value nobody reads: it is overwritten by a following \
              statement, or the function ends without looking at it. In Rust: a variable whose value is overwritten by a following statement before anything reads it, and a number that is stored when nothing reads it any more.",
        why: "The work is wasted, and often the wrong variable was assigned: what should have changed did not.",
        example: "let total = sum(items);\ntotal = sum(extras);\nreturn total;",
        instead: "let total = sum(items);\ntotal += sum(extras);\nreturn total;",
        limits: "Seen inside one function, for variables that no inner function reads. Initial values such as `null`, `0`, \
              `''`, `[]` and clearing (`x = null`) are meant; so are counters (`i++`, `i += 4`).",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::ExpressionStatement, Kind::VariableDeclarator], check),
        Check::Nodes(&[Kind::Block], rust_block),
        Check::Nodes(&[Kind::ExpressionStatement], element),
        Check::Nodes(&[Kind::UpdateExpression], increment),
        Check::Nodes(&[Kind::VariableDeclarator], unused),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            "function describe(item: Item): string { const total = item.children.length; return `Item ${item.title}`; } //~ dead-store",
        ),
        Case::near_miss("a.js", "function show(el) { const height = el.offsetHeight; el.classList.add('in'); }"),
        Case::near_miss(
            "a.js",
            "function head(data, gb) { const sync = data[0] & 0x47; const priority = (data[1] & 0x20) >>> 5; let ref = 0; if (sync) { ref = gb.readBits(3); } gb.readBool(); return sync; }",
        ),
        Case::bad("a.js", "function f(xs) { xs[0] = 1; xs[0] = 2; } //~ dead-store"),
        Case::bad("a.js", "function f(o, k) { o[k] = a; o[k] = b; } //~ dead-store"),
        Case::bad("a.js", "function f(i) { i = i++; return i; } //~ dead-store"),
        Case::bad("a.js", "function f(n) { let c = n; return c++; } //~ dead-store"),
        Case::bad("a.js", "function area(w, h) { const result = w * h; return w * w; } //~ dead-store"),
        Case::good("a.js", "function f(w) { const _result = w * 2; return w; }"),
        Case::near_miss("a.js", "function f(w) { const result = load(w); return w; }"),
        Case::near_miss("a.js", "function f(w) { const result = w * 2; return () => ({ result }); }"),
        Case::good("a.js", "function f(xs) { xs[0] = 1; xs[1] = 2; xs[0] = xs[0] + 3; xs[1] = g(); }"),
        Case::good("a.js", "let ids = 0; function next() { return ids++; }"),
        Case::near_miss("a.js", "class A { next() { return this.n++; } }"),
        Case::near_miss("a.js", "function f() { let n = 0; return { next() { return n++; } }; }"),
        Case::bad(
            "a.js",
            "function f(items, extras) {\n  let total = sum(items); //~ dead-store\n  total = sum(extras);\n  return total;\n}",
        ),
        Case::bad("a.js", "function f(a) {\n  let x = a;\n  use(x);\n  x = load(a); //~ dead-store\n}"),
        Case::bad(
            "a.js",
            "function f(a) {\n  let x = a.one();\n  use(x);\n  x = a.two(); //~ dead-store\n  x = a.three();\n  return x;\n}",
        ),
        Case::bad("a.js", "function f(name) {\n  log(1);\n  name = name.trim(); //~ dead-store\n}"),
        Case::bad(
            "a.js",
            "class A { m(v) {\n  let out = this.a(v); //~ dead-store\n  const k = 1;\n  out = this.b(k);\n  return out;\n} }",
        ),
        Case::bad("a.js", "const f = (user) => {\n  check(user);\n  user = normalize(user); //~ dead-store\n};"),
        Case::bad(
            "a.ts",
            "function f(v: string) {\n  let r: string = v.trim(); //~ dead-store\n  r = v.toLowerCase();\n  return r;\n}",
        ),
        Case::bad(
            "a.js",
            "function f(a) {\n  let r = a;\n  if (r.ok) {\n    send(r);\n    r = a.next; //~ dead-store\n  }\n}",
        ),
        Case::good("a.js", "function f(a) { let x = a; x = x.trim(); return x; }"),
        Case::good("a.js", "function f(a) { let x = null; x = load(a); return x; }"),
        Case::good("a.js", "function f(a) { let x = load(a); if (a) { x = other(a); } return x; }"),
        Case::good("a.js", "function f(a) { let i = 0; while (i < 3) { use(i); i = next(i); } }"),
        Case::good("a.js", "function f(a) { let last; for (const x of a) { if (last) use(last); last = x; } }"),
        Case::good("a.js", "let cached;\nfunction f(a) { cached = load(a); }"),
        Case::good("a.js", "function f(a) { let x = a; x = 1; return () => x; }"),
        Case::good("a.js", "function f(i) { const r = i; i += 4; return r; }"),
        Case::good("a.js", "function f(i) { let n = go(i); use(n); n = n + 4; }"),
        Case::near_miss(
            "a.js",
            "let mode = 0;\nfunction f(t) { if (t.a) { const mode = t.mode(); use(mode); } mode = next(t); run(t); }",
        ),
        Case::near_miss("a.js", "function f(a) { let x = big(); use(x); x = null; }"),
        Case::near_miss("a.js", "function f(a) { let n = 0; const get = () => n; n = a.size(); return get; }"),
        Case::near_miss("a.js", "function f(a) { let x = a; try { x = load(); } finally { use(x); } }"),
        Case::near_miss("a.js", "function f(a) { var x = a; g(); x = b(); function g() { use(x); } }"),
        Case::near_miss("a.js", "function f(o) { o.x = load(); }"),
        Case::near_miss("a.js", "function f(a) { let x = one(a); x = two(x); return x; }"),
        Case::near_miss("a.js", "function f(a) { a = a || {}; return arguments[0]; }"),
        Case::bad(
            "a.rs",
            "fn f(a: &[u8], b: &[u8]) -> u32 {\n    let mut total = sum(a); //~ dead-store\n    total = sum(b);\n    total\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(a: &A) -> u8 {\n    let mut x = a.one();\n    go(x);\n    x = a.two(); //~ dead-store\n    x = a.three();\n    x\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(v: &str) -> String {\n    let mut r: String = v.trim().to_string(); //~ dead-store\n    let k = 1;\n    r = join(k);\n    r\n}",
        ),
        Case::bad(
            "a.rs",
            "fn f(c: bool) -> u8 {\n    let mut n = count(c);\n    if c {\n        n = other(); //~ dead-store\n        n = third();\n    }\n    n\n}",
        ),
        Case::good("a.rs", "fn f(a: &[u8], b: &[u8]) -> u32 { let mut total = sum(a); total += sum(b); total }"),
        Case::good("a.rs", "fn f(a: &[u8]) -> u32 { let mut t = 0; t = sum(a); t }"),
        Case::good("a.rs", "fn f(a: &[u8]) -> u32 { let mut t = sum(a); t = double(t); t }"),
        Case::good("a.rs", "fn f(a: &[u8], c: bool) -> u32 { let mut t = sum(a); if c { t = 1; } t }"),
        Case::good("a.rs", "fn f(a: &[u8]) -> u32 { let mut t = sum(a); println!(\"{t}\"); t = 2; t }"),
        Case::good("a.rs", "fn f(p: &mut P) { p.x = one(); p.x = two(); }"),
        Case::near_miss("a.rs", "fn f(a: &A) { let mut g = a.lock(); go(); g = a.other(); go2(g); }"),
        Case::near_miss("a.rs", "fn f(a: &mut u8) { let r = a; *r = 1; *r = 2; }"),
        Case::near_miss("a.rs", "fn f(a: &A) -> u8 { let mut x = a.one(); let f = || x; x = a.two(); f() + x }"),
        Case::near_miss("a.rs", "fn f(a: &A) -> R { let mut x = a.start(); x = a.next(&mut x)?; ok(x) }"),
        Case::bad(
            "a.rs",
            "fn f(xs: &[u32]) -> u32 {\n    let mut total = 0;\n    for x in xs { total += x; }\n    let answer = total;\n    total = 0; //~ dead-store\n    answer\n}",
        ),
        Case::bad("a.rs", "fn f(mut n: u32) -> u32 {\n    let m = n * 2;\n    n += 1; //~ dead-store\n    m\n}"),
        Case::near_miss("a.rs", "fn f(n: &mut u32) -> u32 { let m = *n; *n += 1; m }"),
        Case::near_miss(
            "a.rs",
            "fn f(v: &[u8]) -> u32 { let mut n = 0u32; for x in v { if *x > n as u8 { go(n); } n += 1; } 0 }",
        ),
        Case::near_miss("a.rs", "fn f() -> u32 { let mut n = 0u32; let r = &mut n; *r = 3; n = *r + 1; 0 }"),
    ],
};

/// `xs[k] = a; xs[k] = b;`: the same element twice in a row.
fn element<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    let Some((place, _)) = stored_element(node) else { return };
    let Some(next) = node.next_named_sibling() else { return };
    let Some((other, value)) = stored_element(next) else { return };
    if same(place, other)
        && only_reads(place)
        && !root_name(place).is_some_and(|r| mentions(value, r.text()))
        && only_reads(value)
    {
        let message = format!("What is stored in `{}` is overwritten by the next statement.", place.text());
        cx.report(Note::new(cx.rule, place.span(), message).related(other.span(), "overwritten here"));
    }
}

/// The element and the value of `xs[k] = value;`.
fn stored_element<'a>(statement: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let assignment = statement.first_named().filter(|a| a.kind() == Kind::AssignmentExpression)?;
    let (left, right) = operands(assignment)?;
    (left.kind() == Kind::SubscriptExpression
        && left.child(Field::Object).is_some_and(|o| o.kind() == Kind::Identifier))
    .then_some((left, right))
}

/// `x = x++`, and `return x++` of a variable that ends there.
fn increment<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if node.text().starts_with(['+', '-']) || cx.arena().len() > MAX_NODES {
        return;
    }
    let Some(counter) = node.child(Field::Argument).filter(|a| a.kind() == Kind::Identifier) else { return };
    let Some(parent) = node.parent() else { return };
    let stored_back = parent.kind() == Kind::AssignmentExpression
        && node.field() == Field::Right
        && parent.child(Field::Left).is_some_and(|l| l.text() == counter.text());
    let returned = parent.kind() == Kind::ReturnStatement && {
        let home = home(node);
        is_function(home)
            && is_own(home, node, counter.text())
            && !node.ancestors().take_while(|a| *a != home).any(|a| a.kind() == Kind::TryStatement)
    };
    if stored_back || returned {
        let operator = if node.text().ends_with("++") { "++" } else { "--" };
        let end = if stored_back { "overwritten by it at once" } else { "gone when the function returns" };
        let message = format!(
            "`{}` gives the value from before, and the changed one is {end}. Write `{operator}` before the name, or leave it out.",
            node.text()
        );
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    // Each assignment is compared with the whole function.
    if cx.arena().len() > MAX_NODES {
        return;
    }
    let (name, value, statement) = if node.kind() == Kind::VariableDeclarator {
        let (Some(name), Some(value), Some(list)) = (node.child(Field::Name), node.child(Field::Value), node.parent())
        else {
            return;
        };
        // Constants cannot be overwritten.
        if list.child(Field::Kind).is_some_and(|k| k.text() != "let") {
            return;
        }
        (name, value, list)
    } else {
        let Some(assignment) = node.first_named().filter(|a| a.kind() == Kind::AssignmentExpression) else { return };
        let Some((name, value)) = operands(assignment) else { return };
        (name, value, node)
    };
    // Parsers move their position on after the last read, too.
    let moves = node.kind() == Kind::ExpressionStatement
        && bare(value).kind() == Kind::BinaryExpression
        && mentions(value, name.text())
        && bare(value).child(Field::Right).is_some_and(|r| r.kind() == Kind::Number);
    if name.kind() != Kind::Identifier || is_blank(value, 8) || moves {
        return;
    }
    let home = home(statement);
    if !is_function(home) || !is_own(home, statement, name.text()) {
        return;
    }
    let overwritten = overwritten(statement, name.text());
    let unread = node.kind() == Kind::ExpressionStatement && never_read_after(statement, name.text(), home);
    if let Some(next) = overwritten {
        let message = format!("The value stored in `{}` is overwritten before anybody reads it.", name.text());
        cx.report(Note::new(cx.rule, name.span(), message).related(next.span(), "overwritten here"));
    } else if unread && !takes_format_apart(home) && !cx.arena().text().contains("eval(") {
        let message = format!(
            "Nobody reads what is stored in `{}` here: the function ends first. Return it, or drop the assignment.",
            name.text()
        );
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}

/// A variable of a function that is computed and that nobody names again.
fn unused<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma || cx.arena().len() > MAX_NODES {
        return;
    }
    let (Some(name), Some(value)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    let computed = match value.kind() {
        Kind::BinaryExpression | Kind::TemplateString | Kind::TernaryExpression => true,
        Kind::MemberExpression => value.child(Field::Property).is_some_and(|p| {
            matches!(p.text(), "length" | "size" | "id" | "name" | "value" | "type" | "key" | "status" | "data")
        }),
        _ => false,
    };
    if name.kind() != Kind::Identifier || name.text().starts_with('_') || !computed || !only_reads(value) {
        return;
    }
    let text = name.text();
    let inside = is_function(home(node)) || cx.block.kind() == crate::blocks::BlockKind::Function;
    let named = |n: Node<'_>| {
        matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier)
            && (n.text() == text || n.text() == "eval")
    };
    // Nearly every name is mentioned again in its own block.
    if !inside || cx.arena().named(text).nth(1).is_some() {
        return;
    }
    let mut deeper = Vec::new();
    if cx.arena().nodes().filter(|n| named(*n)).count() != 1 || takes_format_apart(home(node)) {
        return;
    }
    deeper.extend(cx.block.children());
    while let Some(block) = deeper.pop() {
        if block.arena().nodes().any(named) {
            return;
        }
        deeper.extend(block.children());
    }
    if node.parent().is_some_and(|list| {
        list.ancestors().take(1).any(|a| matches!(a.kind(), Kind::ForStatement | Kind::ExportStatement))
    }) {
        return;
    }
    let message = format!("Nobody reads `{text}`: it was meant for something that is missing here, or is left over.");
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Whether a function takes a format apart, whose fields are read in their order, needed or not: many values come from bits, or from calls
/// that read the next of them.
fn takes_format_apart(function: Node<'_>) -> bool {
    const MANY: usize = 4;
    let reads = |n: &Node<'_>| match n.kind() {
        Kind::BinaryExpression => matches!(operator(*n), ">>>" | ">>" | "<<" | "&"),
        Kind::CallExpression => crate::rules::support::method(*n).is_some_and(|(_, m)| {
            let rest = m.text().strip_prefix("read").unwrap_or("");
            ["Bit", "Bool", "U", "S", "Int", "Byte", "Var"].iter().any(|w| rest.starts_with(w))
        }),
        _ => false,
    };
    function.descendants().filter(reads).take(MANY).count() == MANY
}

/// Blocks with more syntax nodes are left alone: the cost grows with the square.
const MAX_NODES: usize = 20_000;

/// Initial and clearing values.
fn is_blank(value: Node<'_>, depth: usize) -> bool {
    let value = bare(value);
    match value.kind() {
        _ if depth == 0 => false,
        Kind::Null | Kind::Undefined | Kind::True | Kind::False | Kind::Number | Kind::String | Kind::Regex => true,
        Kind::Array | Kind::Object => value.first_named().is_none(),
        Kind::UnaryExpression => value.child(Field::Argument).is_some_and(|v| is_blank(v, depth - 1)),
        Kind::AssignmentExpression => value.child(Field::Right).is_some_and(|v| is_blank(v, depth - 1)),
        Kind::Identifier => value.text() == "undefined",
        _ => false,
    }
}

/// Whether the function itself declares the variable, once, and no function inside it knows it.
fn is_own(home: Node<'_>, statement: Node<'_>, name: &str) -> bool {
    let mut declared = 0;
    for p in parameters(home) {
        declared += usize::from(p.kind() == Kind::Identifier && p.text() == name);
    }
    for n in home.descendants_until(|n| n != home && is_function(n)) {
        if is_function(n) || n.is_hole() || matches!(n.kind(), Kind::ClassDeclaration | Kind::Class) {
            if n.is_hole() || mentions(n, name) {
                return false;
            }
        } else if n.kind() == Kind::VariableDeclarator {
            let binding = n.child(Field::Name);
            if binding.is_some_and(|b| b.kind() == Kind::Identifier && b.text() == name) {
                // One of an inner block is another variable.
                let scope = n.parent().and_then(|list| list.parent());
                if scope.is_none_or(|s| !s.span().contains(statement.span())) {
                    return false;
                }
                declared += 1;
            }
        } else if n.kind() == Kind::Identifier && n.text() == "arguments" {
            return false;
        }
    }
    declared == 1
}

/// The following statement that overwrites the variable before anything reads it.
fn overwritten<'a>(statement: Node<'a>, name: &str) -> Option<Node<'a>> {
    if statement.named_children().filter(|c| c.kind() == Kind::VariableDeclarator).count() > 1 {
        return None;
    }
    let mut at = statement.next_named_sibling();
    while let Some(next) = at {
        if !matches!(next.kind(), Kind::ExpressionStatement | Kind::LexicalDeclaration | Kind::VariableDeclaration) {
            return None;
        }
        if next.kind() == Kind::ExpressionStatement
            && let Some(assignment) = next.first_named().filter(|a| a.kind() == Kind::AssignmentExpression)
            && let Some((left, right)) = operands(assignment)
            && left.kind() == Kind::Identifier
            && left.text() == name
        {
            return (!mentions(right, name)).then_some(left);
        }
        if mentions(next, name)
            || next.descendants().any(|n| matches!(n.kind(), Kind::AwaitExpression | Kind::YieldExpression))
        {
            return None;
        }
        at = next.next_named_sibling();
    }
    None
}

fn never_read_after(statement: Node<'_>, name: &str, home: Node<'_>) -> bool {
    let end = statement.span().end;
    let looped = statement.ancestors().take_while(|a| *a != home).any(is_loop);
    !looped
        && !home.descendants().any(|n| {
            n.span().start >= end
                && matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier)
                && n.text() == name
        })
}

// Rust.

fn rust_block<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().len() > MAX_NODES {
        return;
    }
    for first in node.named_children() {
        rust_last(first, cx);
        let Some((name, value)) = rust_store(first) else { continue };
        // A guard works by being there.
        let plain = matches!(
            bare(value).kind(),
            Kind::CallExpression | Kind::BinaryExpression | Kind::MacroInvocation | Kind::TryExpression
        );
        let guard = value.descendants().any(|n| {
            matches!(
                n.text(),
                "lock"
                    | "enter"
                    | "guard"
                    | "borrow"
                    | "borrow_mut"
                    | "span"
                    | "entered"
                    | "new"
                    | "default"
                    | "with_capacity"
            ) || n.kind() == Kind::Identifier && n.text().contains("guard")
        });
        if !plain || guard {
            continue;
        }
        let Some(declared) = binding(name).or_else(|| own_binding(first, name)) else { continue };
        if !matches!(declared.origin, Origin::Let(_)) || declared.pattern != declared.name {
            continue;
        }
        let mut at = first.next_named_sibling();
        while let Some(next) = at {
            if let Some((again, value)) = rust_store(next)
                && next.kind() == Kind::ExpressionStatement
                && again.text() == name.text()
            {
                if !rust_mentions(value, name.text()) {
                    let message =
                        format!("The value stored in `{}` is overwritten before anybody reads it.", name.text());
                    cx.report(Note::new(cx.rule, name.span(), message).related(again.span(), "overwritten here"));
                }
                break;
            }
            let plain = matches!(next.kind(), Kind::ExpressionStatement | Kind::LetDeclaration);
            if !plain || rust_mentions(next, name.text()) {
                break;
            }
            // What the value's destructor does may matter to calls between.
            if type_of_store(first, cx) != Some(true) && next.descendants().any(|n| n.kind() == Kind::CallExpression) {
                break;
            }
            at = next.next_named_sibling();
        }
    }
}

/// `n = other;` or `n += 1;` of a plain number after which nothing reads it.
fn rust_last<'a>(statement: Node<'a>, cx: &mut Cx<'a>) {
    let assignment = statement.first_named().filter(|a| {
        statement.kind() == Kind::ExpressionStatement
            && matches!(a.kind(), Kind::AssignmentExpression | Kind::CompoundAssignmentExpr)
    });
    let Some(name) = assignment.and_then(|a| a.child(Field::Left)).filter(|n| n.kind() == Kind::Identifier) else {
        return;
    };
    let Some(declared) = binding(name).filter(Binding::is_plain) else { return };
    if !matches!(declared.origin, Origin::Let(_) | Origin::Param(_)) || declared.name.text().starts_with('_') {
        return;
    }
    let plain = type_of_binding(declared, cx)
        .is_some_and(|t| t.refs == 0 && (t.is_integer() || t.is_float() || t.is("bool") || t.is("char")));
    let scope = declared.scope;
    let inside = |a: Node<'a>| is_loop(a) || is_function(a) && a != scope || a.kind() == Kind::AsyncBlock;
    if !plain || statement.ancestors().take_while(|a| *a != scope).any(inside) {
        return;
    }
    let text = name.text();
    let end = statement.span().end;
    let read = scope.descendants().any(|n| {
        let after = n.span().start >= end;
        let lent = n.kind() == Kind::ReferenceExpression && n.child(Field::Value).is_some_and(|v| v.text() == text);
        let closed = is_function(n) && n != scope && rust_mentions(n, text);
        lent || closed || n.is_hole() || after && rust_mentions(n, text)
    });
    if !read {
        let message = format!("Nobody reads what is stored in `{text}` here: its scope ends first.");
        cx.report(Note::new(cx.rule, name.span(), message));
    }
}

/// Name and value of `let mut x = value;` and `x = value;`.
fn rust_store<'a>(statement: Node<'a>) -> Option<(Node<'a>, Node<'a>)> {
    let (name, value) = match statement.kind() {
        Kind::LetDeclaration => {
            statement.child_of_kind(Kind::MutableSpecifier)?;
            (statement.child(Field::Pattern)?, statement.child(Field::Value)?)
        }
        Kind::ExpressionStatement => {
            let assignment = statement.first_named().filter(|a| a.kind() == Kind::AssignmentExpression)?;
            operands(assignment)?
        }
        _ => return None,
    };
    (name.kind() == Kind::Identifier).then_some((name, value))
}

/// The binding of a `let`'s own name.
fn own_binding<'a>(statement: Node<'a>, name: Node<'a>) -> Option<Binding<'a>> {
    (statement.kind() == Kind::LetDeclaration).then(|| Binding {
        name,
        pattern: name,
        origin: Origin::Let(statement),
        scope: statement.parent().unwrap_or(statement),
    })
}

/// Whether a stored value is a plain one, without a destructor.
fn type_of_store<'a>(statement: Node<'a>, cx: &Cx<'a>) -> Option<bool> {
    let (_, value) = rust_store(statement)?;
    let written = statement.child(Field::Type).map(|t| Ty::parse(t.text()));
    let ty = written.or_else(|| type_of(value, cx))?;
    Some(ty.is_integer() || ty.is_float() || ty.is("bool") || ty.is("String") || ty.refs > 0)
}

fn rust_mentions(node: Node<'_>, name: &str) -> bool {
    node.descendants().any(|n| {
        n.is_hole()
            || n.kind() == Kind::Identifier && n.text() == name
            || matches!(n.kind(), Kind::StringLiteral | Kind::RawStringLiteral) && captures(n, name)
    })
}
