use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{callback, declarator, parameters};
use crate::rules::support::{args, bare, method};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "backpressure-ignored",
    summary: "a stream is written to as fast as another one gives",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[400, 770],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `source.on('data', (chunk) => target.write(chunk))` where the source reads a file, or the target writes one, and nobody waits for `drain`.",
        why: "`write` takes everything at once: where the target is slower than the source, all that is not written yet lies in memory.",
        example: "source.on('data', (chunk) => target.write(chunk));",
        instead: "await pipeline(source, target);",
        limits: "Only if the callback does nothing but write, and one of both is opened by `createReadStream` or `createWriteStream` in the same function.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "function f(a, b) { const r = fs.createReadStream(a); const w = fs.createWriteStream(b);\n r.on('data', (c) => w.write(c)); } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "function f(a, res) { const r = fs.createReadStream(a);\n r.on('data', (c) => { res.write(c); }); } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "function f(req, b) { const out = fs.createWriteStream(b);\n req.on('data', function (chunk) { out.write(chunk); }); } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.ts",
            "import { createReadStream } from 'node:fs';\nfunction f(a: string, s: Socket) { const r = createReadStream(a);\n r.on('data', (c) => s.write(c)); } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "function f(url, b) { const file = fs.createWriteStream(b); https.get(url, (res) => {\n res.on('data', (d) => file.write(d)); }); } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "const f = (a, b) => new Promise((ok) => { const r = fs.createReadStream(a), w = fs.createWriteStream(b);\n r.on('data', c => w.write(c)); r.on('end', ok); }); //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "class C { copy(a) { const src = fs.createReadStream(a);\n src.on('data', (c) => this.out.write(c)); } } //~ backpressure-ignored",
        ),
        Case::bad(
            "a.js",
            "function f(a, w) { const r = fs.createReadStream(a);\n r.on('data', (c) => void w.write(c)); } //~ backpressure-ignored",
        ),
        Case::good("a.js", "function f(a, b) { fs.createReadStream(a).pipe(fs.createWriteStream(b)); }"),
        Case::good(
            "a.js",
            "function f(a, b) { const r = fs.createReadStream(a); const w = fs.createWriteStream(b); r.on('data', (c) => { if (!w.write(c)) { r.pause(); w.once('drain', () => r.resume()); } }); }",
        ),
        Case::good("a.js", "function f(a) { const r = fs.createReadStream(a); r.on('data', (c) => hash.update(c)); }"),
        Case::good("a.js", "function f(child, log) { child.stdout.on('data', (c) => log.write(c)); }"),
        Case::good(
            "a.js",
            "function f(a) { const r = fs.createReadStream(a); r.on('data', (c) => { n += c.length; go(c); }); }",
        ),
        Case::good("a.js", "function f(a, w) { const r = fs.createReadStream(a); r.on('end', (c) => w.write(c)); }"),
        Case::good(
            "a.js",
            "function f(a, w) { const r = fs.createReadStream(a); r.on('data', (c) => w.write(other)); }",
        ),
        Case::good(
            "a.js",
            "async function f(a, w) { for await (const c of fs.createReadStream(a)) { await put(w, c); } }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a) { const r = fs.createReadStream(a); r.on('data', (c) => parser.write(c)); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a) { const r = fs.createReadStream(a); r.on('data', (c) => process.stdout.write(c)); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a, w) { const r = fs.createReadStream(a); r.on('data', (c) => w.write(c)); w.on('drain', () => r.resume()); }",
        ),
        Case::near_miss(
            "a.js",
            "function f(a) { const r = fs.createReadStream(a); const md5 = createHash('md5'); r.on('data', (c) => md5.write(c)); }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((source, _)) = method(node).filter(|(_, m)| m.text() == "on") else { return };
    let event = args(node).next().map_or("", Node::text).trim_matches(['"', '\'']);
    if event != "data" || source.kind() != Kind::Identifier {
        return;
    }
    let Some(callback) = callback(node, 1, cx).filter(|c| std::ptr::eq(c.arena(), node.arena())) else { return };
    let (Some(chunk), Some(body)) = (parameters(callback).first().copied(), callback.child(Field::Body)) else {
        return;
    };
    let only = if body.kind() == Kind::StatementBlock {
        let mut all = body.named_children();
        all.next().filter(|_| all.next().is_none()).and_then(Node::first_named)
    } else {
        Some(bare(body))
    };
    let call = only.map(|o| if o.kind() == Kind::UnaryExpression { o.last_named().unwrap_or(o) } else { o });
    let Some((target, name)) = call.and_then(method).filter(|(_, m)| m.text() == "write") else { return };
    if call.and_then(|c| args(c).next()).is_none_or(|a| a.text() != chunk.text()) {
        return;
    }
    // What takes a piece does its work at once.
    let takes = crate::rules::support::place_name(target).is_some_and(|n| {
        crate::rules::support::words(&n).iter().any(|w| {
            [
                "parser", "hash", "hasher", "md5", "sha1", "sha256", "digest", "decoder", "parse", "stdout", "stderr",
                "buffer", "term", "hmac",
            ]
            .contains(&w.as_str())
        })
    });
    let opened = |n: Node<'a>, how: &str| {
        let value = declarator(n).and_then(|d| d.child(Field::Value)).map(bare);
        let callee = value.filter(|v| v.kind() == Kind::CallExpression).and_then(|v| v.child(Field::Function));
        callee.is_some_and(|c| c.text().rsplit('.').next() == Some(how))
    };
    let files =
        opened(source, "createReadStream") || target.kind() == Kind::Identifier && opened(target, "createWriteStream");
    let text = node.arena().text();
    if takes || !files || text.contains("drain") || text.contains(".pause(") {
        return;
    }
    let message = format!(
        "Nothing slows `{}` down when `{}` is slower: what is not written yet lies in memory. Use `pipeline`.",
        source.text(),
        target.text()
    );
    cx.report(Note::new(cx.rule, name.span(), message));
}
