use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::regex::{Growth, Verdict, verdict};
use crate::rules::support::{args, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::{Node, Span};

pub static RULE: Rule = Rule {
    id: "redos",
    summary: "a regular expression that takes forever on some texts",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[1333, 400, 730],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Judges regular expressions by their automaton. A pattern that can read one text in exponentially many ways is reported \
               wherever it stands; one whose time grows with a power of the text's length is reported where a client's text reaches \
               it, or a parameter of a function that a package offers to others. The message holds an attack that was counted out step by step.",
        why: "Node runs on one thread: while a pattern backtracks, nobody is served. Forty characters are enough for minutes with an \
              exponential pattern, some ten thousand for seconds with a quadratic one.",
        example: "const ok = /^(\\w+\\s?)*$/.test(req.body.name);",
        instead: "const ok = /^\\w+(\\s\\w+)*\\s?$/.test(req.body.name);",
        limits: "Patterns of `u`-flag classes that the analysis does not know and very large patterns are not judged. A limit of \
                 the text's length counts where it is a constant of at most 1,000 characters.",
        fix: "",
    },
    checks: &[
        Check::Nodes(&[Kind::Regex], literal),
        Check::Calls(&["RegExp"], constructed),
        Check::Flow(
            &[SinkKind::RegexInput],
            "A long text stops the server here: {source} is matched by `{sink}`. Make the repetitions exclude each other, or limit the length.",
        ),
    ],
    cases: &[
        Case::bad("a.js", "const ok = /^(\\w+\\s?)*$/.test(name); //~ redos"),
        Case::bad("a.js", "const re = /(a+)+$/; //~ redos"),
        Case::bad("a.js", "class Lexer { static tokens = /(\"[^\"]*\"|\\s|[^\"\\s]+)*$/; } //~ redos"),
        Case::bad(
            "a.ts",
            "const MAIL = /^([a-zA-Z0-9]+)*@example\\.com$/; //~ redos\nexport const isMail = (s: string) => MAIL.test(s);",
        ),
        Case::bad("a.js", "const re = new RegExp('^(a|a)*$'); //~ redos"),
        Case::bad("a.js", "const re = RegExp(`^(\\\\d+)+x$`); //~ redos"),
        Case::bad(
            "a.js",
            "app.get('/x', (req, res) => {\n  const clean = req.query.text.replace(/\\s+$/, ''); //~ redos\n  res.json(clean.length);\n});",
        ),
        Case::bad(
            "a.js",
            "app.post('/x', (req, res) => {\n  if (/^\\s*a?\\s*;/.test(req.body.text)) return res.end(); //~ redos\n});",
        ),
        Case::bad(
            "a.ts",
            "import express from 'express';\nconst app = express();\nconst trim = (s: string) => s.replace(/^-+|-+$/g, ''); //~ redos\napp.get('/:slug', (req, res) => res.json(trim(req.params.slug)));",
        ),
        Case::bad("a.js", "const parts = text.split(/(?:\\s*,?\\s*)+;/); //~ redos"),
        Case::bad("a.js", "const re = /<(?:[^<>]+|\"[^\"]*\")*>/; //~ redos"),
        Case::bad(
            "a.js",
            "router.get('/', async (ctx, next) => {\n  const m = ctx.query.q.match(/\\d+\\d+x/); //~ redos\n});",
        ),
        Case::bad(
            "a.js",
            "wss.on('connection', s => s);\nconst { WebSocketServer } = require('ws');\nnew WebSocketServer({ port }).on('connection', (socket) => {\n  socket.on('message', (data) => { data.toString().match(/.*,.*,.*x/); }); //~ redos\n});",
        ),
        Case::good("a.js", "const ok = /^\\w+(\\s\\w+)*$/.test(name);"),
        Case::good("a.js", "const re = /^[a-z0-9]+(-[a-z0-9]+)*$/;"),
        Case::good("a.js", "const trimmed = text.replace(/\\s+$/, '');"),
        Case::good(
            "a.js",
            "app.get('/x', (req, res) => { const t = req.query.text.replace(/\\s/g, ''); res.json(t); });",
        ),
        Case::good("a.js", "const re = /^(a+)$/;"),
        Case::good("a.js", "const re = new RegExp('^[a-z]+$');"),
        Case::good("a.js", "app.get('/x', (req, res) => { const n = Number(req.query.n); /^\\s*x?\\s*;/.test(n); });"),
        Case::good("a.ts", "const VERSION = /^(\\d+)\\.(\\d+)\\.(\\d+)$/;"),
        Case::good("a.js", "const words = source.split(/\\s+/);"),
        Case::good("a.js", "const re = /^(?:a{1,3}b){2}$/;"),
        Case::good("a.js", "const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;"),
        Case::good("a.js", "const lines = fs.readFileSync('a.txt', 'utf8').replace(/\\s+$/, '');"),
        Case::near_miss("a.js", "const re = /^(ab+)+$/;"),
        Case::near_miss("a.js", "const re = /(a|b)*c/;"),
        Case::near_miss("a.js", "const re = /^(?:[^\"\\\\]|\\\\.)*$/;"),
        Case::near_miss("a.js", "const s = '/(a+)+$/';"),
        Case::near_miss(
            "Gruntfile.js",
            "module.exports = (grunt) => grunt.file.write('a', grunt.file.read('b').replace(/^(.|\\s)+?\\/\\*/m, ''));",
        ),
        Case::near_miss("webpack.config.js", "module.exports = { test: /^(a+)+$/ };"),
        Case::bad("a.js", "module.exports = (text) => text.match(/(\\[.+\\])$/); //~ redos"),
        Case::near_miss("a.js", "module.exports = (pattern) => pattern.match(/(\\[.+\\])$/);"),
        Case::near_miss("a.js", "const ok = /^(a+)+$/.test('aaaa');"),
        Case::near_miss("a.js", "app.get('/', (req, res) => { 'const'.replace(/\\s+$/, req.query.x); res.end(); });"),
        Case::near_miss(
            "a.js",
            "app.get('/', (req, res) => {\n  if (req.query.x.length > 200) return res.end();\n  res.json(req.query.x.replace(/\\s+$/, ''));\n});",
        ),
        Case::bad(
            "a.js",
            "app.get('/', (req, res) => {\n  if (req.query.x.length < 200) return res.end();\n  res.json(req.query.x.replace(/\\s+$/, '')); //~ redos\n});",
        ),
        Case::near_miss(
            "a.js",
            r"const isNative = (f) => /^\s*function\s*(\b[a-z$_][a-z0-9$_]*\b)*\s*\(\)/i.test(String(f));",
        ),
        Case::near_miss("a.js", "app.get('/', (req, res) => res.json(req.query.x.slice(0, 80).replace(/\\s+$/, '')));"),
        Case::bad("a.js", "app.get('/', (req, res) => res.json(req.query.x.slice(1).replace(/\\s+$/, ''))); //~ redos"),
    ],
};

