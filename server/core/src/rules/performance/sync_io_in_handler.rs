use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::requests::handles;
use crate::rules::support::{bare, declares, ecma_path, is_function, place_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "sync-io-in-handler",
    summary: "a request waits for blocking input or output",
    category: Category::Performance,
    severity: Severity::Medium,
    confidence: Confidence::High,
    cwe: &[400],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls that block the whole process (`fs.readFileSync`, `execSync`, `pbkdf2Sync`, `gzipSync`, ..) in \
              handlers of HTTP requests and in async functions of files that serve requests.",
        why: "Node has one thread: while one request reads a file or hashes a password with the blocking call, all \
              others wait.",
        example: "app.get('/page', (req, res) => {\n  res.send(fs.readFileSync('page.html'));\n});",
        instead: "app.get('/page', async (req, res) => {\n  res.send(await fs.promises.readFile('page.html'));\n});",
        limits: "Start-up code, scripts and command line programs may block, and are left alone: only functions that take \
              a request and a response, or are passed to a router, are looked at, and the functions of the file that they call, \
              where these block in every call and remember nothing. Servers for the one who develops (folders `dev`, `preview`, `vite`) \
              wait for nobody else.",
        fix: "",
    },
    checks: &[Check::Nodes(&[Kind::CallExpression], check)],
    cases: &[
        Case::bad(
            "a.js",
            "const fs = require('fs');\napp.get('/p', (req, res) => { res.send(fs.readFileSync('p.html')); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "import { readFileSync } from 'node:fs';\nrouter.post('/x', async (req, res) => { const t = readFileSync(req.params.f); res.end(t); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "const { execSync } = require('child_process');\nfunction handler(req, res) { res.end(execSync('git log')); } //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "const crypto = require('crypto');\napp.use((req, res, next) => { req.k = crypto.pbkdf2Sync(req.p, s, 1e5, 64, 'sha512'); next(); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "import * as fs from 'fs';\nexport async function GET(request) { return new Response(fs.readFileSync('a')); } //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs'), http = require('http');\nhttp.createServer(function (req, res) { if (fs.existsSync('x')) res.end(); fs.writeFileSync('log', 'x'); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "import bcrypt from 'bcrypt';\napp.post('/login', (req, res) => { const ok = bcrypt.compareSync(req.body.p, u.hash); res.json(ok); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.js",
            "import zlib from 'zlib';\nfastify.get('/z', async (request, reply) => { return zlib.gzipSync(big); }); //~ sync-io-in-handler",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\nconst page = fs.readFileSync('p.html');\napp.get('/p', (req, res) => { res.send(page); });",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\napp.get('/p', async (req, res) => { res.send(await fs.promises.readFile('p')); });",
        ),
        Case::good("a.js", "const fs = require('fs');\nfunction main() { fs.writeFileSync('a', 'b'); }"),
        Case::good("a.js", "const fs = require('fs');\nfunction load(path) { return fs.readFileSync(path); }"),
        Case::good(
            "a.js",
            "import { execSync } from 'child_process';\nprogram.command('x').action((opts) => { execSync('ls'); });",
        ),
        Case::good("a.js", "app.get('/p', (req, res) => { res.send(cache.readFileSync('p')); });"),
        Case::near_miss(
            "src/vite/dev/index.js",
            "const fs = require('fs');\napp.use((req, res, next) => { if (fs.statSync(req.url).isFile()) { next(); } });",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\napp.get('/p', (req, res) => { fs.readFile('p', (e, d) => res.send(d)); });",
        ),
        Case::good("a.js", "const fs = require('fs');\nconst config = JSON.parse(fs.readFileSync('c.json'));"),
        Case::near_miss("a.js", "const fs = require('fs');\nemitter.on('x', (a, b) => { fs.readFileSync(a); });"),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfunction handler(req, res) { res.ok = fs.existsSync('x'); }",
        ),
        Case::near_miss(
            "a.js",
            "import fs from './my-fs';\napp.get('/p', (req, res) => { res.send(fs.readFileSync('p')); });",
        ),
        Case::near_miss("a.js", "const fs = require('fs');\nmap.get('key', (a) => { fs.readFileSync(a); });"),
        Case::near_miss("a.js", "const fs = require('fs');\napp.listen(80, () => { fs.writeFileSync('pid', '1'); });"),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfunction loadConfig() { return JSON.parse(fs.readFileSync('config.json', 'utf8')); }\napp.use((req, res, next) => { res.locals.config = loadConfig(); next(); }); //~ sync-io-in-handler",
        ),
        Case::bad(
            "a.ts",
            "import { execSync } from 'child_process';\nconst version = () => execSync('git describe').toString();\nrouter.get('/v', (req, res) => { res.send(version()); }); //~ sync-io-in-handler",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nlet config;\nfunction loadConfig() { if (!config) { config = fs.readFileSync('config.json'); } return config; }\napp.use((req, res, next) => { res.locals.config = loadConfig(); next(); });",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nfunction loadConfig() { return fs.readFileSync('config.json'); }\nconst config = loadConfig();\napp.use((req, res, next) => { res.locals.config = config; next(); });",
        ),
        Case::bad(
            "a.ts",
            "import { readFileSync } from 'fs';\nimport fastify from 'fastify';\nconst app = fastify();\napp.get('/legal', async () => ({ terms: readFileSync('./terms.md', 'utf8') })); //~ sync-io-in-handler",
        ),
        Case::near_miss(
            "a.ts",
            "import { readFileSync } from 'fs';\ncache.get('terms', async () => readFileSync('./terms.md', 'utf8'));",
        ),
    ],
};

/// Modules with blocking functions whose names end in `Sync`.
const MODULES: &[&str] =
    &["fs.", "child_process.", "crypto.", "zlib.", "bcrypt.", "bcryptjs.", "fs-extra.", "graceful-fs."];

fn check<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(callee) = node.child(Field::Function).map(bare) else { return };
    let name = place_name(callee).unwrap_or_default();
    // A function of this file that blocks whenever it is called.
    let own = callee.kind() == Kind::Identifier
        && cx.file.declared.blocking_functions.contains(callee.text())
        && !(cx.block.kind() != crate::blocks::BlockKind::Module && declares(callee, callee.text()));
    if !own {
        if !name.ends_with("Sync") || name == "existsSync" {
            return;
        }
        let Some(path) = ecma_path(callee, cx) else { return };
        if !MODULES.iter().any(|m| path.starts_with(m)) {
            return;
        }
    }
    // A server for the one who develops waits for nobody else.
    if cx.file.path.split('/').any(|f| matches!(f, "dev" | "preview" | "vite" | "dev-server" | "devserver" | "webpack"))
    {
        return;
    }
    let Some(handler) = node.ancestors().filter(|n| is_function(*n)).find(|f| handles(*f, cx)) else { return };
    let message = format!(
        "`{name}` blocks the whole process: while this request waits for it, all others do. Use the asynchronous form and `await`."
    );
    let mut head = handler.span();
    head.end = handler.child(Field::Body).map_or(head.end, |b| b.span().start);
    cx.report(Note::new(cx.rule, callee.span(), message).related(head, "handles requests"));
}
