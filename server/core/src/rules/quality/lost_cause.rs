use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, mentions, parameters};
use crate::rules::support::{args, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "lost-cause",
    summary: "an error is thrown anew without a word of the one that was caught",
    category: Category::Quality,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `throw new Error(..)` in a `catch` clause, or in the function given to `.catch`, that uses what it caught nowhere.",
        why: "Why it failed is lost: the log shows the place of the new error and a fixed text, and the stack and message of the first are gone.",
        example: "try {\n  load();\n} catch (err) {\n  throw new Error('loading failed');\n}",
        instead: "try {\n  load();\n} catch (err) {\n  throw new Error('loading failed', { cause: err });\n}",
        limits: "Clauses that log, test, wrap or hand on what they caught, those without a binding, errors of protocols (`HttpException`, `UnauthorizedError`), and attempts to parse or check what somebody sent are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CatchClause], check), Check::Nodes(&[Kind::CallExpression], handler)],
    cases: &[
        Case::bad(
            "a.ts",
            "function retry(fn: F, n: number) { return fn().catch((e) => { if (n <= 0) { throw new Error('gave up'); } return retry(fn, n - 1); }); } //~ lost-cause",
        ),
        Case::near_miss(
            "a.ts",
            "function load(fn: F) { return fn().catch((e) => { throw new Error('failed', { cause: e }); }); }",
        ),
        Case::near_miss(
            "a.ts",
            "function load(r: R) { return r.json().catch((e) => { throw new Error('no JSON'); }); }",
        ),
        Case::bad(
            "a.js",
            "function f() {\n  try { first(); } catch (err) {\n    try { second(); } catch (error) {\n      throw new Error('both failed'); //~ lost-cause\n    }\n  }\n}",
        ),
        Case::near_miss(
            "a.js",
            "function at(term) { try { return fs.readFileSync(dir + term); } catch (err) { throw new Error('unknown terminal: ' + term); } }",
        ),
        Case::near_miss(
            "a.js",
            "function open(a, k) { try { return cipher(a, k); } catch (err) { throw new Error('unsupported algorithm: ' + a); } }",
        ),
        Case::near_miss(
            "a.js",
            "function at(c) { try { return c.mirror(); } catch (error) {\n  // Re-throw with a more descriptive error message\n  throw new Error('no mirror is configured');\n} }",
        ),
        Case::near_miss(
            "a.js",
            "function check(name) { try { fs.statSync(name); } catch (e) { throw new Error(`Could not find ${name}`); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(ms) { try { Utils.enforceType(ms, 'number'); } catch (err) { throw new Error('a number, please'); } }",
        ),
        Case::near_miss(
            "a.tsx",
            "function f(children) { try { return React.Children.only(children); } catch (e) { throw new Error('one child, please'); } }",
        ),
        Case::bad(
            "a.js",
            "function f() { try { load(); } catch (err) {\nthrow new Error('loading failed'); //~ lost-cause\n} }",
        ),
        Case::bad(
            "a.ts",
            "async function f() { try { await db.open(); } catch (e: unknown) {\nthrow new TypeError('no database'); //~ lost-cause\n} }",
        ),
        Case::bad(
            "a.js",
            "function f(p) { try { read(p); } catch (e) { close(p);\nthrow new Error(`cannot read ${p}`); //~ lost-cause\n} }",
        ),
        Case::bad(
            "a.js",
            "class A { m() { try { this.go(); this.end(); } catch (error) {\nthrow new Error('failed'); //~ lost-cause\n} } }",
        ),
        Case::good(
            "a.js",
            "function f() { try { load(); } catch (err) { throw new Error('failed', { cause: err }); } }",
        ),
        Case::good(
            "a.js",
            "function f() { try { load(); } catch (err) { throw new Error(`failed: ${err.message}`); } }",
        ),
        Case::good("a.js", "function f() { try { load(); } catch (err) { log(err); throw new Error('failed'); } }"),
        Case::good("a.js", "function f() { try { load(); } catch (err) { throw err; } }"),
        Case::near_miss("a.js", "function f() { try { load(); } catch { throw new Error('failed'); } }"),
        Case::near_miss(
            "a.js",
            "function f(t) { try { return JSON.parse(t); } catch (e) { throw new SyntaxError('no JSON'); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f() { try { load(); } catch (err) { if (err.code === 'X') { throw new Error('x'); } } }",
        ),
        Case::bad(
            "a.ts",
            "function read(f: () => string) {\n  try {\n    return f();\n  } catch (err) {\n    throw new TypeError('no value'); //~ lost-cause\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "async function load(url: string) {\n  try {\n    return await fetch(url);\n  } catch (error) {\n    throw new Error(`cannot load ${url}`); //~ lost-cause\n  }\n}",
        ),
        Case::bad(
            "a.ts",
            "class Store { open() {\n  try {\n    this.db.open();\n  } catch (e) {\n    throw new RangeError('cannot open'); //~ lost-cause\n  }\n} }",
        ),
        Case::bad(
            "a.ts",
            "function read(text: string) {\n  try {\n    return grammar.run(text);\n  } catch (e) {\n    throw new SyntaxError('bad settings'); //~ lost-cause\n  }\n}",
        ),
        Case::good(
            "a.ts",
            "function f(g: () => void) { try { g(); } catch (e) { throw new Error('x', { cause: e }); } }",
        ),
        Case::good("a.ts", "function f(g: () => void) { try { g(); } catch (e) { throw new Error(`x: ${e}`); } }"),
        Case::good("a.ts", "function f(g: () => void) { try { g(); } catch (e) { log(e); throw new Error('x'); } }"),
        Case::good("a.ts", "function f(g: () => void) { try { g(); } catch (e) { throw e; } }"),
        Case::near_miss("a.ts", "function f(g: () => void) { try { g(); } catch (e) { throw wrap('x', e); } }"),
    ],
};

/// `.catch((err) => { throw new Error('failed'); })`
fn handler<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((of, _)) = method(node).filter(|(_, m)| m.text() == "catch") else { return };
    let Some(function) = callback(node, 0, cx).filter(|f| std::ptr::eq(f.arena(), node.arena())) else { return };
    let (Some(caught), Some(body)) = (parameters(function).first().copied(), function.child(Field::Body)) else {
        return;
    };
    if caught.kind() != Kind::Identifier || caught.text().starts_with('_') || mentions(body, caught.text()) {
        return;
    }
    if body.descendants().any(Node::is_hole) || crate::rules::shape::is_explained(body) {
        return;
    }
    let Some(thrown) = body.descendants_until(is_function).find(|n| n.kind() == Kind::ThrowStatement) else { return };
    let Some(made) = thrown.first_named().filter(|m| m.kind() == Kind::NewExpression) else { return };
    let plain = made.child(Field::Constructor).is_some_and(|c| matches!(c.text(), "Error" | "TypeError"));
    // That what was sent is wrong, or is not there, is all there is to say.
    let asks = ["parse", "verify", "decode", "json(", "access(", "stat(", "validate", "import("];
    if !plain || args(made).count() != 1 || asks.iter().any(|w| of.text().contains(w)) {
        return;
    }
    let message =
        format!("Why it failed is lost: hand `{0}` on with `new Error(.., {{ cause: {0} }})`.", caught.text());
    cx.report(Note::new(cx.rule, made.span(), message));
}

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(caught), Some(body)) = (node.child(Field::Parameter), node.child(Field::Body)) else { return };
    if caught.kind() != Kind::Identifier || caught.text().starts_with('_') || mentions(body, caught.text()) {
        return;
    }
    if body.descendants().any(Node::is_hole) {
        return;
    }
    // A throw in an inner clause is told of there.
    let inner = |n: Node<'a>| is_function(n) || n.kind() == Kind::CatchClause;
    let Some(thrown) = body.descendants_until(inner).find(|n| n.kind() == Kind::ThrowStatement) else { return };
    let Some(made) = thrown.first_named().filter(|m| m.kind() == Kind::NewExpression) else { return };
    let plain = made.child(Field::Constructor).is_some_and(|c| {
        matches!(c.text(), "Error" | "TypeError" | "RangeError" | "SyntaxError" | "EvalError" | "URIError")
    });
    // What somebody sent is wrong, and the new error says so.
    let asks = node.parent().and_then(|t| t.child(Field::Body)).is_some_and(|b| {
        b.descendants().any(|n| {
            n.kind() == Kind::PropertyIdentifier
                && (matches!(n.text(), "parse" | "verify" | "decode" | "resolve" | "from" | "only")
                    || ["enforce", "assert", "validate", "ensure"].iter().any(|w| n.text().starts_with(w)))
                || n.kind() == Kind::NewExpression
                    && n.child(Field::Constructor)
                        .is_some_and(|c| matches!(c.text(), "URL" | "url.URL" | "RegExp" | "Function"))
                || matches!(n.text(), "decodeURIComponent" | "decodeURI" | "require" | "import" | "atob")
        })
    });
    // That a file is not there says all, where nothing was done but to look at it.
    let looks = node.parent().and_then(|t| t.child(Field::Body)).is_some_and(|b| {
        b.named_children().filter(|n| !n.is_comment()).count() == 1
            && ["statSync(", "accessSync(", "readFileSync(", ".stat(", ".access("].iter().any(|c| b.text().contains(c))
    });
    let says = args(made).next().is_some_and(|m| {
        let text = m.text().to_lowercase();
        ["find", "found", "exist", "open", "missing", "unknown"].iter().any(|w| text.contains(w))
    });
    // What cannot be deciphered is not to tell why, and what is not supported, or not valid, has no other reason. A comment gives one.
    let answers = args(made).next().is_some_and(|m| {
        let text = m.text().to_lowercase();
        ["decrypt", "unsupported", "not supported", "invalid"].iter().any(|w| text.contains(w))
    });
    if answers || crate::rules::shape::is_explained(body) {
        return;
    }
    if !plain || asks || looks && says || args(made).count() > 1 {
        return;
    }
    let message =
        format!("Why it failed is lost: hand `{0}` on with `new Error(.., {{ cause: {0} }})`.", caught.text());
    let mut note = Note::new(cx.rule, made.span(), message);
    if let Some(last) = args(made).last() {
        let at = crate::syntax::Span { start: last.span().end, end: last.span().end };
        note = note.suggestion("Hand the cause on", vec![(at, format!(", {{ cause: {} }}", caught.text()))]);
    }
    cx.report(note);
}
