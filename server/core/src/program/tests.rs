//! Data across files: programs of a few small files each, with the lines on which something is found.

mod meant;
mod offered;
mod shared;

use super::*;
use crate::config::Config;
use crate::document::Document;
use crate::engine::{Engine, Memo};
use crate::findings::Finding;

/// The files of a program: `//// path` begins one; `//!` marks the lines on which something is found.
fn files(code: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in code.lines() {
        match line.trim_start().strip_prefix("//// ") {
            Some(path) => out.push((path.trim().to_owned(), String::new())),
            None => {
                if let Some((_, text)) = out.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    out
}

struct Files<'a>(&'a [(String, String)]);

impl System for Files<'_> {
    fn read(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix("/w").ok()?.to_str()?;
        self.0.iter().find(|(p, _)| p == path).map(|(_, t)| t.clone())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.read(path).is_some()
    }
}

fn document(path: &str, text: &str) -> Option<Document> {
    let language = sidenote_grammars::by_path(path)?;
    Some(Document::new(path, language, text, 0).expect("parse"))
}

fn source(document: &Document) -> Source {
    Source::new(document.path(), document.blocks(), document.text(), &Default::default())
}

/// Findings of the security rules in every file, in the order of the files.
fn found(files: &[(String, String)]) -> Vec<(String, Document, Vec<Finding>)> {
    told(files, &|f| !f.flow.is_empty())
}

/// Findings of a kind in every file, in the order of the files.
fn told(files: &[(String, String)], of: &dyn Fn(&Finding) -> bool) -> Vec<(String, Document, Vec<Finding>)> {
    let mut program = Program::new("/w".into());
    let documents: Vec<Document> = files.iter().filter_map(|(p, t)| document(p, t)).collect();
    for document in &documents {
        program.set(document.path(), source(document));
    }
    program.read_layout(&Files(files));
    program.analyze(&Alone);
    let engine = Engine::new(Config::default());
    let findings = |d: Document| {
        let mut memo = Memo::default();
        memo.set_flow(program.flow(d.path()).expect("a flow"));
        let report = engine.analyze_quickly(&d, &mut memo);
        let findings = report.findings.into_iter().filter(of).collect();
        (d.path().to_owned(), d, findings)
    };
    documents.into_iter().map(findings).collect()
}

/// Checks that data reaches sinks on the marked lines and on no others.
fn check(code: &str) -> Vec<(String, Document, Vec<Finding>)> {
    let found = found(&files(code));
    check_lines(&found);
    found
}

/// Checks that a rule finds something on the marked lines and on no others.
fn check_rule(rule: &str, code: &str) {
    check_lines(&told(&files(code), &|f| f.rule.id == rule));
}

fn check_lines(found: &[(String, Document, Vec<Finding>)]) {
    let (mut missed, mut wrong) = (Vec::new(), Vec::new());
    for (path, document, findings) in found {
        let lines: Vec<usize> = findings.iter().map(|f| document.text().line_of(f.range.start)).collect();
        let text = document.text().to_string();
        for (n, line) in text.lines().enumerate() {
            match (line.contains("//!"), lines.contains(&n)) {
                (true, false) => missed.push(format!("{path}: {}", line.trim())),
                (false, true) => wrong.push(format!("{path}: {}", line.trim())),
                _ => {}
            }
        }
    }
    assert!(missed.is_empty() && wrong.is_empty(), "missed {missed:#?}\nfalse alarms {wrong:#?}");
}

#[test]
fn parameters_reach_sinks_in_other_files() {
    let found = check(
        "
        //// src/app.js
        import express from 'express';
        import { run, clean } from './run';
        import ping from './run.js';
        import * as tools from './tools';
        const app = express();
        app.get('/a', (req, res) => { run(req.query.a); res.send('ok'); });
        app.get('/b', (req, res) => { clean(req.query.a); ping('localhost'); res.send('ok'); });
        app.get('/c', (req, res) => { tools.list(req.query.dir); tools.fixed(req.query.dir); res.send('ok'); });
        //// src/run.js
        import { exec } from 'child_process';
        export function run(cmd) {
          exec('ls ' + cmd); //!
        }
        export function clean(cmd) { exec('ls ' + parseInt(cmd, 10)); }
        export default function (host) { exec('ping ' + host); }
        //// src/tools.ts
        import { execSync } from 'node:child_process';
        export const list = (dir: string) => {
          return execSync(`ls ${dir}`); //!
        };
        export const fixed = (dir: string) => execSync('ls');
    ",
    );
    let (_, _, findings) = &found[1];
    let way: Vec<_> = findings[0].flow.iter().map(|(l, _)| (l.path.as_deref(), l.line)).collect();
    assert_eq!(way.first().map(|w| w.0), Some(Some("src/app.js")), "{way:?}");
    assert_eq!(way.first().map(|w| w.1), Some(6), "{way:?}");
    assert_eq!(way.last().map(|w| w.0), Some(None), "{way:?}");
}

#[test]
fn what_is_read_of_an_argument_comes_in_where_it_is_read() {
    let code = "
        //// app.js
        const { exec } = require('child_process');
        const { command } = require('./input');
        const { run } = require('./run');
        const app = require('express')();
        app.get('/a', (req, res) => {
          exec(command(req)); //!
          res.end();
        });
        app.get('/b', (req, res) => {
          if (req.ip) { run({ from: req }); }
          res.end();
        });
        //// input.js
        exports.command = (request) => {
          const { query } = request;
          return 'ls ' + query.c;
        };
        //// run.js
        const { exec } = require('child_process');
        exports.run = (options) => {
          const request = options.from;
          exec('ls ' + request.query.c); //!
        };
    ";
    let found = check(code);
    let way = |file: usize| -> Vec<(Option<String>, String)> {
        let (_, _, findings) = &found[file];
        let shown = |location: &Location| {
            let path = location.path.as_deref().unwrap_or(&found[file].0);
            let (_, document, _) = found.iter().find(|(p, ..)| p == path).expect("a file of the program");
            (
                location.path.as_deref().map(str::to_owned),
                document.text().slice(location.range.start, location.range.end),
            )
        };
        assert_eq!(findings.len(), 1);
        findings[0].flow.iter().map(|(location, _)| shown(location)).collect()
    };
    let place = |path: Option<&str>, text: &str| (path.map(str::to_owned), text.to_owned());
    assert_eq!(way(0), [place(Some("input.js"), "query.c"), place(None, "command(req)")]);
    assert_eq!(way(2), [place(None, "request.query.c"), place(None, "'ls ' + request.query.c")]);
}

#[test]
fn results_come_back_from_other_files() {
    check(
        "
        //// app.js
        const { exec } = require('child_process');
        const { name, quoted, LIST } = require('./input');
        const input = require('./input');
        function a(req, res) {
          exec('ls ' + name(req)); //!
          exec('ls ' + quoted(req));
          exec('ls ' + input.name(req)); //!
          exec('ls ' + LIST[0]);
          exec('ls ' + input.VERSION);
        }
        //// input.js
        exports.name = function (req) { return req.query.name; };
        exports.quoted = (req) => Number(req.query.name);
        exports.LIST = ['a', 'b'];
        exports.VERSION = '1';
    ",
    );
}

#[test]
fn controllers_services_and_models() {
    check(
        "
        //// src/server.ts
        import express from 'express';
        import { router } from './routes/users';
        import './routes/orders';
        const app = express();
        app.use('/users', router);
        //// src/routes/users.ts
        import { Router } from 'express';
        import { UserController } from '../controllers/user';
        import * as other from '../controllers/other';
        import audit from '../middleware/audit';
        export const router = Router();
        const users = new UserController();
        router.use(audit);
        router.get('/:id', users.show.bind(users));
        router.get('/all', users.all);
        router.post('/x', other.create);
        //// src/controllers/user.ts
        import { UserService } from '../services/user';
        export class UserController {
          private service = new UserService();
          async show(a: any, b: any) {
            const user = await this.service.find(a.params.id);
            b.json(user);
          }
          all = async (a: any, b: any) => { b.json(await this.service.list()); };
        }
        //// src/controllers/other.ts
        import { db } from '../db';
        export const create = async (r, s) => {
          await db.query(`INSERT INTO t VALUES ('${r.body.name}')`); //!
          s.end();
        };
        //// src/middleware/audit.js
        const { exec } = require('child_process');
        module.exports = function audit(a, b, next) {
          exec(`logger ${a.headers['x-user']}`); //!
          next();
        };
        //// src/services/user.ts
        import { db } from '../db';
        export class UserService {
          async find(id: string) {
            return db.query('SELECT * FROM users WHERE id = ' + id); //!
          }
          async list() { return db.query('SELECT * FROM users'); }
        }
        //// src/db.ts
        import mysql from 'mysql2/promise';
        export const db = mysql.createPool({});
        //// src/routes/orders.ts
        import './users';
    ",
    );
}

#[test]
fn barrels_and_renames() {
    check(
        "
        //// a/app.ts
        import { shell, again as more, fs } from './lib';
        import main, { nothing } from './lib';
        export function h(req, res) { shell(req.query.a); more(req.query.b); fs.open(req.query.c); main(req.query.d); nothing(req.query.e); }
        //// a/lib/index.ts
        export * from './one';
        export { two as again } from './two';
        export * as fs from './three';
        export { default } from './four';
        export { nothing } from './five';
        //// a/lib/one.ts
        import cp from 'child_process';
        export function shell(x) {
          cp.exec(x); //!
        }
        //// a/lib/two.ts
        import cp from 'child_process';
        function two(x) {
          cp.exec(x); //!
        }
        export { two };
        //// a/lib/three.ts
        import cp from 'child_process';
        export function open(x) {
          cp.exec(x); //!
        }
        //// a/lib/four.ts
        import cp from 'child_process';
        const four = (x) => {
          cp.exec(x); //!
        };
        export default four;
        //// a/lib/five.ts
        export function nothing(x) { return x; }
    ",
    );
}

#[test]
fn functions_that_are_handed_themselves_end() {
    check(
        "
        //// a.js
        export function again(next, value) { next(next, value); }
        export function pass(next, value, last) { next(pass, value, last); last(value); }
        //// b.js
        import { again, pass } from './a.js';
        import { exec } from 'child_process';
        export function h(req, res) {
          again(again, req.query.x);
          pass(pass, req.query.x, again);
          pass(again, req.query.x, (command) => exec(command)); //!
        }
    ",
    );
}

#[test]
fn circles_of_imports_end() {
    check(
        "
        //// a.js
        import { b } from './b.js';
        import { exec } from 'child_process';
        export function a(x, n) {
          if (n > 3) return exec(x); //!
          return b(x, n + 1);
        }
        //// b.js
        import { a } from './a.js';
        export function b(x, n) { return a(x, n); }
        export function h(req, res) { b(req.query.x, 0); }
        //// c.js
        export * from './c.js';
        export * from './d.js';
        //// d.js
        export * from './c.js';
        import { nothing } from './c.js';
        nothing();
    ",
    );
}

#[test]
fn tests_of_code_say_nothing_about_it() {
    check(
        "
        //// run.js
        const { exec } = require('child_process');
        exports.run = (cmd) => { exec(cmd); };
        //// run.test.js
        const { run } = require('./run');
        test('x', () => run(process.argv[2]));
        app.get('/', (req, res) => run(req.query.x));
    ",
    );
}

#[test]
fn the_order_of_files_does_not_matter() {
    let code = "
        //// b/app.js
        import express from 'express';
        import { show } from './show.js';
        express().get('/', show);
        //// b/show.js
        import { run } from '../run.js';
        import './app.js';
        export function show(a, b) { run(a.query.x); b.end(); }
        //// run.js
        import { exec } from 'child_process';
        import { show } from './b/show.js';
        export function run(x) {
          if (x === 1) show(x);
          exec(x); //!
        }
    ";
    check(code);
    let shown = |files: &[(String, String)]| {
        let mut all: Vec<String> = found(files).iter().map(|(p, _, f)| format!("{p} {f:#?}")).collect();
        all.sort();
        all
    };
    let mut files = files(code);
    let first = shown(&files);
    files.reverse();
    assert_eq!(first, shown(&files));
    files.swap(0, 1);
    assert_eq!(first, shown(&files));
}

#[test]
fn modules_of_a_crate() {
    let found = check(
        r#"
        //// app/Cargo.toml
        [package]
        name = "app"
        //// app/src/main.rs
        mod db;
        mod handlers;
        mod util;
        use actix_web::{web, App, HttpServer};
        fn main() { HttpServer::new(|| App::new().route("/", web::get().to(handlers::show))); }
        //// app/src/handlers/mod.rs
        mod files;
        use crate::db::{self, Store};
        use crate::util::shell::run;
        use actix_web::web::Query;
        pub async fn show(q: Query<Params>) -> String {
            db::by_name(&q.name);
            run(&q.cmd);
            files::remove(&q.path);
            let store = Store::open();
            store.find(&q.id);
            super::util::quiet(&q.cmd);
            let n: u32 = q.n.parse().unwrap();
            db::by_name(&n.to_string());
            String::new()
        }
        pub struct Params { pub name: String, pub cmd: String, pub path: String, pub id: String, pub n: String }
        //// app/src/handlers/files.rs
        use std::fs as disk;
        pub fn remove(path: &str) {
            let _ = disk::remove_file(format!("/data/{}", path)); //!
        }
        //// app/src/db.rs
        use rusqlite::Connection;
        pub fn by_name(name: &str) {
            let c = Connection::open("x.db").unwrap();
            let _ = c.execute(&format!("DELETE FROM t WHERE name = '{}'", name), []); //!
        }
        pub struct Store { conn: Connection }
        impl Store {
            pub fn open() -> Self { Store { conn: Connection::open("x.db").unwrap() } }
            pub fn find(&self, id: &str) {
                let _ = self.conn.execute(&format!("DELETE FROM t WHERE id = {}", id), []); //!
            }
        }
        //// app/src/util/mod.rs
        pub mod shell;
        pub use shell::run as execute;
        pub fn quiet(_x: &str) {}
        //// app/src/util/shell.rs
        use std::process::Command;
        pub fn run(cmd: &str) {
            let _ = Command::new("sh").arg("-c").arg(cmd).output(); //!
        }
    "#,
    );
    assert!(found.iter().flat_map(|(_, _, f)| f).all(|f| f.flow.first().is_some_and(|(l, _)| l.path.is_some())));
}

#[test]
fn implementations_in_several_files() {
    check(
        r#"
        //// Cargo.toml
        [package]
        name = "app"
        //// src/lib.rs
        mod store;
        mod extra;
        mod other;
        mod web;
        //// src/store.rs
        pub struct Store { pub db: rusqlite::Connection }
        impl Store { pub fn open(db: rusqlite::Connection) -> Store { Store { db } } }
        //// src/extra.rs
        use crate::store::Store;
        impl Store {
            pub fn wipe(&self, name: &str) {
                let sql = String::from("DELETE FROM t WHERE n = ") + name;
                let _ = self.db.execute(&sql, []); //!
            }
        }
        //// src/other.rs
        pub struct Other;
        impl Other {
            pub fn wipe(&self, name: &str) {
                let _ = rusqlite::Connection::open("x").map(|db| db.execute(&(String::from("DELETE FROM t WHERE n = ") + name), []));
            }
        }
        //// src/web.rs
        use crate::store::Store;
        pub async fn remove(st: &Store, axum::extract::Path(n): axum::extract::Path<String>) {
            st.wipe(&n);
        }
        "#,
    );
}

#[test]
fn crates_of_a_workspace() {
    check(
        r#"
        //// Cargo.toml
        [workspace]
        members = ["tool", "lib-shell"]
        //// tool/Cargo.toml
        [package]
        name = "tool"
        //// tool/src/main.rs
        use lib_shell::{Runner, run_all};
        fn main() {
            let arg = std::env::args().nth(1).unwrap();
            lib_shell::run(&arg);
            run_all(&arg);
            lib_shell::inner::deep(&arg);
            Runner::new(arg).go();
            lib_shell::safe(3);
        }
        //// lib-shell/Cargo.toml
        [package]
        name = "lib-shell"
        //// lib-shell/src/lib.rs
        pub mod inner;
        mod hidden;
        pub use hidden::{every as run_all, Runner};
        use std::process::Command;
        pub fn run(cmd: &str) {
            let _ = Command::new("sh").arg("-c").arg(cmd).output(); //!
        }
        pub fn safe(n: u32) { let _ = Command::new("sh").arg("-c").arg(n.to_string()).output(); }
        //// lib-shell/src/inner.rs
        pub fn deep(cmd: &str) { crate::run(cmd); }
        //// lib-shell/src/hidden.rs
        use std::process::Command;
        pub fn every(cmd: &str) {
            let _ = Command::new("sh").arg("-c").arg(cmd).output(); //!
        }
        pub struct Runner { cmd: String }
        impl Runner {
            pub fn new(cmd: String) -> Self { Runner { cmd } }
            pub fn go(&self) {
                let _ = Command::new("sh").arg("-c").arg(&self.cmd).output(); //!
            }
        }
    "#,
    );
}

mod edits {
    use proptest::prelude::*;

    use super::*;
    use crate::document::Change;
    use crate::text::{Encoding, LineColumn};

    /// Files of a small workspace, each with lines that edits may put in, take out or swap for another.
    const FILES: [(&str, &[&str]); 5] = [
        (
            "app.js",
            &[
                "import express from 'express';\n",
                "import { show, other } from './show.js';\n",
                "import * as lib from './lib.js';\n",
                "const app = express();\n",
                "app.get('/', show);\n",
                "app.get('/x', (req, res) => { lib.run(req.query.x); });\n",
                "app.get('/y', (req, res) => { other(lib.same(req.query.y), res); });\n",
                "function local(q) { lib.run(q); return lib.same(q); }\n",
                "app.get('/z', (req, res) => { local(req.query.z); });\n",
                "import { list } from './data';\n",
            ],
        ),
        (
            "show.js",
            &[
                "import { run, same } from './lib.js';\n",
                "export function show(a, b) { run(a.query.x); b.end(); }\n",
                "export function show(a, b) { run(Number(a.query.x)); b.end(); }\n",
                "export const other = (v, b) => { const w = same(v); run(w); b.send(w); };\n",
                "export function other(v, b) {\n  b.end(v);\n}\n",
                "export default class Shower { constructor(x) { this.x = x; } go() { run(this.x); } }\n",
                "export * from './lib.js';\n",
            ],
        ),
        (
            "lib.js",
            &[
                "import { exec } from 'child_process';\n",
                "export function run(x) { exec('ls ' + x); }\n",
                "export function run(x) {\n  const y = x;\n  exec(y);\n}\n",
                "export const same = (x) => x;\n",
                "export const same = (x) => encodeURIComponent(x);\n",
                "export function same(x) { return again(x, 3); }\nfunction again(x, n) { return n ? same(x) : x; }\n",
                "import { show } from './show.js';\n",
                "let kept;\nexport function keep(x) { kept = x; }\nexport function use() { exec(kept); }\n",
            ],
        ),
        (
            "data/index.ts",
            &[
                "import Shower, { show } from '../show';\n",
                "export function list(req: any, res: any) { new Shower(req.query.q).go(); }\n",
                "export const list = (req, res) => { show(req, res); };\n",
                "import { keep, use } from '../lib';\n",
                "export function both(req, res) { keep(req.body.a); use(); }\n",
            ],
        ),
        ("app.test.js", &["const { run } = require('./lib.js');\n", "test('x', () => run(process.argv[2]));\n"]),
    ];

    fn shown(program: &Program, documents: &[Document]) -> Vec<String> {
        let engine = Engine::new(Config::default());
        let show = |d: &Document| {
            let mut memo = Memo::default();
            memo.set_flow(program.flow(d.path()).expect("a flow"));
            format!("{} {:#?}", d.path(), engine.analyze_quickly(d, &mut memo).findings)
        };
        documents.iter().map(show).collect()
    }

    /// An edit: which file, which line, how many lines go, which piece comes, and whether the version is analysed.
    type Step = (usize, usize, usize, usize, bool);

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        prop::collection::vec((0..FILES.len(), 0usize..12, 0usize..3, 0usize..12, any::<bool>()), 1..14)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

        #[test]
        fn what_is_found_after_edits_is_what_a_new_program_finds(
            start in prop::collection::vec(prop::collection::vec(0usize..12, 0..9), FILES.len()),
            steps in steps(),
        ) {
            let text = |n: usize, pieces: &[usize]| -> String {
                pieces.iter().map(|p| FILES[n].1[p % FILES[n].1.len()]).collect()
            };
            let mut documents: Vec<Document> = start
                .iter()
                .enumerate()
                .map(|(n, pieces)| document(FILES[n].0, &text(n, pieces)).expect("a language"))
                .collect();
            let mut program = Program::new("/w".into());
            let update = |program: &mut Program, documents: &[Document]| {
                for document in documents {
                    program.set(document.path(), source(document));
                    program.edit(document.path(), true);
                }
                program.analyze(&Alone);
            };
            update(&mut program, &documents);
            for (version, (n, line, gone, piece, analysed)) in (1..).zip(steps) {
                let lines = documents[n].text().lines();
                let at = |line: usize| LineColumn { line: line.min(lines) as u32, column: 0 };
                let line = line % (lines + 1);
                let range = Some((at(line), at(line + gone)));
                let change = Change { range, text: FILES[n].1[piece % FILES[n].1.len()].into() };
                documents[n].change(&[change], Encoding::Utf16, version).expect("change");
                if analysed {
                    update(&mut program, &documents);
                    let mut fresh = Program { forgetful: version % 2 == 0, ..Program::new("/w".into()) };
                    // In another order, too.
                    for document in documents.iter().rev() {
                        fresh.set(document.path(), source(document));
                    }
                    fresh.analyze(&Alone);
                    prop_assert_eq!(shown(&program, &documents), shown(&fresh, &documents));
                }
            }
        }
    }

    /// The function around keeps its text: what it captured for the inner one depends on the names there alone.
    #[test]
    fn a_nested_function_that_names_a_variable_for_the_first_time_sees_what_it_held() {
        let code = "import { exec } from 'child_process';\nexport function f(req, res) {\n  let d = req.query.d;\n  bus.on('x', function () { bus.on('y', function () { exec('ls ' + 'x'); }); });\n  d = 'fixed';\n}\n";
        let mut one = document("a.js", code).expect("javascript");
        let mut program = Program::new("/w".into());
        let hits = |program: &mut Program, document: &Document| {
            program.set("a.js", source(document));
            program.edit("a.js", true);
            program.analyze(&Alone);
            let found = shown(program, std::slice::from_ref(document)).concat();
            found.matches("command-injection").count() > 0
        };
        assert!(!hits(&mut program, &one));
        for (version, (from, to, is_found)) in
            (1..).zip([("+ 'x'", "+ d", true), ("+ d", "+ 'x'", false), ("+ 'x'", "+ [d]", true)])
        {
            let at = one.text().to_string().find(from).expect("there");
            let place = |offset| one.text().position(offset, Encoding::Utf16);
            let range = Some((place(at), place(at + from.len())));
            one.change(&[Change { range, text: to.into() }], Encoding::Utf16, version).expect("change");
            assert_eq!(hits(&mut program, &one), is_found, "{from} -> {to}");
        }
    }

    #[test]
    fn an_edit_runs_what_it_touches() {
        let count = 200;
        let mut code = String::from("import { exec } from 'child_process';\n");
        for n in 0..count {
            let call = if n == 0 { "exec(x)".to_owned() } else { format!("f{}(x + {n})", n / 2) };
            code += &format!("export function f{n}(x) {{ const y = x; {call}; return y; }}\n");
        }
        code += "export function h(req, res) { f7(req.query.x); }\n";
        let mut one = document("a.js", &code).expect("javascript");
        let mut program = Program::new("/w".into());
        program.set("a.js", source(&one));
        program.edit("a.js", true);
        program.analyze(&Alone);
        let at = code.find("const y = x; f75(").expect("in f150");
        let start = one.text().position(at + 10, Encoding::Utf16);
        let end = one.text().position(at + 11, Encoding::Utf16);
        one.change(&[Change { range: Some((start, end)), text: "[x]".into() }], Encoding::Utf16, 1).expect("change");
        program.set("a.js", source(&one));
        let before = program.steps();
        program.analyze(&Alone);
        let steps = program.steps();
        assert!(steps > 0 && steps * 20 < before, "{steps} of {before}");
    }
}

