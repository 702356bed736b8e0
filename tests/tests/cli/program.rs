//! Flaws whose data crosses files: in a server of Express and in a Rust workspace, with twins that are clean.

use serde_json::Value;

use super::support::{Project, findings};

const SHOP: &[(&str, &str)] = &[
    ("package.json", r#"{ "name": "shop", "private": true, "workspaces": ["packages/*"] }"#),
    (
        "tsconfig.json",
        "{ // one for all\n  \"compilerOptions\": { \"baseUrl\": \".\", \"paths\": { \"@/*\": [\"src/*\"], } },\n}",
    ),
    ("packages/store/package.json", r#"{ "name": "@shop/store", "main": "dist/index.js" }"#),
    (
        "packages/store/src/index.ts",
        "import mysql from 'mysql2/promise';\nexport const pool = mysql.createPool({ host: 'db' });\nexport { Orders } from './orders';\n",
    ),
    (
        "packages/store/src/orders.ts",
        "import { pool } from '.';\nexport class Orders {\n  constructor(private table: string) {}\n  async search(word: string) {\n    return pool.query(`SELECT * FROM orders WHERE note LIKE '%${word}%'`);\n  }\n  async byId(id: string) {\n    return pool.query('SELECT * FROM orders WHERE id = ?', [id]);\n  }\n}\n",
    ),
    (
        "src/app.ts",
        "import express from 'express';\nimport { router as orders } from '@/routes/orders';\nconst files = require('./routes/files');\nconst app = express();\napp.use('/orders', orders);\napp.use('/files', files);\napp.listen(3000);\n",
    ),
    (
        "src/routes/orders.ts",
        "import { Router } from 'express';\nimport * as controller from '../controllers/orders';\nexport const router = Router();\nrouter.get('/', controller.list);\nrouter.get('/:id', controller.show);\n",
    ),
    (
        "src/controllers/orders.ts",
        "import { Orders } from '@shop/store';\nconst orders = new Orders('orders');\nexport async function list(input: any, output: any) {\n  output.json(await orders.search(input.query.word));\n}\nexport async function show(input: any, output: any) {\n  output.json(await orders.byId(input.params.id));\n}\n",
    ),
    (
        "src/routes/files.js",
        "const express = require('express');\nconst { send, sendSafely } = require('../services/files');\nconst router = express.Router();\nrouter.get('/a/:name', (req, res) => send(req.params.name, res));\nrouter.get('/b/:name', (req, res) => sendSafely(req.params.name, res));\nmodule.exports = router;\n",
    ),
    (
        "src/services/files.js",
        "const fs = require('fs');\nconst path = require('path');\nexports.send = (name, res) => {\n  fs.createReadStream('/srv/files/' + name).pipe(res);\n};\nexports.sendSafely = (name, res) => {\n  fs.createReadStream('/srv/files/' + path.basename(name)).pipe(res);\n};\n",
    ),
];

const TOOL: &[(&str, &str)] = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"tool\", \"shell\"]\n"),
    ("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.1.0\"\n"),
    (
        "tool/src/main.rs",
        "mod jobs;\n\nfn main() {\n    let name = std::env::args().nth(1).unwrap_or_default();\n    jobs::start(&name);\n    jobs::count(&name);\n}\n",
    ),
    (
        "tool/src/jobs/mod.rs",
        "mod script;\nuse shell::Runner;\n\npub fn start(name: &str) {\n    script::run(name);\n}\n\npub fn count(name: &str) {\n    let number: u32 = name.parse().unwrap_or(0);\n    Runner::new(number.to_string()).go();\n}\n",
    ),
    (
        "tool/src/jobs/script.rs",
        "use super::Runner;\n\npub(super) fn run(name: &str) {\n    let runner = Runner::new(format!(\"job {name}\"));\n    runner.go();\n}\n",
    ),
    ("shell/Cargo.toml", "[package]\nname = \"shell\"\nversion = \"0.1.0\"\n"),
    ("shell/src/lib.rs", "mod runner;\npub use runner::Runner;\n"),
    (
        "shell/src/runner.rs",
        "use std::process::Command;\n\npub struct Runner {\n    line: String,\n}\n\nimpl Runner {\n    pub fn new(line: String) -> Self {\n        Runner { line }\n    }\n\n    pub fn go(&self) {\n        let _ = Command::new(\"sh\").arg(\"-c\").arg(&self.line).status();\n    }\n}\n",
    ),
];

/// Findings that have a way, with the files on it.
fn ways(report: &Value) -> Vec<(String, Vec<String>)> {
    let list = report["findings"].as_array().expect("findings").iter().zip(findings(report));
    let way = |(finding, name): (&Value, String)| {
        let steps = finding["flow"].as_array().filter(|f| !f.is_empty())?;
        let own = finding["path"].as_str().expect("a path");
        let files = steps.iter().map(|s| s["path"].as_str().unwrap_or(own).to_owned());
        let mut files: Vec<String> = files.collect();
        files.dedup();
        Some((name, files))
    };
    list.filter_map(way).collect()
}

#[test]
fn a_server_in_many_files() {
    let project = Project::new(SHOP);
    let report = project.json(&["."]);
    let found = ways(&report);
    let names: Vec<&str> = found.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        names,
        ["sql-injection packages/store/src/orders.ts:5", "path-traversal src/services/files.js:4"],
        "{report:#}"
    );
    assert_eq!(found[0].1, ["src/controllers/orders.ts", "packages/store/src/orders.ts"]);
    assert_eq!(found[1].1, ["src/routes/files.js", "src/services/files.js"]);
    // Whatever the number of threads, and also where only one file is asked for: what it imports is read.
    for jobs in ["1", "4"] {
        assert_eq!(ways(&project.json(&[".", "--jobs", jobs])), found);
    }
    let alone = project.json(&["src/routes/files.js", "src/services/files.js"]);
    assert_eq!(ways(&alone), found[1..].to_vec());
}

#[test]
fn a_rust_workspace() {
    let project = Project::new(TOOL);
    let report = project.json(&["."]);
    let found: Vec<_> = ways(&report).into_iter().filter(|(n, _)| n.starts_with("command-injection")).collect();
    assert_eq!(found.len(), 1, "{report:#}");
    assert_eq!(found[0].0, "command-injection shell/src/runner.rs:13");
    assert_eq!(found[0].1.first().map(String::as_str), Some("tool/src/main.rs"));
    assert_eq!(found[0].1.last().map(String::as_str), Some("shell/src/runner.rs"));
}

#[test]
fn imports_that_lead_out_or_in_circles() {
    let project = Project::new(&[
        ("a.js", "import './b.js';\nimport './a.js';\nimport '../../../etc/passwd';\nexport * from './b.js';\n"),
        ("b.js", "export * from './a.js';\nimport x from './none.js';\nx();\n"),
        ("c.rs", "mod c;\nmod d;\nuse crate::c::c::d::*;\n"),
        ("d.rs", "pub use super::*;\npub use crate::d::*;\nfn f() { g(); }\n"),
        (
            "package.json",
            "{ \"name\": \"x\", \"main\": \"../../x.js\", \"exports\": { \".\": \"./../../../etc/passwd\" } }",
        ),
        (
            "tsconfig.json",
            "{ \"extends\": \"./tsconfig.json\", \"compilerOptions\": { \"paths\": { \"*\": [\"../../*\"] } } }",
        ),
    ]);
    assert_eq!(findings(&project.json(&["."])), [] as [&str; 0]);
}
