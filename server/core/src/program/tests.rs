//! Data across files: programs of a few small files each, with the lines on which something is found.

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
        let flows = report.findings.into_iter().filter(|f| !f.flow.is_empty()).collect();
        (d.path().to_owned(), d, flows)
    };
    documents.into_iter().map(findings).collect()
}

/// Checks that data reaches sinks on the marked lines and on no others.
fn check(code: &str) -> Vec<(String, Document, Vec<Finding>)> {
    let files = files(code);
    let found = found(&files);
    let (mut missed, mut wrong) = (Vec::new(), Vec::new());
    for (path, document, findings) in &found {
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
    found
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
        exports.run = (cmd) => { exec('ls ' + cmd); };
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
