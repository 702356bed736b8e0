use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{mentions, parameters};
use crate::rules::support::{args, bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "callback-called-twice",
    summary: "a callback is called in a try, and again when it throws",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[670, 755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `try { callback(null, ..); } catch (e) { callback(e); }`.",
        why: "When the callback itself throws, which has nothing to do with what was tried, it is called a second time, with its own error: answers are sent twice, counters run wrong, and the error looks like one of the input.",
        example: "try {\n  callback(null, JSON.parse(text));\n} catch (err) {\n  callback(err);\n}",
        instead: "let value;\ntry {\n  value = JSON.parse(text);\n} catch (err) {\n  return callback(err);\n}\ncallback(null, value);",
        limits: "Only parameters that are callbacks by their name. `next` of Express and the functions of a promise take care of a second call themselves. A `try` that hands the callback on to something else, or calls it only in a callback of its own, is left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::TryStatement], check)],
    cases: &[
        Case::near_miss(
            "a.js",
            "app.addHook('x', (instance, done) => { try { run(); done(); } catch (e) { done(e); } });",
        ),
        Case::near_miss(
            "a.js",
            "module.exports = (op) => { return (callback) => { try { cast(op); callback(null); } catch (e) { callback(e); } }; };",
        ),
        Case::bad(
            "a.js",
            "function f(text, callback) { try {\n callback(null, JSON.parse(text)); //~ callback-called-twice\n} catch (err) { callback(err); } }",
        ),
        Case::bad(
            "a.js",
            "class T { _transform(line, enc, cb) { try {\n cb(null, parse(line)); //~ callback-called-twice\n} catch (e) { cb(e); } } }",
        ),
        Case::bad(
            "a.js",
            "function f(p, cb) { fs.readFile(p, (err, data) => { try { const x = JSON.parse(data);\n cb(null, x); //~ callback-called-twice\n} catch (e) { cb(e); } }); }",
        ),
        Case::bad(
            "a.ts",
            "function f(p: string, onDone: Done) { try { const v = run(p);\n onDone(null, v); //~ callback-called-twice\n} catch (e) { onDone(e as Error); } }",
        ),
        Case::bad(
            "a.js",
            "exports.load = (p, callback) => { try { const v = run(p);\n return callback(null, v); //~ callback-called-twice\n} catch (e) { return callback(e); } };",
        ),
        Case::bad(
            "a.js",
            "async function f(p, cb) { try { const v = await run(p);\n cb(null, v); //~ callback-called-twice\n} catch (e) { cb(e); } }",
        ),
        Case::bad(
            "a.js",
            "function f(p, cb) { try { const v = run(p); if (v) {\n cb(null, v); //~ callback-called-twice\n} else { go(); } } catch (e) { log(e); cb(e); } }",
        ),
        Case::bad(
            "a.js",
            "function f(p, cb) { try { run(p);\n cb(); //~ callback-called-twice\n} catch (e) { cb(e); } }",
        ),
        Case::good(
            "a.js",
            "function f(text, callback) { let v; try { v = JSON.parse(text); } catch (err) { return callback(err); } callback(null, v); }",
        ),
        Case::good("a.js", "function f(req, res, next) { try { check(req); next(); } catch (e) { next(e); } }"),
        Case::good(
            "a.js",
            "function f(p) { return new Promise((resolve, reject) => { try { resolve(run(p)); } catch (e) { reject(e); } }); }",
        ),
        Case::good("a.js", "function f(p, cb) { try { run(p, (v) => cb(null, v)); } catch (e) { cb(e); } }"),
        Case::good("a.js", "function f(p, cb) { try { run(p, cb); } catch (e) { cb(e); } }"),
        Case::good("a.js", "function f(p, cb) { try { cb(null, run(p)); } catch (e) { throw new Wrapped(e); } }"),
        Case::good(
            "a.js",
            "function f(p, cb) { try { const v = run(p); process.nextTick(() => cb(null, v)); } catch (e) { cb(e); } }",
        ),
        Case::good("a.js", "function f(p, cb) { try { cb(p); } catch (e) { log(e); } }"),
        Case::near_miss(
            "a.js",
            "function f(p, cb) { let called = false; try { called = true; cb(null, run(p)); } catch (e) { if (called) throw e; cb(e); } }",
        ),
        Case::near_miss("a.js", "function f(p, resolve) { try { resolve(run(p)); } catch (e) { resolve(null); } }"),
        Case::near_miss("a.js", "function f(p, cb) { try { run(p); } catch (e) { return cb(e); } return cb(null); }"),
        Case::near_miss("a.js", "function f(xs, cb) { try { xs.forEach((x) => cb(x)); } catch (e) { cb(e); } }"),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(body), Some(handler)) = (node.child(Field::Body), node.child(Field::Handler)) else { return };
    let Some(caught) = handler.child(Field::Parameter).filter(|p| p.kind() == Kind::Identifier) else { return };
    let Some(after) = handler.child(Field::Body) else { return };
    let mut calls = body.descendants_until(is_function).filter(|n| n.kind() == Kind::CallExpression);
    let found = calls.find_map(|call| {
        let callee = call.child(Field::Function).filter(|f| f.kind() == Kind::Identifier)?;
        let first = args(call).next();
        let succeeds = first.is_none_or(|a| matches!(bare(a).kind(), Kind::Null | Kind::Undefined));
        // Its own statement, or what is returned.
        let plain =
            call.parent().is_some_and(|p| matches!(p.kind(), Kind::ExpressionStatement | Kind::ReturnStatement));
        (succeeds && plain && is_callback(callee)).then_some((call, callee))
    });
    let Some((call, callee)) = found else { return };
    let again = after.descendants_until(is_function).any(|n| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).is_some_and(|f| f.text() == callee.text())
            && args(n).any(|a| mentions(a, caught.text()))
    });
    // A test of the state tells whether it was called.
    let asks = after.descendants().any(|n| matches!(n.kind(), Kind::IfStatement | Kind::TernaryExpression));
    if !again || asks || cx.file.is_test || cx.file.is_example {
        return;
    }
    let message = format!(
        "What `{0}` itself throws is caught here, and `{0}` is called a second time. Try only what may fail, and call it behind.",
        callee.text()
    );
    cx.report(Note::new(cx.rule, call.span(), message));
}

/// Whether a name is a callback, and a parameter of a function around.
fn is_callback(callee: Node<'_>) -> bool {
    let named = matches!(callee.text(), "callback" | "cb" | "onDone" | "onComplete")
        || callee.text().ends_with("Callback")
        || callee.text().ends_with("Cb");
    // Of a function that others call by its name: what is handed to a framework's hook, or made for one call, throws nothing.
    named
        && callee.ancestors().filter(|a| is_function(*a)).any(|f| {
            let held = f.parent().is_none_or(|p| {
                matches!(
                    p.kind(),
                    Kind::VariableDeclarator | Kind::AssignmentExpression | Kind::Pair | Kind::PublicFieldDefinition
                )
            });
            let offered = matches!(f.kind(), Kind::FunctionDeclaration | Kind::MethodDefinition) || held;
            offered && parameters(f).iter().any(|p| p.text() == callee.text())
        })
}
