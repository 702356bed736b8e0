use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, bare, ecma_path, enclosing_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unheard-spawn-error",
    summary: "a promise waits for a process that could not be started",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds a `spawn`, `fork` or `execFile` without a callback inside of a new promise that settles on `exit` or `close`, where nobody listens for `error`.",
        why: "When the program is not there or may not be run, `exit` never comes: an `error` that nobody listens for ends the whole process.",
        example: "new Promise((resolve) => {\n  const child = spawn(cmd, args);\n  child.on('exit', resolve);\n});",
        instead: "new Promise((resolve, reject) => {\n  const child = spawn(cmd, args);\n  child.on('error', reject);\n  child.on('exit', resolve);\n});",
        limits: "A child that is handed to somebody else is left alone, and so is Node itself (`process.execPath`).",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::VariableDeclarator], check)],
    cases: &[
        Case::bad(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd, a) => new Promise((resolve) => {\n const c = spawn(cmd, a); //~ unheard-spawn-error\n c.on('exit', resolve); });",
        ),
        Case::bad(
            "a.ts",
            "import { spawn } from 'node:child_process';\nexport function run(cmd: string) { return new Promise((resolve, reject) => {\n const child = spawn(cmd, [], { stdio: 'inherit' }); //~ unheard-spawn-error\n child.on('close', (code) => (code ? reject(new Error('x')) : resolve(0))); }); }",
        ),
        Case::bad(
            "a.js",
            "const cp = require('child_process');\nfunction f() { return new Promise((res) => {\n const p = cp.spawn('git', ['x']); //~ unheard-spawn-error\n p.stdout.on('data', go); p.once('exit', res); }); }",
        ),
        Case::bad(
            "a.js",
            "const { spawn } = require('child_process');\nfunction f() { return new Promise((res) => {\n const p = spawn('tar', ['x']); //~ unheard-spawn-error\n p.stdout.on('error', log); p.on('close', () => res()); }); }",
        ),
        Case::bad(
            "a.js",
            "import * as cp from 'child_process';\nclass R { run(a) { return new Promise((ok, no) => {\n const c = cp.spawn('ffmpeg', a); //~ unheard-spawn-error\n c.on('exit', (n) => n ? no(n) : ok()); }); } }",
        ),
        Case::bad(
            "a.js",
            "import { execFile } from 'child_process';\nconst f = (a) => new Promise((ok) => {\n const c = execFile('convert', a); //~ unheard-spawn-error\n c.on('close', ok); });",
        ),
        Case::bad(
            "a.js",
            "const { spawn } = require('child_process');\nmodule.exports = async (a) => { await new Promise((ok) => {\n let c = spawn('npm', a); //~ unheard-spawn-error\n c.on('exit', ok); }); };",
        ),
        Case::bad(
            "a.js",
            "import { spawn } from 'child_process';\nconst f = (a) => new Promise((ok) => {\n const c = spawn('npm', a); //~ unheard-spawn-error\n c.stdin.end('x'); c.addListener('close', ok); });",
        ),
        Case::good(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve, reject) => { const c = spawn(cmd); c.on('error', reject); c.on('exit', resolve); });",
        ),
        Case::good("a.js", "import { spawn } from 'child_process';\nconst c = spawn('a'); c.on('exit', go);"),
        Case::good(
            "a.js",
            "import { execFile } from 'child_process';\nconst f = (a) => new Promise((ok, no) => { const c = execFile('x', a, (e) => (e ? no(e) : ok())); c.on('exit', go); });",
        ),
        Case::good(
            "a.js",
            "import { spawn } from './mine';\nconst run = (cmd) => new Promise((resolve) => { const c = spawn(cmd); c.on('exit', resolve); });",
        ),
        Case::good(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (a) => new Promise((resolve) => { const c = spawn(process.execPath, a); c.on('exit', resolve); });",
        ),
        Case::good(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve, reject) => { const c = spawn(cmd); c.on('exit', resolve).on('error', reject); });",
        ),
        Case::good(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve) => { const c = spawn(cmd); watch(c); c.on('exit', resolve); });",
        ),
        Case::good(
            "a.js",
            "import { spawnSync } from 'child_process';\nconst run = (cmd) => { const r = spawnSync(cmd); return r.status; };",
        ),
        Case::near_miss(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve) => { const c = spawn(cmd); resolve(c); });",
        ),
        Case::near_miss(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve) => { const c = spawn(cmd); for (const e of ['exit', 'error']) { c.on(e, resolve); } c.on('close', resolve); });",
        ),
        Case::near_miss(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve, reject) => { const c = spawn(cmd); c.addListener(\"error\", reject); c.on('close', resolve); });",
        ),
        Case::near_miss(
            "a.js",
            "import { spawn } from 'child_process';\nconst run = (cmd) => new Promise((resolve) => { const c = spawn('node', [cmd]); c.on('exit', resolve); });",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let (Some(name), Some(call)) = (node.child(Field::Name), node.child(Field::Value).map(bare)) else { return };
    if name.kind() != Kind::Identifier || call.kind() != Kind::CallExpression {
        return;
    }
    let Some(path) = call.child(Field::Function).and_then(|f| ecma_path(f, cx)) else { return };
    if !matches!(path.as_str(), "child_process.spawn" | "child_process.execFile") {
        return;
    }
    let given: Vec<Node<'a>> = args(call).map(bare).collect();
    let called_back = given.iter().any(|a| matches!(a.kind(), Kind::ArrowFunction | Kind::FunctionExpression));
    // Node runs, for it runs this; and so does the shell.
    let there = given.first().is_some_and(|c| {
        c.text() == "process.execPath"
            || matches!(c.text().trim_matches(['"', '\'']), "node" | "sh" | "bash" | "/bin/sh")
    });
    if called_back || there || call.text().contains("shell: true") {
        return;
    }
    let executor = enclosing_function(node).filter(|f| {
        f.parent().filter(|p| p.kind() == Kind::Arguments).and_then(|p| p.parent()).is_some_and(|p| {
            p.kind() == Kind::NewExpression && p.child(Field::Constructor).is_some_and(|c| c.text() == "Promise")
        })
    });
    let Some(executor) = executor else { return };
    let (mut ends, mut heard) = (false, false);
    for used in executor.descendants().filter(|n| n.kind() == Kind::Identifier && n.text() == name.text() && *n != name)
    {
        let Some(member) =
            used.parent().filter(|p| p.kind() == Kind::MemberExpression && used.field() == Field::Object)
        else {
            return;
        };
        let listens = member.child(Field::Property).is_some_and(|p| matches!(p.text(), "on" | "once" | "addListener"));
        let Some(listening) = member.parent().filter(|p| listens && p.kind() == Kind::CallExpression) else { continue };
        match args(listening).next().map(bare) {
            Some(event) if event.kind() == Kind::String => match event.text().trim_matches(['"', '\'']) {
                "exit" | "close" => ends = true,
                "error" => heard = true,
                _ => {}
            },
            _ => heard = true,
        }
        // `.on('exit', f).on('error', g)`
        heard |= listening.parent().is_some_and(|p| p.kind() == Kind::MemberExpression);
    }
    if ends && !heard {
        let message = format!(
            "If the program cannot be started, `exit` never comes, and an `error` that nobody listens for ends this process. `{}.on('error', reject)`.",
            name.text()
        );
        cx.report(Note::new(cx.rule, call.span(), message));
    }
}