mod growth {
    //! The work of an analysis grows as its program does: counted in steps of the interpreter, on generated programs.

    use super::*;
    use crate::semantics::flow::Hit;

    /// Numbers that look random and are always the same.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % sides
        }
    }

    fn expression(dice: &mut Dice, functions: usize, depth: usize) -> String {
        let mut below = || expression(dice, functions, depth + 1);
        match if depth > 3 { 0 } else { 1 } {
            0 => ["x", "y", "req.query.a", "'ls'", "this.kept", "7"][dice.roll(6)].to_owned(),
            _ => {
                let (a, b) = (below(), below());
                match dice.roll(9) {
                    0 => format!("f{}({a}, {b})", dice.roll(functions)),
                    1 => format!("[{a}, {b}].map((x) => x + {b})"),
                    2 => format!("({a} ? {b} : {a})"),
                    3 => format!("`${{{a}}} ${{{b}}}`"),
                    4 => format!("{{ k: {a}, ...{b} }}.k").replace('{', "({").replacen("}.k", "}).k", 1),
                    5 => format!("new Promise((y) => y({a}))"),
                    6 => format!("new C{}({a}).go({b})", dice.roll(functions)),
                    7 => format!("({a} || {b})"),
                    _ => format!("{a}.concat({b})"),
                }
            }
        }
    }

    fn statement(dice: &mut Dice, functions: usize, depth: usize) -> String {
        let value = expression(dice, functions, 2);
        let inner = |dice: &mut Dice| if depth > 2 { "y = x;".into() } else { statement(dice, functions, depth + 1) };
        match dice.roll(8) {
            0 => format!("if ({value}) {{ {} }} else {{ {} }}", inner(dice), inner(dice)),
            1 => format!("for (const x of {value}) {{ {} }}", inner(dice)),
            2 => format!("while (y.length) {{ {} }}", inner(dice)),
            3 => format!("exec({value});"),
            4 => format!("const g = (x) => {{ {} return x; }}; y = g({value});", inner(dice)),
            5 => format!("try {{ {} }} catch (e) {{ {} }}", inner(dice), inner(dice)),
            6 => format!("switch (y) {{ case 1: {} break; default: {} }}", inner(dice), inner(dice)),
            _ => format!("y = {value};"),
        }
    }

    /// A program of so many files, each of so many functions, that call and import each other without order.
    fn program(seed: u64, files: usize, functions: usize) -> Vec<(String, String)> {
        let mut dice = Dice(seed);
        let file = |n: usize| {
            let mut code = String::from("import { exec } from 'child_process';\n");
            let other = dice.roll(files);
            code += &format!("import * as other from './m{other}.js';\n");
            for f in 0..functions {
                let body: String = (0..4).map(|_| statement(&mut dice, functions, 0) + "\n").collect();
                code +=
                    &format!("export function f{f}(x, y) {{\n{body}return other.f{}(y);\n}}\n", dice.roll(functions));
                let body = statement(&mut dice, functions, 1);
                code += &format!(
                    "export class C{f} {{ constructor(v) {{ this.kept = v; }} go(x) {{ let y; {body} return y; }} }}\n"
                );
            }
            code += "export function h(req, res) { f0(req.query.a, req.body); }\n";
            (format!("m{n}.js"), code)
        };
        (0..files).map(file).collect()
    }

    fn steps(files: &[(String, String)]) -> f64 {
        let mut program = Program::new("/w".into());
        for (path, text) in files {
            program.set(path, source(&document(path, text).expect("javascript")));
        }
        program.analyze(&Alone);
        program.steps() as f64
    }

    #[test]
    fn what_is_remembered_within_an_analysis_changes_nothing() {
        for seed in 0..8 {
            let files = program(seed, 3, 5);
            let documents: Vec<_> =
                files.iter().map(|(path, text)| document(path, text).expect("javascript")).collect();
            let found = |forgetful| {
                let mut program = Program { forgetful, ..Program::new("/w".into()) };
                documents.iter().for_each(|d| program.set(d.path(), source(d)));
                program.analyze(&Alone);
                let shown = |d: &Document| {
                    let file = program.file(program.by_path[d.path()]).expect("a file");
                    let found = file.found.as_ref().expect("an analysis");
                    let hit = |(block, h): &(BlockId, Hit)| {
                        let source = (&h.source.what, h.source.at.block, h.source.at.span);
                        format!("{block:?} {:?} {:?} {:?} {source:?} {:?}", h.kind, h.at.block, h.at.span, h.blocks())
                    };
                    let hits: Vec<String> = found.hits.iter().map(hit).collect();
                    let handed: Vec<String> = found
                        .contexts
                        .iter()
                        .map(|(f, args)| format!("{f:?} {:?}", args.iter().map(|a| a.taints.len()).collect::<Vec<_>>()))
                        .collect();
                    let notes: Vec<String> = found.notes.iter().map(|(b, n)| format!("{b:?} {}", n.message)).collect();
                    (hits, notes, found.exhausted.clone(), handed)
                };
                (documents.iter().map(shown).collect::<Vec<_>>(), program.steps())
            };
            let ((all, every), (remembered, some)) = (found(true), found(false));
            assert!(all.iter().any(|(hits, ..)| !hits.is_empty()), "seed {seed}: nothing is found");
            assert_eq!(all, remembered, "seed {seed}");
            assert!(some < every, "seed {seed}: {some} of {every} steps");
        }
    }

    /// Steps for a byte of code, over a few programs of a size.
    fn cost(files: usize, functions: usize) -> f64 {
        let programs: Vec<_> = (0..3).map(|seed| program(seed, files, functions)).collect();
        let bytes = programs.iter().flatten().map(|(_, t)| t.len()).sum::<usize>() as f64;
        programs.iter().map(|p| steps(p)).sum::<f64>() / bytes
    }

    #[test]
    fn work_grows_with_the_code_and_no_faster() {
        // Four times the code may cost four times as much, and chance a little more.
        let (few, many) = (cost(1, 8), cost(1, 32));
        assert!(many < 2.0 * few, "functions: {few:.2}, then {many:.2} steps a byte");
        let (few, many) = (cost(4, 4), cost(16, 4));
        assert!(many < 2.0 * few, "files: {few:.2}, then {many:.2} steps a byte");
    }

    #[test]
    fn no_function_costs_more_than_its_budget() {
        // Calls in calls and loops in loops: each budget is a multiple of the code that it is for.
        let deep = |n: usize| {
            let body = "for (const x of y) { ".repeat(n) + "y = g(x, y); " + &"}".repeat(n);
            let calls =
                (0..n).map(|_| "((q) => ").collect::<String>() + "x" + &(0..n).map(|_| ")(x)").collect::<String>();
            vec![("a.js".to_owned(), format!("export function f(x, y) {{ {body} return {calls}; }}\n"))]
        };
        for n in [4, 8, 16, 32] {
            let found = steps(&deep(n));
            // Twice as summary and twice with its callers, and the module's own.
            assert!(found < 5.0 * 20_000.0, "{n} levels: {found} steps");
        }
    }
}

