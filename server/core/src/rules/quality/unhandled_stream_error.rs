use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::{declarator, runs_by_hand};
use crate::rules::support::{args, bare, ecma_path, method, string_value};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "unhandled-stream-error",
    summary: "a file is piped, and nobody hears when it cannot be read",
    category: Category::Quality,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[248, 755],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds `fs.createReadStream(path).pipe(..)`, directly or by way of a variable, where the stream that reads has no listener for `error`.",
        why: "`pipe` hands no errors on. A file that is missing or may not be read makes the stream emit `error`, and an `error` without a listener ends the process; no `try` around it helps.",
        example: "fs.createReadStream(path).pipe(res);",
        instead: "pipeline(fs.createReadStream(path), res, (err) => { if (err) res.destroy(err); });",
        limits: "Scripts that run by hand are left alone, and so is a stream that is passed elsewhere, where somebody may listen.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad("a.js", "const fs = require('fs');\nfs.createReadStream(p).pipe(res); //~ unhandled-stream-error"),
        Case::bad(
            "a.ts",
            "import { createReadStream } from 'node:fs';\ncreateReadStream(p).pipe(gzip).pipe(res); //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.createReadStream(p).pipe(csv()).on('error', fail).on('data', go); //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfunction send(p, res) { const s = fs.createReadStream(p);\n s.pipe(res); } //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.js",
            "import fs from 'fs';\nexport const send = (p, res) => fs.createReadStream(p).pipe(res); //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfunction f(p, res) { const s = fs.createReadStream(p); s.on('end', done);\n s.pipe(res); } //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.js",
            "import * as fs from 'fs';\ntry { fs.createReadStream(p).pipe(out); } catch (e) { log(e); } //~ unhandled-stream-error",
        ),
        Case::bad(
            "a.ts",
            "import fs from 'fs';\nclass A { send(res: Response) { fs.createReadStream(this.path, { start: 1 }).pipe(res); } } //~ unhandled-stream-error",
        ),
        Case::good("a.js", "const fs = require('fs');\nfs.createReadStream(p).on('error', fail).pipe(res);"),
        Case::good(
            "a.js",
            "const fs = require('fs');\nfunction f(p, res) { const s = fs.createReadStream(p); s.on('error', fail); s.pipe(res); }",
        ),
        Case::good("a.js", "const fs = require('fs');\npipeline(fs.createReadStream(p), res, done);"),
        Case::good("a.js", "const fs = require('fs');\nconst s = fs.createReadStream(p); listen(s); s.pipe(res);"),
        Case::good("a.js", "got.stream(url).pipe(res);"),
        Case::good("a.js", "const fs = require('fs');\nres.body.pipe(fs.createWriteStream(p));"),
        Case::good(
            "a.js",
            "const fs = require('fs');\nconst s = fs.createReadStream(p).once('error', fail);\ns.pipe(res);",
        ),
        Case::good("scripts/a.js", "const fs = require('fs');\nfs.createReadStream(p).pipe(process.stdout);"),
        Case::near_miss("a.js", "const store = require('./store');\nstore.createReadStream(p).pipe(res);"),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst s = fs.createReadStream(p); s.addListener('error', fail); s.pipe(res);",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nconst s = fs.createReadStream(p); s.onerror = fail; all.push({ s }); s.pipe(res);",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfunction f(p) { const s = fs.createReadStream(p); s.pipe(hash); return s; }",
        ),
    ],
};

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some((source, name)) = method(node).filter(|(_, n)| n.text() == "pipe") else { return };
    if runs_by_hand(&cx.file.path) || cx.file.is_example {
        return;
    }
    let source = bare(source);
    let reads = |n: Node<'a>| {
        n.kind() == Kind::CallExpression
            && n.child(Field::Function).and_then(|f| ecma_path(f, cx)).is_some_and(|p| {
                matches!(
                    p.as_str(),
                    "fs.createReadStream" | "fs-extra.createReadStream" | "graceful-fs.createReadStream"
                )
            })
    };
    let unheard = if source.kind() == Kind::Identifier {
        declarator(source).and_then(|d| d.child(Field::Value)).map(bare).is_some_and(reads) && nobody_listens(source)
    } else {
        reads(source)
    };
    if !unheard {
        return;
    }
    let message = "`pipe` hands no errors on: a file that cannot be read ends the process here. Use `pipeline`, or listen for `error` of the stream that reads.";
    cx.report(Note::new(cx.rule, name.span(), message));
}

/// Whether all that is done with a variable's stream is to pipe it, and to listen for anything but errors.
fn nobody_listens(stream: Node<'_>) -> bool {
    let uses = stream.arena().nodes().filter(|n| {
        matches!(n.kind(), Kind::Identifier | Kind::ShorthandPropertyIdentifier) && n.text() == stream.text()
    });
    uses.into_iter().all(|n| {
        let Some(parent) = n.parent() else { return false };
        if parent.kind() == Kind::VariableDeclarator {
            return n.field() == Field::Name;
        }
        let call =
            parent.parent().filter(|c| parent.kind() == Kind::MemberExpression && c.kind() == Kind::CallExpression);
        let Some((_, name)) = call.and_then(method) else { return false };
        match name.text() {
            "pipe" | "pause" | "resume" | "destroy" | "close" | "setEncoding" => true,
            "on" | "once" => call
                .and_then(|c| args(c).next())
                .and_then(string_value)
                .is_some_and(|e| matches!(e.as_ref(), "end" | "data" | "close" | "open" | "ready")),
            _ => false,
        }
    })
}
