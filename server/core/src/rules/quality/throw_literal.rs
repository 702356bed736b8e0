use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::is_global;
use crate::rules::support::{bare, key_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "throw-literal",
    summary: "something is thrown that is no error",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::High,
    cwe: &[397],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `throw` of a string, a number, a template, an object or array literal, `null` and `undefined`, and of a class of errors itself.",
        why: "What is no `Error` has no stack: nobody sees where it came from, `err.message` is `undefined`, and handlers that ask `instanceof Error` let it pass.",
        example: "throw 'not found';",
        instead: "throw new Error('not found');",
        limits: "Variables and calls may hold errors and are left alone, and so are objects that are shaped like errors: with a `stack`, a `cause`, or a `message` and a `name` or a `code` that is a text.",
        fix: "A text becomes the message of an `Error`: handlers that compare the value need a look, so it is a suggestion.",
    },
    checks: &[Check::Nodes(&[Kind::ThrowStatement], check)],
    cases: &[
        Case::near_miss("a.js", "function f() { throw { code: 'invalid_json', message: tell() }; }"),
        Case::bad(
            "a.js",
            "function start(o) { const { argv } = process; if (!o.name) { throw 'Say who'; } go(argv); } //~ throw-literal",
        ),
        Case::near_miss(
            "a.js",
            "async function f(u) { try { const d = await load(u); if (d.type !== 'data') { throw 0; } return d; } catch (e) { return fallback(u); } }",
        ),
        Case::near_miss("a.js", "function task(argv) { if (!argv.to) { throw 'Say where to'; } }"),
        Case::near_miss("a.js", "function need(o) { if (!o.to) { throw 'You must specify --to=directory'; } }"),
        Case::near_miss(
            "a.js",
            "const load = (a) => a.virtual().then((t) => { if (!t.meta) { throw 'load actual'; } return t; }).catch(() => a.actual());",
        ),
        Case::near_miss("a.js", "function f(p) { if (!p.ok) { const invalid = fail('x'); throw [invalid]; } }"),
        Case::bad("a.js", "function f() { throw 'broken'; } //~ throw-literal"),
        Case::bad("a.js", "function f(n) { throw `no ${n}`; } //~ throw-literal"),
        Case::bad("a.js", "function f() { throw { code: 404, message: 'none' }; } //~ throw-literal"),
        Case::bad("a.js", "function f() { throw 42; } //~ throw-literal"),
        Case::bad("a.js", "function f(e) { throw 'failed: ' + e.message; } //~ throw-literal"),
        Case::bad("a.ts", "function f(): never { throw null; } //~ throw-literal"),
        Case::bad("a.js", "function f() { throw undefined; } //~ throw-literal"),
        Case::bad("a.js", "function f() { throw Error; } //~ throw-literal"),
        Case::bad("a.ts", "function f(): never { throw TypeError; } //~ throw-literal"),
        Case::near_miss("a.js", "function f(Error) { throw Error; }"),
        Case::near_miss("a.js", "function f() { throw Error('x'); }"),
        Case::bad("a.ts", "const f = () => { throw ('a' as any); }; //~ throw-literal"),
        Case::good("a.js", "function f() { throw new Error('broken'); }"),
        Case::good("a.js", "function f(e) { throw e; }"),
        Case::good("a.js", "function f() { throw failure('x'); }"),
        Case::good("a.js", "function f() { throw Object.assign(new Error('x'), { code: 1 }); }"),
        Case::good("a.js", "function f(a, b) { throw a || b; }"),
        Case::good("a.js", "function f() { return Promise.reject('x'); }"),
        Case::near_miss("a.js", "function f(m) { throw { name: 'AbortError', message: m }; }"),
        Case::near_miss("a.js", "function f(e) { throw { ...e, stack: new Error().stack }; }"),
        Case::near_miss("a.js", "function f(cond) { throw cond ? new A() : new B(); }"),
        Case::near_miss("a.js", "async function f(p) { throw await p; }"),
        Case::good("a.ts", "function f() { throw new RangeError('too large'); }"),
        Case::good("a.ts", "function f(e: unknown) { throw e; }"),
        Case::near_miss("a.ts", "function f(i: number, o: Outcome) { throw [i, o] as Indexed; }"),
        Case::near_miss(
            "a.ts",
            "function f(d: D) { switch (d) { case 'l': return 1; case 'r': return 2; default: throw 'unreachable'; } }",
        ),
    ],
};