/// Lines of a file on which a promise is dropped.
fn dropped(code: &str, path: &str) -> Vec<String> {
    let files = files(code);
    let mut program = Program::new("/w".into());
    let documents: Vec<Document> = files.iter().filter_map(|(p, t)| document(p, t)).collect();
    for document in &documents {
        program.set(document.path(), source(document));
    }
    program.read_layout(&Files(&files));
    program.analyze(&Alone);
    lines_of_dropped(&program, documents.iter().find(|d| d.path() == path).expect("the file"))
}

fn lines_of_dropped(program: &Program, document: &Document) -> Vec<String> {
    let mut memo = Memo::default();
    memo.set_flow(program.flow(document.path()).expect("a flow"));
    let report = Engine::new(Config::default()).analyze_quickly(document, &mut memo);
    let text = document.text().to_string();
    let of_rule = report.findings.iter().filter(|f| f.rule.id == "floating-promise");
    of_rule
        .map(|f| text.lines().nth(document.text().line_of(f.range.start)).unwrap_or_default().trim().to_owned())
        .collect()
}

const STORE: &str = "
    //// src/store.ts
    export async function save(user: User) { await db.write(user); }
    export async function quiet(user: User) { try { await db.write(user); } catch (e) { log(e); } }
    export const load = async (id: string) => { return await db.read(id); };
    export function remove(id: string): Promise<void> { return db.remove(id); }
    export function sync(user: User) { cache.set(user); }
    export default async function () { await db.open(); }
    //// src/index.ts
    export { save as store, sync } from './store';
    export * from './store';
    //// src/old.js
    async function flush() { await db.flush(); }
    function size() { return 1; }
    module.exports = { flush, size };
