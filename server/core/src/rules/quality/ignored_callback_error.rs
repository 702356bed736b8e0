use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, mentions, parameters, report_in};
use crate::rules::support::{args, is_function, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "ignored-callback-error",
    summary: "a callback uses the result without a look at the error",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[391, 755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds callbacks as Node calls them, `(err, data) => ..`, that use `data` and never name `err`.",
        why: "When the call fails, `data` is undefined: the callback then throws where nobody catches it, which ends the process, or goes on with nothing as if all were well. Why it failed is lost.",
        example: "fs.readFile(path, 'utf8', (err, text) => {\n  done(JSON.parse(text));\n});",
        instead: "fs.readFile(path, 'utf8', (err, text) => {\n  if (err) return done(err);\n  done(null, JSON.parse(text));\n});",
        limits: "Callbacks that ask whether there is a result, names that begin with `_`, methods of lists and listeners are left alone.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function load(path, done) {\n  fs.readFile(path, 'utf8', (err, text) => { //~ ignored-callback-error\n    done(JSON.parse(text));\n  });\n}",
        ),
        Case::bad("a.js", "db.query(sql, function (err, rows) { res.json(rows); }); //~ ignored-callback-error"),
        Case::bad("a.ts", "User.findOne({ id }, (err, user) => { greet(user.name); }); //~ ignored-callback-error"),
        Case::bad("a.js", "exec('git status', (error, stdout) => console.log(stdout)); //~ ignored-callback-error"),
        Case::bad(
            "a.ts",
            "fs.readdir(dir, (err: Error | null, names: string[]) => { names.forEach(show); }); //~ ignored-callback-error",
        ),
        Case::bad(
            "a.js",
            "dns.lookup(host, (err, address, family) => { connect(address); }); //~ ignored-callback-error",
        ),
        Case::bad(
            "a.js",
            "bcrypt.hash(password, 10, function (err, hash) { user.hash = hash; user.save(); }); //~ ignored-callback-error",
        ),
        Case::bad(
            "a.js",
            "MongoClient.connect(url, (error, client) => { start(client.db('app')); }); //~ ignored-callback-error",
        ),
        Case::bad(
            "a.js",
            "const read = (p) => new Promise((resolve) => fs.readFile(p, (err, data) => resolve(data))); //~ ignored-callback-error",
        ),
        Case::good(
            "a.js",
            "fs.readFile(path, 'utf8', (err, text) => { if (err) return done(err); done(null, text); });",
        ),
        Case::good("a.js", "fs.readFile(path, 'utf8', (_err, text) => done(text));"),
        Case::good("a.js", "db.query(sql, (err, rows) => done(err, rows));"),
        Case::good("a.js", "fs.unlink(path, (err) => { next(); });"),
        Case::good("a.js", "fs.stat(path, (err, stats) => { if (!stats) return missing(); use(stats.size); });"),
        Case::good("a.js", "fs.readFile(path, (err, data) => { show(data ? String(data) : ''); });"),
        Case::good("a.js", "fs.stat(path, (err, stats) => done(stats?.isFile()));"),
        Case::good("a.js", "fs.stat(path, (err, stats) => done(stats && stats.isFile()));"),
        Case::good("a.js", "fs.readFile(path, (err, data) => { assert.ifError(err); use(data); });"),
        Case::near_miss("a.js", "errors.map((error, i) => `${i}`);"),
        Case::near_miss("a.js", "const all = list.reduce((err, x) => x, null);"),
        Case::near_miss("a.js", "child.on('exit', (error, signal) => log(signal));"),
        Case::near_miss("a.js", "app.use((err, req, res, next) => { res.status(500).send('failed'); });"),
        Case::near_miss(
            "a.js",
            "fs.readFile(path, (err, data) => { try { use(JSON.parse(data)); } catch (e) { use({}); } });",
        ),
        Case::near_miss("a.js", "fs.readFile(path, (err, data) => { use(...arguments); use(data); });"),
        Case::near_miss(
            "a.js",
            "imports.define('errors', (error, helpers) => { helpers.add('x'); });\nfs.readFile(p, (error, data) => { log(error); use(data); });",
        ),
    ],
};

/// Methods whose callbacks are handed elements, events or parts of a module, and no error.
const OTHERS: &[&str] = &[
    "map",
    "forEach",
    "filter",
    "reduce",
    "reduceRight",
    "some",
    "every",
    "find",
    "findIndex",
    "findLast",
    "flatMap",
    "sort",
    "on",
    "once",
    "addListener",
    "then",
    "catch",
    "use",
    "each",
    "define",
    "replace",
    "test",
    "it",
    "mockImplementation",
];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let count = args(node).count();
    if count < 2 || cx.file.is_example || cx.file.is_practice {
        return;
    }
    let Some(function) = callback(node, count - 1, cx) else { return };
    let given = parameters(function);
    let [error, result, rest @ ..] = given.as_slice() else { return };
    if !matches!(error.text(), "err" | "error" | "er")
        || error.kind() != Kind::Identifier
        || result.kind() != Kind::Identifier
        || result.text().starts_with(['_', 'i'])
        || matches!(result.text(), "req" | "request" | "res" | "next" | "key" | "helpers")
        || rest.len() > 2
        || method(node).is_some_and(|(_, m)| OTHERS.contains(&m.text()))
    {
        return;
    }
    let Some(body) = function_body(function) else { return };
    let used = mentions(body, result.text()) || body.kind() == Kind::Identifier && body.text() == result.text();
    if !used
        || mentions(body, error.text())
        || mentions(body, "arguments")
        || body.descendants().any(|n| n.is_hole() || asks(n, result.text()))
    {
        return;
    }
    let message = format!(
        "`{0}` is never looked at: when this fails, `{1}` is undefined. Begin with `if ({0})`.",
        error.text(),
        result.text()
    );
    report_in(cx, function, Note::new(cx.rule, error.span(), message));
}

fn function_body<'a>(function: Node<'a>) -> Option<Node<'a>> {
    is_function(function).then(|| function.child(Field::Body)).flatten()
}

/// Whether a node asks if the result is there, or catches what comes of its absence.
fn asks(n: Node<'_>, result: &str) -> bool {
    match n.kind() {
        Kind::OptionalChain | Kind::TryStatement => true,
        Kind::IfStatement | Kind::TernaryExpression | Kind::WhileStatement => {
            n.child(Field::Condition).is_some_and(|c| mentions(c, result))
        }
        Kind::BinaryExpression => {
            matches!(crate::rules::shape::operator(n), "&&" | "||" | "??" | "===" | "!==" | "==" | "!=")
                && n.child(Field::Left).is_some_and(|l| mentions(l, result) || l.text() == result)
        }
        Kind::UnaryExpression => n.text().strip_prefix('!').is_some_and(|of| of.trim_start_matches('!') == result),
        _ => false,
    }
}