/// The language's own classes of errors.
const ERRORS: [&str; 7] =
    ["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "AggregateError"];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.family() != Family::Ecma {
        return;
    }
    // A type that is written to it says that somebody catches it.
    if node.first_named().is_some_and(|v| v.kind() == Kind::AsExpression) {
        return;
    }
    let Some(value) = node.first_named().map(bare) else { return };
    let what = match value.kind() {
        Kind::String | Kind::TemplateString => "A text",
        Kind::Number => "A number",
        // `throw [invalid]`: errors that are gathered.
        Kind::Array if !value.named_children().all(|e| e.kind() == Kind::Identifier) => "A list",
        Kind::Null | Kind::Undefined | Kind::True | Kind::False => "A bare value",
        Kind::Identifier if value.text() == "undefined" => "A bare value",
        Kind::Identifier if ERRORS.iter().any(|name| is_global(value, name, cx)) => "A class",
        Kind::BinaryExpression if text_sum(value) => "A text",
        Kind::Object if !is_error_like(value) => "A plain object",
        _ => return,
    };
    // Thrown to the `catch` of the same chain it only says which way to go on.
    let function = node.ancestors().find(|a| crate::rules::support::is_function(*a));
    let caught =
        function.and_then(|f| f.parent()).filter(|a| a.kind() == Kind::Arguments).and_then(|a| a.parent()).is_some_and(
            |then| {
                let next = then.parent().filter(|m| m.kind() == Kind::MemberExpression);
                next.and_then(|m| m.child(Field::Property)).is_some_and(|p| p.text() == "catch")
            },
        );
    if caught {
        return;
    }
    // Where nobody can come there is nobody to tell.
    let text = value.text().to_lowercase();
    if ["unreachable", "impossible", "never", "exhaustive", "not reached", "absurd"].iter().any(|w| text.contains(w)) {
        return;
    }
    // A bare number that the same function catches only says which way to go on: `throw 0`.
    let thrown_here = matches!(what, "A number" | "A bare value")
        && node.ancestors().take_while(|a| Some(*a) != function).any(|a| {
            a.kind() == Kind::TryStatement
                && a.child(Field::Handler).is_some()
                && a.child(Field::Body).is_some_and(|b| b.span().contains(node.span()))
        });
    if thrown_here {
        return;
    }
    // What a command says to who typed it needs no stack: `throw 'You must specify --to=directory'`.
    let asked = node.ancestors().find(|a| a.kind() == Kind::IfStatement).and_then(|i| i.child(Field::Condition));
    let typed = matches!(what, "A text")
        && (text.contains(" --") || asked.is_some_and(|c| c.descendants().any(|n| n.text() == "argv")));
    if typed {
        return;
    }
    let message = format!(
        "{what} is thrown: it has no stack, and handlers that expect an `Error` do not know it. Throw an `Error`."
    );
    let mut note = Note::new(cx.rule, value.span(), message);
    if what == "A class" {
        let made = vec![(value.span(), format!("new {}()", value.text()))];
        note = note.suggestion("Throw an instance", made);
    }
    if what == "A text" {
        note = note.suggestion("Throw an `Error`", vec![(value.span(), format!("new Error({})", value.text()))]);
    }
    cx.report(note);
}

/// Whether one side of a sum is a text in the source.
fn text_sum(node: Node<'_>) -> bool {
    node.child(Field::Operator).is_some_and(|o| o.text() == "+")
        && [Field::Left, Field::Right].iter().filter_map(|f| node.child(*f)).map(bare).any(|side| {
            matches!(side.kind(), Kind::String | Kind::TemplateString)
                || side.kind() == Kind::BinaryExpression
                    && side.descendants().any(|n| matches!(n.kind(), Kind::String | Kind::TemplateString))
        })
}

/// Whether an object is shaped like an error: a stack or a cause, or a name and a message.
fn is_error_like(object: Node<'_>) -> bool {
    let has = |key: &str| {
        object.named_children().any(|p| {
            key_name(p).is_some_and(|k| k == key) || p.kind() == Kind::ShorthandPropertyIdentifier && p.text() == key
        })
    };
    // A code that is a word is what an API promises to those who ask: `{ code: 'invalid_json', message }`.
    let coded = object.named_children().any(|p| {
        key_name(p).is_some_and(|k| k == "code")
            && p.child(Field::Value).is_some_and(|v| bare(v).kind() == Kind::String)
    });
    ["stack", "cause", "$$typeof"].iter().any(|k| has(k)) || has("name") && has("message") || has("message") && coded
}