fn exponential(pattern: &str, flags: &str) -> Option<String> {
    let verdict = verdict(pattern, flags)?;
    match &*verdict {
        Verdict::Vulnerable(v) if v.growth == Growth::Exponential => Some(format!(
            "This pattern takes exponential time: each further character of `{}` doubles it. Make the repetitions exclude each other.",
            v.witness.expression()
        )),
        _ => None,
    }
}

/// Whether a pattern is matched at once with a text that is a constant.
fn is_fed_constants(node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    // `/../.test('x')`
    if parent.kind() == Kind::MemberExpression && node.field() == Field::Object {
        return parent
            .parent()
            .filter(|c| c.kind() == Kind::CallExpression)
            .is_some_and(|call| args(call).next().is_some_and(|a| string_value(a).is_some()));
    }
    // `'x'.replace(/../)`
    parent.parent().and_then(method).is_some_and(|(receiver, _)| string_value(receiver).is_some())
}

/// Whether a file tells a tool how to build the program, which reads nobody's text but the program's own.
fn builds(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.starts_with("gruntfile.") || name.starts_with("gulpfile.") || name.contains(".config.")
}

/// Whether a pattern looks at the source of a function of the program: `/^\s*function .../`, `/\[native code\]/`.
fn reads_source(pattern: &str) -> bool {
    let start = pattern.trim_start_matches('^').replace("\\s*", "").replace("\\s+", "");
    start.starts_with("function") || ["native code", "use strict"].iter().any(|w| pattern.contains(w))
}

fn literal<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let pattern = node.child(Field::Pattern).map_or("", |n| n.text());
    let flags = node.child(Field::Flags).map_or("", |n| n.text());
    if !pattern.contains(['*', '+', '{']) || is_fed_constants(node) || builds(&cx.file.path) || reads_source(pattern) {
        return;
    }
    if let Some(message) = exponential(pattern, flags) {
        cx.report(Note::new(cx.rule, node.span(), message).severity(Severity::High));
    }
}

fn constructed(call: &CallView<'_>, out: &mut Vec<Note>) {
    if !call.is("RegExp") {
        return;
    }
    let flags = call.args.get(1).and_then(|a| a.as_str()).map_or(String::new(), |s| s.to_string());
    let Some(pattern) = call.args.first().and_then(|a| a.as_str()) else { return };
    if let Some(message) = exponential(&pattern, &flags) {
        let span: Span = call.arg_span(0);
        out.push(Note::new(call.rule, span, message).severity(Severity::High));
    }
}
