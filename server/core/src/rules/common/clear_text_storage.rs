use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::support::{args, key_name};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::CallView;
use crate::semantics::flow::kinds::{SinkKind, SourceKind};
use crate::semantics::flow::lexicon;
use crate::semantics::flow::value::Origin;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "clear-text-storage",
    summary: "a password, key or other secret is stored in clear",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[312, 313, 315, 922],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Follows values whose names say that they are secrets into places that keep them in clear: `localStorage` and \
               `sessionStorage`, `document.cookie`, an extension's storage, React Native's AsyncStorage, files; and passwords into \
               cookies. Also the whole environment, or a secret of it, that a bundler writes into a page's scripts.",
        why: "Every script in the page reads the web's storage, so one injected line takes it all; files are copied into backups and \
              images.",
        example: "localStorage.setItem('password', form.password);",
        instead: "// keep a session in a cookie that is httpOnly and secure, and the password nowhere",
        limits: "What is secret is told by names. What went through an encryption or a hash is not reported.",
        fix: "",
    },
    checks: &[
        Check::Flow(&[SinkKind::SensitiveStore], "`{sink}` stores {source} in clear. Encrypt it, or do not keep it."),
        Check::Calls(&["cookie", "setCookie", "serialize"], cookie),
        Check::Nodes(&[Kind::CallExpression], bundled),
    ],
    cases: &[
        Case::near_miss(
            "a.js",
            "const { DefinePlugin } = require('webpack');\nmodule.exports = { plugins: [new DefinePlugin({ TOKEN: JSON.stringify(process.env.MAPBOX_TOKEN), KEY: JSON.stringify(process.env.PUBLIC_API_KEY) })] };",
        ),
        Case::bad(
            "webpack.config.js",
            "const webpack = require('webpack');\nmodule.exports = { plugins: [new webpack.DefinePlugin({ 'process.env': JSON.stringify(process.env) })] }; //~ clear-text-storage",
        ),
        Case::bad(
            "vite.config.ts",
            "import { defineConfig } from 'vite';\nexport default defineConfig({ define: { 'process.env': JSON.stringify(process.env) } }); //~ clear-text-storage",
        ),
        Case::bad(
            "webpack.config.js",
            "const { DefinePlugin } = require('webpack');\nmodule.exports = { plugins: [new DefinePlugin({ 'process.env.SECRET_KEY': JSON.stringify(process.env.SECRET_KEY) })] }; //~ clear-text-storage",
        ),
        Case::good(
            "webpack.config.js",
            "const webpack = require('webpack');\nmodule.exports = { plugins: [new webpack.DefinePlugin({ 'process.env.NODE_ENV': JSON.stringify(process.env.NODE_ENV), VERSION: JSON.stringify(version) })] };",
        ),
        Case::near_miss("a.js", "child.send({ env: JSON.stringify(process.env) });"),
        Case::bad("a.js", "localStorage.setItem('pw', password); //~ clear-text-storage"),
        Case::bad(
            "a.ts",
            "export function remember(user: User) {\n  window.localStorage.setItem('user', JSON.stringify({ name: user.name, password: user.password })); //~ clear-text-storage\n}",
        ),
        Case::bad("a.js", "sessionStorage.setItem('t', response.data.accessToken); //~ clear-text-storage"),
        Case::bad("a.js", "document.cookie = 'pw=' + form.password; //~ clear-text-storage"),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nfs.writeFileSync('.npmrc', `token=${config.authToken}`); //~ clear-text-storage",
        ),
        Case::bad(
            "a.ts",
            "import { writeFile } from 'node:fs/promises';\nexport async function save(apiKey: string) {\n  await writeFile(target, JSON.stringify({ apiKey })); //~ clear-text-storage\n}",
        ),
        Case::bad(
            "a.js",
            "import AsyncStorage from '@react-native-async-storage/async-storage';\nAsyncStorage.setItem('secret', user.clientSecret); //~ clear-text-storage",
        ),
        Case::bad(
            "a.js",
            "app.post('/login', (req, res) => {\n  res.cookie('password', req.body.password); //~ clear-text-storage\n  res.end();\n});",
        ),
        Case::bad("a.js", "chrome.storage.local.set({ password: input.value + passphrase }); //~ clear-text-storage"),
        Case::bad(
            "a.js",
            "const Cookies = require('js-cookie');\nCookies.set('k', settings.privateKey); //~ clear-text-storage",
        ),
        Case::bad(
            "a.js",
            "function keep(value) { localStorage.setItem('x', value); } //~ clear-text-storage\nfunction login(password) { keep(password); }",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nconst line = [user, passwd].join(':');\nfs.appendFile('users.txt', line, done); //~ clear-text-storage",
        ),
        Case::bad("a.js", "localStorage.token = user.accessToken; //~ clear-text-storage"),
        Case::good("a.js", "localStorage.setItem('theme', theme);"),
        Case::good("a.js", "localStorage.theme = theme;\nconst t = localStorage.accessToken;"),
        Case::good("a.js", "localStorage.removeItem('password');"),
        Case::good("a.js", "const fs = require('fs');\nfs.writeFileSync('vault', encrypt(password));"),
        Case::good(
            "a.js",
            "const fs = require('fs');\nfs.writeFile('users.json', JSON.stringify({ name, passwordHash }), done);",
        ),
        Case::good("a.js", "localStorage.setItem('hasPassword', String(password.length > 0));"),
        Case::good("a.js", "document.cookie = 'lang=' + lang;"),
        Case::good("a.js", "res.cookie('session', session.id, { httpOnly: true });"),
        Case::good(
            "a.js",
            "const bcrypt = require('bcrypt');\nconst fs = require('fs');\nconst hash = await bcrypt.hash(password, 12);\nfs.writeFileSync('h', hash);",
        ),
        Case::good("a.ts", "localStorage.setItem('passwordHint', passwordHint);"),
        Case::good(
            "a.js",
            "const { safeStorage } = require('electron');\nconst fs = require('fs');\nfs.writeFileSync('s', safeStorage.encryptString(password));",
        ),
        Case::good("a.js", "cache.setItem('password', password);"),
        Case::good("a.js", "const fs = require('fs');\nfs.readFileSync(passwordFile);"),
        Case::near_miss("a.js", "localStorage.setItem('password_visible', visible);"),
        Case::near_miss("a.js", "sessionStorage.setItem('tokenType', auth.tokenType);"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.writeFileSync(secretPath, template);"),
        Case::near_miss("a.js", "const fs = require('fs');\nfs.writeFileSync('doc.md', '# password: ' + description);"),
        Case::near_miss("a.js", "localStorage.setItem('credentials_region', credentials.region);"),
        Case::near_miss("a.js", "res.cookie('access', accessToken, { httpOnly: true, secure: true });"),
        Case::bad(
            "a.rs",
            "use std::fs::{self};\nfn a(password: &str) { fs::write(\"pw.txt\", password).unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nstruct Creds { user: String, password: String, token: String }\nfn b(c: &Creds) -> std::io::Result<()> { let mut f = File::create(\"creds\")?; f.write_all(c.password.as_bytes())?; Ok(()) } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::OpenOptions;\nstruct Creds { user: String, password: String, token: String }\nfn d(c: &Creds) -> std::io::Result<()> { let mut f = OpenOptions::new().append(true).open(\"creds\")?; writeln!(f, \"{}:{}\", c.user, c.password)?; Ok(()) } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::{self};\nfn e(api_key: &str) { let body = format!(\"api_key={api_key}\\n\"); std::fs::write(\".env\", body.as_bytes()).unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "async fn f(pool: &sqlx::SqlitePool, password: &str) { sqlx::query(\"INSERT INTO u VALUES (?)\").bind(password).execute(pool).await.unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "async fn f2(pool: &sqlx::SqlitePool, credit_card: &str) { let q = format!(\"INSERT INTO u VALUES ('{}')\", credit_card); sqlx::query(&q).execute(pool).await.unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "fn g(conn: &rusqlite::Connection, ssn: &str) { conn.execute(\"INSERT INTO u (ssn) VALUES (?1)\", rusqlite::params![ssn]).unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "fn g2(conn: &rusqlite::Connection, password: &str) { conn.execute(\"INSERT INTO u (pw) VALUES (?1)\", [password]).unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "fn g3(client: &mut postgres::Client, password: &str) { client.execute(\"INSERT INTO u (pw) VALUES ($1)\", &[&password]).unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "fn h(password: &str) { let c = cookie::Cookie::new(\"pw\", password.to_owned()); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::{self};\nstruct Creds { user: String, password: String, token: String }\nasync fn i(c: &Creds) { tokio::fs::write(\"t\", &c.password).await.unwrap(); } //~ clear-text-storage",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nfn j(password: &str) -> std::io::Result<()> { let f = File::create(\"x\")?; let mut w = std::io::BufWriter::new(f); write!(w, \"{}\", password)?; Ok(()) } //~ clear-text-storage",
        ),
        Case::good(
            "a.rs",
            "use std::fs::{self};\nfn ok1(password: &str) { let h = bcrypt::hash(password, 12).unwrap(); fs::write(\"pw\", h).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn hash_password(p: &str) -> String { bcrypt::hash(p, 10).unwrap() }\nasync fn ok2(pool: &sqlx::SqlitePool, password: &str) { let h = hash_password(password); sqlx::query(\"INSERT INTO u VALUES (?)\").bind(h).execute(pool).await.unwrap(); }",
        ),
        Case::good("a.rs", "fn hash_password(p: &str) -> String { bcrypt::hash(p, 10).unwrap() }"),
        Case::good(
            "a.rs",
            "use std::fs::{self};\nstruct Creds { user: String, password: String, token: String }\nfn ok3(c: &Creds) { fs::write(\"user\", &c.user).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "async fn ok4(pool: &sqlx::SqlitePool, password_hash: &str) { sqlx::query(\"INSERT INTO u VALUES (?)\").bind(password_hash).execute(pool).await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "async fn ok5(pool: &sqlx::SqlitePool, username: &str) { sqlx::query(\"SELECT password FROM u WHERE name = ?\").bind(username).fetch_one(pool).await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::{self};\nfn ok6(password: &str) { let e = encrypt(password); fs::write(\"pw\", e).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::{self};\nfn ok7(password: &str) { fs::write(\"len\", password.len().to_string()).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use std::io::Write;\nfn a(password: &str) -> std::io::Result<()> { let mut f = std::fs::File::create(\"pw\")?; f.write_all(argon2_hash(password).as_bytes()) }",
        ),
        Case::good(
            "a.rs",
            "fn a(conn: &rusqlite::Connection, password: &str) { let hash = bcrypt::hash(password, 12).unwrap(); conn.execute(\"INSERT INTO u (pw) VALUES (?1)\", [hash]).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn a(token: &str) { keyring::Entry::new(\"app\", \"me\").unwrap().set_password(token).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "fn a(path: &str) { let password = std::fs::read_to_string(path).unwrap(); login(&password); }",
        ),
        Case::good(
            "a.rs",
            "async fn a(pool: &sqlx::PgPool, password: &str, stored: &str) -> bool { bcrypt::verify(password, stored).unwrap_or(false) }",
        ),
        Case::good(
            "a.rs",
            "use std::io::Write;\nfn a(f: &mut std::fs::File, n: usize) { writeln!(f, \"{n} passwords changed\").unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "struct User { name: String, password: String }\nfn a(u: &User) { let User { name, .. } = u; std::fs::write(\"name\", name).unwrap(); }",
        ),
        Case::good(
            "a.rs",
            "use sha2::{Digest, Sha256};\nfn a(api_key: &str) { let digest = hex::encode(Sha256::digest(api_key)); std::fs::write(\"known\", digest).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn a(password_file: &str, text: &str) { std::fs::write(password_file, text).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn a(password_policy: &str) { std::fs::write(\"policy.txt\", password_policy).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "fn a(tokens: &[Token]) { let list: Vec<String> = tokens.iter().map(|t| t.kind.to_string()).collect(); std::fs::write(\"tokens.txt\", list.join(\" \")).unwrap(); }",
        ),
        Case::good(
            "a.js",
            "const fs = require('fs');\nconst bcrypt = require('bcryptjs');\nconst Helper = require('./helper');\nfunction a(user, password) {\n  user.password = bcrypt.hashSync(password, 12);\n  fs.writeFileSync('u.json', JSON.stringify(user));\n}\nasync function b(user, password) {\n  user.password = await Helper.hashPassword(password);\n  fs.writeFileSync('u.json', JSON.stringify(user));\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::io::Write;\nfn a(password: &str) { let mut out: Vec<u8> = Vec::new(); out.write_all(password.as_bytes()).unwrap(); send(out); }",
        ),
    ],
};

/// Session tokens live in cookies; passwords must not.
fn cookie(call: &CallView<'_>, out: &mut Vec<Note>) {
    for (n, value) in call.args.iter().enumerate().take(3) {
        let password = value.taints.iter().find_map(|t| match &t.origin {
            Origin::Source(s) if s.kind == SourceKind::Password && !t.cleaned.has(SinkKind::SensitiveStore) => {
                Some(s.what)
            }
            _ => None,
        });
        if let Some(what) = password {
            let message = format!("A cookie stores {what}. Keep a session's id there, and the password nowhere.");
            out.push(Note::new(call.rule, call.arg_span(n), message));
        }
    }
}

/// `new DefinePlugin({ "process.env": JSON.stringify(process.env) })`: what is in there stands in the page's scripts.
fn bundled<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family != Family::Ecma
        || node.child(Field::Function).is_none_or(|f| f.text() != "JSON.stringify")
    {
        return;
    }
    let Some(given) = args(node).next().map(|a| a.text().trim_end_matches('!')) else { return };
    let Some(rest) = given.strip_prefix("process.env") else { return };
    let secret = match rest.strip_prefix('.') {
        None => rest.is_empty(),
        // What a service of maps gives to pages, and what says that it is public.
        Some(name) if ["MAP", "PUBLIC", "PUBLISHABLE"].iter().any(|w| name.contains(w)) => false,
        Some(name) => lexicon::sensitive_name(name.into()).is_some(),
    };
    let defined = node.ancestors().any(|n| match n.kind() {
        Kind::Pair => key_name(n).is_some_and(|k| k == "define"),
        Kind::NewExpression => n.child(Field::Constructor).is_some_and(|c| c.text().ends_with("DefinePlugin")),
        _ => false,
    });
    if secret && defined {
        let message = if rest.is_empty() {
            "The whole environment of the build, keys and passwords in it, is written into the page's scripts. Name the variables that the page needs."
        } else {
            "The secret is written into the page's scripts, where everybody reads it. Keep it on the server."
        };
        cx.report(Note::new(cx.rule, node.span(), message));
    }
}