";

#[test]
fn promises_of_other_files_are_known() {
    let code = format!(
        "{STORE}
        //// src/app.ts
        import open, {{ save, quiet, load as read, remove, sync }} from './store';
        import * as all from './index';
        import {{ store }} from '.';
        const {{ flush, size }} = require('./old');
        const old = require('./old');
        export function run(user: User) {{
          save(user); // 1
          quiet(user);
          read('a'); // 2
          remove('a'); // 3
          sync(user);
          open(); // 4
          all.save(user); // 5
          all.sync(user);
          store(user); // 6
          flush(); // 7
          size();
          old.flush(); // 8
          void save(user);
          save(user).catch(report);
        }}
        export async function waits(user: User) {{
          await save(user);
          return read('a');
        }}
        export function shadows(save: (user: User) => void, all: Other, user: User) {{
          save(user);
          all.save(user);
        }}"
    );
    let told = dropped(&code, "src/app.ts");
    let marks: Vec<&str> = told.iter().filter_map(|l| l.split("// ").nth(1)).collect();
    assert_eq!(marks, ["1", "2", "3", "4", "5", "6", "7", "8"], "{told:#?}");
    assert_eq!(told.len(), 8);
}

#[test]
fn a_function_that_becomes_async_is_news_to_those_that_call_it() {
    let code = "
        //// src/store.ts
        export function save(user: User) { cache.set(user); }
        //// src/index.ts
        export { save } from './store';
        //// src/app.ts
        import { save } from './index';
        export function run(user: User) {
          save(user);
        }";
    let files = files(code);
    let mut program = Program::new("/w".into());
    let mut documents: Vec<Document> = files.iter().filter_map(|(p, t)| document(p, t)).collect();
    for document in &documents {
        program.set(document.path(), source(document));
    }
    program.read_layout(&Files(&files));
    program.analyze(&Alone);
    assert_eq!(lines_of_dropped(&program, &documents[2]), Vec::<String>::new());
    let text = files[0].1.replace("function save(user: User) { cache", "async function save(user: User) { await db");
    assert_ne!(text, files[0].1);
    documents[0] = document("src/store.ts", &text).expect("a document");
    program.set("src/store.ts", source(&documents[0]));
    let news: Vec<String> = program.analyze(&Alone).iter().map(ToString::to_string).collect();
    assert!(news.iter().any(|p| p == "src/app.ts"), "{news:?}");
    assert_eq!(lines_of_dropped(&program, &documents[2]), ["save(user);"]);
}
