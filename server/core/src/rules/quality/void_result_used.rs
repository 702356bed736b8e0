use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::operator;
use crate::rules::support::{declares, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "void-result-used",
    summary: "the result of a function that returns nothing is used",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[394],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a call of a function of the file that never returns a value, whose result is kept, returned as a condition, compared, or handed on.",
        why: "The result is always `undefined`. A `return` is missing in the function, or the caller expects what it never gets.",
        example: "function save(x) { store.push(x); }\nconst saved = save(item);",
        instead: "save(item);",
        limits: "Only functions of the same file that are written once, have a body, and return no value on any path. `return f()`, `await f()`, `void f()`, `() => f()`, and `f() || g()` as a statement are left alone. Abstract and empty functions, and those that always throw, too.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check), Check::Nodes(&[Kind::CallExpression], for_each)],
    cases: &[
        Case::bad("a.js", "function save(x) { store.push(x); }\nconst saved = save(1); //~ void-result-used"),
        Case::bad(
            "a.ts",
            "function log(m: string): void { console.log(m); }\nfunction f() { const r = log('x'); //~ void-result-used\nreturn r; }",
        ),
        Case::bad(
            "a.js",
            "const save = (x) => { store.push(x); };\nfunction f(x) { if (save(x)) { go(); } //~ void-result-used\n}",
        ),
        Case::bad(
            "a.js",
            "function save(x) { store.push(x); }\nfunction f(x) { return save(x) + 1; } //~ void-result-used",
        ),
        Case::bad("a.js", "function save(x) { store.push(x); }\nfunction f(x) { go(save(x)); } //~ void-result-used"),
        Case::bad(
            "a.js",
            "function save(x) { if (!x) { return; } store.push(x); }\nlet ok; function f(x) { ok = save(x); } //~ void-result-used",
        ),
        Case::bad(
            "a.js",
            "function f(x) { function add(y) { x.push(y); } const n = add(1); //~ void-result-used\nreturn n; }",
        ),
        Case::bad(
            "a.js",
            "function save(x) { store.push(x); }\nfunction f(x) { return save(x).length; } //~ void-result-used",
        ),
        Case::bad(
            "a.js",
            "function save(x) { store.push(x); }\nfunction f(x) { return save(x) ? 1 : 2; } //~ void-result-used",
        ),
        Case::bad(
            "a.js",
            "async function f(ids) { await Promise.all(ids.forEach((id) => db.del(id))); } //~ void-result-used",
        ),
        Case::bad("a.js", "const names = [1, 2].forEach((x) => x.name); //~ void-result-used"),
        Case::near_miss("a.js", "const r = _.forEach(xs, (x) => go(x)); const s = coll.forEach((x) => go(x));"),
        Case::good("a.js", "function save(x) { store.push(x); return x; }\nconst saved = save(1);"),
        Case::good("a.js", "function save(x) { store.push(x); }\nsave(1);"),
        Case::good("a.js", "function save(x) { store.push(x); }\nfunction f(x) { return save(x); }"),
        Case::good("a.js", "const save = (x) => store.push(x);\nconst n = save(1);"),
        Case::good("a.js", "function save(x) { store.push(x); }\nxs.forEach((x) => save(x));"),
        Case::good(
            "a.js",
            "async function save(x) { await store(x); }\nasync function f(x) { const p = save(x); await p; }",
        ),
        Case::good("a.js", "function* save(x) { yield x; }\nconst it = save(1);"),
        Case::good("a.js", "function save(x) { store.push(x); }\nok && save(1);"),
        Case::near_miss("a.js", "function save(x) { throw new Error('todo'); }\nconst saved = save(1);"),
        Case::near_miss("a.js", "function noop() {}\nconst saved = noop();"),
        Case::near_miss(
            "a.js",
            "function save(x) { store.push(x); }\nfunction f(save) { const r = save(1); return r; }",
        ),
        Case::near_miss(
            "a.js",
            "function save(x) { store.push(x); }\nfunction f(x) { if (!x) return void save(x); const go = () => save(x); return go; }",
        ),
        Case::near_miss(
            "a.js",
            "function f(x) { return x ? save(x) : load(x); }\nfunction save(x) { store.push(x); }\nfunction load(x) { store.pop(); }",
        ),
        Case::near_miss("a.js", "let save = () => { go(); };\nsave = other;\nconst r = save();"),
        Case::near_miss("a.js", "function Make() { this.x = 1; }\nconst m = new Make();"),
    ],
};

/// `Promise.all(list.forEach(..))`, `const x = list.forEach(..)`.
fn for_each<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, name)) = crate::rules::support::method(node).filter(|(_, n)| n.text() == "forEach") else { return };
    let inline = crate::rules::support::args(node).next().is_some_and(is_function);
    // Libraries' `forEach` may give back what they were given.
    let library = of.kind() == Kind::Identifier && of.text().starts_with(['_', '$']) || of.text().starts_with("$(");
    let awaited = node.parent().filter(|p| p.kind() == Kind::AwaitExpression);
    let array = crate::rules::shape::is_array(of);
    let all = node.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent()).is_some_and(|c| {
        c.child(Field::Function).is_some_and(|f| f.text().starts_with("Promise.all") || f.text() == "Promise.race")
    });
    if !inline || library || !(all || awaited.is_some() && array || array && used(node)) {
        return;
    }
    let message = "`forEach` returns nothing, whatever its callback returns: this is always `undefined`. Use `map`.";
    let note = Note::new(cx.rule, name.span(), message).suggestion("Use `map`", vec![(name.span(), "map".to_owned())]);
    cx.report(note);
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).filter(|f| f.kind() == Kind::Identifier) else { return };
    let name = callee.text();
    if !used(node) {
        return;
    }
    let local = local(node, name);
    let told = match local.as_slice() {
        [] => {
            cx.file.declared.void_functions.contains(name)
                && !declares(node, name)
                && cx.file.imports.path(name).is_none()
        }
        [only] => crate::rules::declared::returns_nothing(cx.open(*only)) && bindings(node, name) == 1,
        _ => false,
    };
    if !told {
        return;
    }
    let message = format!(
        "`{name}` returns nothing, so that this is always `undefined`. A `return` is missing there, or this use is a mistake."
    );
    let mut note = Note::new(cx.rule, node.span(), message);
    if let [only] = local.as_slice()
        && let Some(at) = only.child(Field::Name)
    {
        note = note.related(at.span(), "returns nothing");
    }
    cx.report(note);
}

/// Whether somebody takes the call's result for a value.
fn used(call: Node<'_>) -> bool {
    let mut at = call;
    loop {
        let Some(parent) = at.parent() else { return false };
        match parent.kind() {
            Kind::ParenthesizedExpression | Kind::AsExpression | Kind::NonNullExpression => at = parent,
            Kind::VariableDeclarator => return at.field() == Field::Value,
            Kind::AssignmentExpression | Kind::AugmentedAssignmentExpression => return at.field() == Field::Right,
            Kind::IfStatement | Kind::WhileStatement | Kind::TernaryExpression => {
                return at.field() == Field::Condition;
            }
            Kind::MemberExpression => return at.field() == Field::Object,
            // `f(g())` of a function that wants a callback is the same mistake.
            Kind::Arguments => {
                return parent.parent().is_some_and(|c| c.kind() == Kind::CallExpression && !is_probe(c));
            }
            Kind::TemplateSubstitution => return true,
            Kind::BinaryExpression => return !matches!(operator(parent), "&&" | "||" | "??" | ","),
            Kind::UnaryExpression => return operator(parent) == "!",
            _ => return false,
        }
    }
}

/// Whether a call is made to see what it is given: an assertion, a log.
fn is_probe(call: Node<'_>) -> bool {
    let name = call.child(Field::Function).map_or("", Node::text);
    let first = name.split('.').next().unwrap_or(name);
    matches!(
        first,
        "expect"
            | "assert"
            | "console"
            | "t"
            | "test"
            | "String"
            | "Boolean"
            | "Promise"
            | "resolve"
            | "callback"
            | "cb"
            | "done"
            | "next"
    )
}

fn local<'a>(anywhere: Node<'a>, name: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    for bound in anywhere.arena().named(name).filter(|b| b.field() == Field::Name) {
        match bound.parent().filter(|n| n.index() != 0) {
            Some(n) if n.kind() == Kind::FunctionDeclaration => found.push(n),
            Some(n) if n.kind() == Kind::VariableDeclarator => {
                found.extend(n.child(Field::Value).filter(|v| is_function(*v) && !v.is_hole()));
            }
            _ => {}
        }
    }
    found
}

/// How often the block binds or assigns the name.
fn bindings(anywhere: Node<'_>, name: &str) -> usize {
    anywhere
        .arena()
        .nodes()
        .filter(|n| n.kind() == Kind::Identifier && n.text() == name)
        .filter(|n| {
            n.parent().is_some_and(|p| match p.kind() {
                Kind::FunctionDeclaration | Kind::VariableDeclarator => n.field() == Field::Name,
                Kind::AssignmentExpression => n.field() == Field::Left,
                Kind::FormalParameters | Kind::RequiredParameter | Kind::OptionalParameter => true,
                Kind::ArrowFunction => n.field() == Field::Parameter,
                _ => false,
            })
        })
        .count()
}
