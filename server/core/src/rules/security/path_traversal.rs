use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "path-traversal",
    summary: "paths that somebody outside can steer",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[22, 73],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in a path of the file system, in `require`, and in names of archive entries that are written.",
        why: "`../../etc/passwd` or an absolute path reaches any file that the server may read or write.",
        example: "res.sendFile(path.join(__dirname, \"files\", req.params.name));",
        instead: "const root = path.resolve(\"files\");\nconst file = path.resolve(root, req.params.name);\nif (!file.startsWith(root + path.sep)) return res.sendStatus(403);\nres.sendFile(file);",
        limits: "A check of the beginning counts only on a path that was made absolute before. The `root` option of `sendFile` is safe. Symbolic links are not followed.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Path],
        "`{sink}` opens a path that {source} is part of: `../` leads out of the folder. Take `path.basename` of it, or resolve the path and check that it begins with the folder and a separator.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            "import * as tar from 'tar';\nexport const f = (file: string) => tar.x({ file, cwd: 'out', preservePaths: true }); //~ path-traversal",
        ),
        Case::bad(
            "a.ts",
            "'use server';\nimport fs from 'node:fs/promises';\nexport async function remove(name: string) {\n  await fs.rm('uploads/' + name); //~ path-traversal\n}",
        ),
        Case::near_miss(
            "a.js",
            "const fs = require('fs');\nexports.register = (app) => {\n  if (config.dev) {\n    app.post('/testing/create', (req, res) => {\n      const content = req.body.content ? req.body.content : 'test';\n      fs.writeFile(req.body.file, content).then(() => res.json({}));\n    });\n  }\n  if (process.env.NODE_ENV !== 'production') {\n    app.post('/testing/remove', (req, res) => {\n      fs.unlink(req.body.file, () => res.json({}));\n    });\n  }\n};",
        ),
        Case::bad(
            "a.js",
            "const fs = require('fs');\nexports.register = (app) => {\n  if (config.files) {\n    app.post('/create', (req, res) => {\n      const content = req.body.content ? req.body.content : 'test';\n      fs.writeFile(req.body.file, content).then(() => res.json({})); //~ path-traversal\n    });\n  }\n};",
        ),
        Case::near_miss(
            "src/vite/dev/index.js",
            "const fs = require('fs');\nrequire('http').createServer((req, res) => {\n  fs.readFile(root + decodeURIComponent(req.url), done);\n});",
        ),
        Case::bad(
            "src/device/index.js",
            "const fs = require('fs');\nrequire('http').createServer((req, res) => {\n  fs.readFile(root + decodeURIComponent(req.url), done); //~ path-traversal\n});",
        ),
        Case::near_miss(
            "a.ts",
            "import fs from 'node:fs/promises';\nexport async function remove(name: string) {\n  await fs.rm('uploads/' + name);\n}",
        ),
        Case::bad(
            "m.js",
            r#"const fs = require('fs');
const path = require('path');
const { Transform } = require('stream');
function Extract(opts) {
  this.opts = opts;
}
Extract.prototype._processEntry = function (entry) {
  const target = path.join(this.opts.path, entry.path);
  const write = () => entry.pipe(fs.createWriteStream(target)); //~ path-traversal
  fs.mkdir(path.dirname(target), write); //~ path-traversal
};
module.exports = Extract;"#,
        ),
        Case::near_miss(
            "m.js",
            r#"const fs = require('fs');
const path = require('path');
exports.write = function (folder, entry) {
  const target = path.resolve(folder, entry.path);
  if (!target.startsWith(path.resolve(folder) + path.sep)) throw new Error('outside');
  entry.pipe(fs.createWriteStream(target));
};
exports.copy = (folder, entry) => fs.writeFileSync(path.join(folder, path.basename(entry.name)), entry.data);"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const path = require('path');
const fs = require('fs').promises;
const clean = (p, api = path) => {
  p = api.normalize(p);
  if (api.isAbsolute(p)) throw new Error(`absolute paths are forbidden: ${p}`);
  if (p.split(api.sep)[0] === '..') throw new Error(`directory traversal: ${p}`);
  return p;
};
const express = require('express');
const app = express();
app.get('/static/:file', async (req, res) => {
  const file = clean(req.params.file);
  res.sendFile(path.join('/srv/static', file));
  await fs.readFile(path.resolve('/srv/static', file));
});"#,
        ),
        Case::near_miss(
            "a.js",
            "const path = require('path'), fs = require('fs');\napp.get('/f', (req, res) => { fs.createReadStream(path.join(ROOT, path.normalize('/' + req.query.p))).pipe(res); });",
        ),
        Case::bad(
            "a.js",
            "const path = require('path'), fs = require('fs');\napp.get('/f', (req, res) => { fs.createReadStream(path.normalize('/' + req.query.p)).pipe(res); }); //~ path-traversal",
        ),
        Case::near_miss(
            "a.rs",
            r#"use axum::extract::{Path, State};
use std::{collections::HashSet, fs, path::PathBuf, sync::Arc};
pub struct App { root: PathBuf, allowed: HashSet<String> }
impl App {
    fn read(&self, name: &str) -> std::io::Result<String> {
        if !self.allowed.contains(name) { return Ok(String::new()); }
        fs::read_to_string(self.root.join(name))
    }
}
pub async fn show(State(app): State<Arc<App>>, Path(name): Path<String>) -> String { app.read(&name).unwrap_or_default() }"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", (req, res) => {
  const whole = path.normalize("/" + req.query.file);
  fs.createReadStream(whole).pipe(res); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  fs.readFile("/data/" + req.query.file, (e, data) => res.end(data)); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/:name", async (req, res) => {
  const file = path.join(__dirname, "files", req.params.name);
  res.sendFile(file); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const fs = require("fs");
module.exports = (req, res) => {
  fs.createReadStream(`./public/${req.query.f}`).pipe(res); //~ path-traversal
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  res.download(req.query.file); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { writeFile } from "fs/promises";
import multer from "multer";
import express from "express";
const app = express();
app.post("/up", multer().single("f"), async (req, res) => {
  await writeFile("uploads/" + req.file.originalname, req.file.buffer); //~ path-traversal
  res.end();
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const http = require("http"), fs = require("fs"), url = require("url");
http.createServer(function (req, res) {
  const pathname = url.parse(req.url).pathname;
  fs.readFile("." + pathname, function (err, data) { //~ path-traversal
    res.end(data);
  });
}).listen(8080);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import AdmZip from "adm-zip";
import fs from "fs";
import path from "path";
export function unpack(file: string, to: string) {
  for (const entry of new AdmZip(file).getEntries()) {
    const target = path.join(to, entry.entryName);
    fs.writeFileSync(target, entry.getData()); //~ path-traversal
  }
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const name = path.normalize(req.query.name);
  fs.unlink("/tmp/" + name, () => res.end()); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const lang = req.query.lang || "en";
  const messages = require("./locales/" + lang); //~ path-traversal
  res.json(messages);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
import { promises as fs } from "fs";
const app = new Koa();
app.use(async (ctx) => {
  ctx.body = await fs.readFile("pages/" + ctx.params.page); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const file = path.resolve("/srv", req.query.file);
  if (file.indexOf("secret") !== -1) return res.end();
  const data = fs.readFileSync(file); //~ path-traversal
  res.json({ n: data.length });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import fs from "fs";
class Files {
  private root = "/srv/";
  read(name: string) { return fs.readFileSync(this.root + name); } //~ path-traversal
}
const files = new Files();
export default function handler(req, res) {
  res.json(files.read(req.query.name));
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  if (!req.query.file.startsWith("/srv/")) return res.sendStatus(403);
  fs.readFile(req.query.file, () => {}); //~ path-traversal
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.post("/x", async (req, res) => {
  fs.rename(req.file.path, "up/" + req.body.name, () => {}); //~ path-traversal
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const file = path.basename(req.query.file);
  fs.readFile(path.join("/data", file), (e, d) => res.json(d));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const root = path.resolve("files");
  const file = path.resolve(root, req.query.file);
  if (!file.startsWith(root + path.sep)) return res.sendStatus(403);
  res.sendFile(file);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const root = "/srv/files/";
  const full = path.join(root, req.query.f);
  if (full.startsWith(root)) {
    fs.readFile(full, () => {});
  }
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  res.sendFile(req.params.name, { root: "/srv/files" });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const id = Number(req.params.id);
  fs.readFile(`/data/${id}.json`, () => {});
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  fs.readFile("/data/fixed.json", () => {});
  fs.readFile(path.join(__dirname, "x"), () => {});
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const FILES = { a: "a.txt", b: "b.txt" };
  const file = FILES[req.query.f];
  if (!file) return res.end();
  fs.readFile(file, () => {});
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  if (!["a.txt", "b.txt"].includes(req.query.f)) return res.end();
  fs.readFile("/d/" + req.query.f, () => {});
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
import crypto from "crypto";
export const up = (req, res) => {
  const name = crypto.createHash("sha256").update(req.body.name).digest("hex");
  fs.writeFileSync("/up/" + name, req.body.data);
  res.end();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import sanitize from "sanitize-filename";
import fs from "fs";
export const up = (req, res) => fs.writeFile("/up/" + sanitize(req.body.name), "x", () => res.end());"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.post("/x", async (req, res) => {
  fs.writeFile("/data/log.txt", req.body.text, () => res.end());
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
const config = JSON.parse(fs.readFileSync(process.env.CONFIG ?? "config.json", "utf8"));
export default config;"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.post("/x", async (req, res) => {
  fs.unlink(req.file.path, () => res.end());
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[\w-]+$/.test(req.params.id)) return res.sendStatus(400);
  fs.readFile("/data/" + req.params.id, () => {});
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  if (req.query.f.includes("..")) return res.sendStatus(400);
  fs.readFile("/data/" + req.query.f, () => {});
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const ext = path.extname(req.query.f);
  fs.readFile("/icons/file" + ext, () => {});
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const relative = path.relative("/data", path.resolve("/data", req.query.f));
  if (relative.startsWith("..") || path.isAbsolute(relative)) return res.end();
  fs.readFile(path.join("/data", relative), () => {});
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  res.render("page", { name: req.query.name });
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import isPathInside from "is-path-inside";
import fs from "fs";
import path from "path";
export const get = (req, res) => {
  const file = path.resolve("/data", req.query.f);
  if (!isPathInside(file, "/data")) return res.end();
  fs.readFile(file, () => res.end());
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import fs from "node:fs";
import path from "node:path";
const app = express();
app.get("/x", async (req, res) => {
  const real = fs.realpathSync(path.join("/data", req.query.f));
  if (real.startsWith("/data" + path.sep)) fs.readFile(real, () => {});
});"#,
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{get, web, HttpResponse};\nuse std::fs::{self};\nuse std::path::Path;\n#[get(\"/f/{name}\")]\nasync fn a(name: web::Path<String>) -> HttpResponse {\n    let content = fs::read_to_string(format!(\"./uploads/{}\", name)).unwrap(); //~ path-traversal\n    HttpResponse::Ok().body(content)\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::File;\nuse std::path::Path;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn b(q: web::Query<Q>) -> std::io::Result<HttpResponse> {\n    let path = Path::new(\"/srv/files\").join(&q.name);\n    let mut f = File::open(&path)?; //~ path-traversal\n    let mut s = String::new();\n    f.read_to_string(&mut s)?;\n    Ok(HttpResponse::Ok().body(s))\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::PathBuf;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn c(q: web::Query<Q>, body: web::Bytes) -> HttpResponse {\n    let mut p = PathBuf::from(\"data\");\n    p.push(&q.name);\n    p.set_extension(\"bin\");\n    fs::write(&p, &body).unwrap(); //~ path-traversal\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::HttpRequest;\nuse std::path::PathBuf;\nasync fn e(req: HttpRequest) -> actix_web::Result<actix_files::NamedFile> {\n    let path: PathBuf = req.match_info().query(\"filename\").parse().unwrap();\n    Ok(actix_files::NamedFile::open(path)?) //~ path-traversal\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::OpenOptions;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn f(q: web::Query<Q>) -> HttpResponse {\n    let file = OpenOptions::new().append(true).create(true).open(&q.name); //~ path-traversal\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::Path;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn n(q: web::Query<Q>) -> HttpResponse {\n    let full = fs::canonicalize(Path::new(\"/srv\").join(&q.name)).unwrap();\n    HttpResponse::Ok().body(fs::read(full).unwrap()) //~ path-traversal\n}",
        ),
        Case::bad(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::Path;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn r(q: web::Query<Q>) -> HttpResponse {\n    fs::rename(\"/srv/tmp\", Path::new(\"/srv\").join(&q.name)).unwrap(); //~ path-traversal\n    fs::create_dir_all(format!(\"/srv/{}\", q.name)).unwrap(); //~ path-traversal\n    fs::copy(&q.name, \"/srv/out\").unwrap(); //~ path-traversal\n    let e = Path::new(&q.name).exists();\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn upload(mut mp: Multipart) {\n    while let Some(field) = mp.next_field().await.unwrap() {\n        let name = field.file_name().unwrap().to_string();\n        let data = field.bytes().await.unwrap();\n        let mut out = fs::File::create(format!(\"uploads/{name}\")).await.unwrap(); //~ path-traversal\n        out.write_all(&data).await.unwrap();\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn b(Query(q): Query<std::collections::HashMap<String, String>>) -> Result<String, String> {\n    let p = q.get(\"p\").ok_or(\"p\")?;\n    tokio::fs::read_to_string(p).await.map_err(|e| e.to_string()) //~ path-traversal\n}",
        ),
        Case::bad(
            "a.rs",
            "use rocket::{get, post, form::Form, fs::{NamedFile, TempFile}, data::{Data, ToByteUnit}};\nuse std::path::Path;\n#[get(\"/files/<name>\")]\nasync fn a(name: String) -> Option<NamedFile> {\n    NamedFile::open(Path::new(\"static/\").join(name)).await.ok() //~ path-traversal\n}",
        ),
        Case::bad(
            "a.rs",
            "use rocket::{get, post, form::Form, fs::{NamedFile, TempFile}, data::{Data, ToByteUnit}};\n#[post(\"/up/<name>\", data = \"<file>\")]\nasync fn c(name: &str, mut file: Form<TempFile<'_>>) -> std::io::Result<()> {\n    file.persist_to(format!(\"/data/{name}\")).await //~ path-traversal\n}",
        ),
        Case::bad(
            "a.rs",
            "use rocket::{get, post, form::Form, fs::{NamedFile, TempFile}, data::{Data, ToByteUnit}};\nasync fn tide_get(req: tide::Request<()>) -> tide::Result {\n    let name: String = req.param(\"name\")?.into();\n    let body = async_std::fs::read(format!(\"f/{}\", name)).await?; //~ path-traversal\n    Ok(tide::Response::builder(200).body(body).build())\n}",
        ),
        Case::bad(
            "a.rs",
            "use rocket::{get, post, form::Form, fs::{NamedFile, TempFile}, data::{Data, ToByteUnit}};\nstruct Params { path: String }\n#[poem::handler]\nfn poem_get(poem::web::Query(q): poem::web::Query<Params>) -> Vec<u8> { std::fs::read(&q.path).unwrap() } //~ path-traversal",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::{self, File};\nuse std::io;\nuse std::path::Path;\nfn zip_bad(r: File, dest: &Path) -> zip::result::ZipResult<()> {\n    let mut archive = zip::ZipArchive::new(r)?;\n    for i in 0..archive.len() {\n        let mut file = archive.by_index(i)?;\n        let out = dest.join(file.name());\n        if file.name().ends_with('/') { fs::create_dir_all(&out)?; } else { //~ path-traversal\n            let mut o = File::create(&out)?; //~ path-traversal\n            io::copy(&mut file, &mut o)?;\n        }\n    }\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "use std::fs::File;\nuse std::io;\nuse std::path::Path;\nfn tar_bad(r: File, dest: &Path) -> io::Result<()> {\n    let mut a = tar::Archive::new(r);\n    for entry in a.entries()? {\n        let mut entry = entry?;\n        let path = dest.join(entry.path()?);\n        let mut o = File::create(path)?; //~ path-traversal\n        io::copy(&mut entry, &mut o)?;\n    }\n    Ok(())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::PathBuf;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn g(q: web::Query<Q>) -> HttpResponse {\n    let base = PathBuf::from(\"/srv/files\").canonicalize().unwrap();\n    let full = base.join(&q.name).canonicalize().unwrap();\n    if !full.starts_with(&base) { return HttpResponse::Forbidden().finish(); }\n    HttpResponse::Ok().body(fs::read(full).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::Path;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn i(q: web::Query<Q>) -> HttpResponse {\n    let Some(name) = Path::new(&q.name).file_name() else { return HttpResponse::BadRequest().finish() };\n    HttpResponse::Ok().body(fs::read(Path::new(\"/srv\").join(name)).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn j(q: web::Query<Q>) -> HttpResponse {\n    HttpResponse::Ok().body(fs::read(format!(\"/srv/{}.txt\", q.id)).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn k(q: web::Query<Q>) -> HttpResponse {\n    if q.name.contains(\"..\") || q.name.contains('/') || q.name.contains('\\\\') { return HttpResponse::BadRequest().finish(); }\n    HttpResponse::Ok().body(fs::read(format!(\"/srv/{}\", q.name)).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn m(q: web::Query<Q>) -> HttpResponse {\n    let p = match q.name.as_str() { \"terms\" => \"terms.txt\", \"about\" => \"about.txt\", _ => return HttpResponse::NotFound().finish() };\n    HttpResponse::Ok().body(fs::read(p).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use actix_web::{web, HttpResponse};\nuse std::fs::{self};\nuse std::path::Path;\n#[derive(serde::Deserialize)] struct Q { name: String, id: u32 }\nasync fn o(q: web::Query<Q>) -> HttpResponse {\n    let full = Path::new(\"/srv\").join(&q.name);\n    let full = match full.canonicalize() { Ok(p) if p.starts_with(\"/srv\") => p, _ => return HttpResponse::NotFound().finish() };\n    HttpResponse::Ok().body(fs::read(full).unwrap())\n}",
        ),
        Case::good(
            "a.rs",
            "use std::path::{Path, PathBuf};\nfn safe_join(base: &Path, name: &str) -> Option<PathBuf> {\n    let p = base.join(name).canonicalize().ok()?;\n    if p.starts_with(base) { Some(p) } else { None }\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn ok(mut mp: Multipart) {\n    while let Some(field) = mp.next_field().await.unwrap() {\n        let data = field.bytes().await.unwrap();\n        let id = uuid::Uuid::new_v4();\n        fs::write(format!(\"uploads/{id}\"), &data).await.unwrap();\n    }\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn ok2(UrlPath(id): UrlPath<u64>) -> Vec<u8> { fs::read(format!(\"d/{id}.png\")).await.unwrap() }",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn ok3(UrlPath(id): UrlPath<String>) -> Vec<u8> {\n    let id: u64 = id.parse().unwrap();\n    fs::read(format!(\"d/{}.png\", id)).await.unwrap()\n}",
        ),
        Case::good(
            "a.rs",
            "use axum::{extract::{Path as UrlPath, Query, Multipart}, response::IntoResponse, body::Bytes};\nuse tokio::{fs, io::{AsyncReadExt, AsyncWriteExt}};\nasync fn ok5(UrlPath(name): UrlPath<String>) -> Vec<u8> {\n    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') { return vec![]; }\n    fs::read(format!(\"d/{name}\")).await.unwrap()\n}",
        ),
        Case::good(
            "a.rs",
            "use rocket::{get, post, form::Form, fs::{NamedFile, TempFile}, data::{Data, ToByteUnit}};\nuse std::path::{Path, PathBuf};\n#[get(\"/<file..>\")]\nasync fn b(file: PathBuf) -> Option<NamedFile> {\n    NamedFile::open(Path::new(\"static/\").join(file)).await.ok()\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::File;\nuse std::io;\nuse std::path::Path;\nfn zip_good(r: File, dest: &Path) -> zip::result::ZipResult<()> {\n    let mut archive = zip::ZipArchive::new(r)?;\n    for i in 0..archive.len() {\n        let mut file = archive.by_index(i)?;\n        let Some(name) = file.enclosed_name() else { continue };\n        let mut o = File::create(dest.join(name))?;\n        io::copy(&mut file, &mut o)?;\n    }\n    Ok(())\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::File;\nuse std::io;\nuse std::path::Path;\nfn tar_good2(r: File, dest: &Path) -> io::Result<()> {\n    for e in tar::Archive::new(r).entries()? { let mut e = e?; e.unpack_in(dest)?; }\n    Ok(())\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::fs::File;\nuse std::io;\nuse std::path::Path;\nfn tar_good3(r: File, dest: &Path) -> io::Result<()> {\n    for e in tar::Archive::new(r).entries()? {\n        let mut e = e?;\n        let p = e.path()?.into_owned();\n        if p.components().any(|c| matches!(c, std::path::Component::ParentDir | std::path::Component::RootDir)) { continue; }\n        e.unpack(dest.join(p))?;\n    }\n    Ok(())\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{env, fs};\nfn cat() { for f in env::args().skip(1) { print!(\"{}\", fs::read_to_string(f).unwrap()); } }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{env, fs};\nfn conf() { let c = env::var_os(\"APP_CONFIG\").unwrap(); fs::read_to_string(c).unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{fs, io};\nfn dir() -> io::Result<()> { for e in fs::read_dir(\".\")? { fs::remove_file(e?.path())?; } Ok(()) }",
        ),
        Case::near_miss(
            "a.rs",
            "use std::{env, fs};\nfn tmp() { let p = env::temp_dir().join(\"x\"); fs::create_dir_all(p).unwrap(); }",
        ),
        Case::bad(
            "a.js",
            r#"const JSZip = require("jszip");
const fs = require("fs"), path = require("path");
exports.unpack = async (buffer, folder) => {
  const zip = await JSZip.loadAsync(buffer);
  for (const name of Object.keys(zip.files)) {
    fs.writeFileSync(path.join(folder, name), await zip.files[name].async("nodebuffer")); //~ path-traversal
  }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import fs from "fs";
export async function GET(request: Request, { params }: { params: { slug: string } }) {
  return new Response(fs.readFileSync("/posts/" + params.slug)); //~ path-traversal
}"#,
        ),
        Case::good(
            "a.js",
            r#"const path = require("path");
function inside(base, name) {
  const full = path.resolve(base, name);
  if (!full.startsWith(path.resolve(base) + path.sep)) throw new Error("outside");
  return full;
}
require("express")().get("/x", (req, res) => res.sendFile(inside("/srv", req.query.f)));"#,
        ),
        Case::good(
            "a.js",
            r#"const fs = require("fs");
const FILES = ["a.txt", "b.txt"];
require("express")().get("/x", (req, res) => {
  if (FILES.indexOf(req.query.f) < 0) return res.sendStatus(404);
  fs.createReadStream("/srv/" + req.query.f).pipe(res);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs"), path = require("path");
const root = path.resolve("public");
require("http").createServer((req, res) => {
  const file = path.normalize(path.join(root, decodeURIComponent(req.url)));
  if (file.indexOf(root) !== 0) { res.writeHead(403); res.end(); return; }
  fs.createReadStream(file).pipe(res);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs"), path = require("path");
const PUBLIC = path.join(__dirname, "public");
require("http").createServer((req, res) => {
  const file = path.normalize(path.join(PUBLIC, new URL(req.url, "http://x").pathname));
  if (!file.startsWith(PUBLIC + path.sep)) { res.writeHead(403).end(); return; }
  fs.createReadStream(file).pipe(res);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const express = require("express"), fs = require("fs");
express().get("/x", (req, res) => {
  if (req.query.f.includes("..")) return res.sendStatus(400);
  fs.readFile("/data/" + decodeURIComponent(req.query.f), () => res.end()); //~ path-traversal
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require("express"), fs = require("fs");
express().get("/x", (req, res) => {
  const f = decodeURIComponent(req.query.f);
  if (f.includes("..")) return res.sendStatus(400);
  fs.readFile("/data/" + f, () => res.end());
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require("express"), fs = require("fs");
express().get("/x", (req, res) => {
  if (!/^[\w-]+$/.test(req.params.id)) return res.sendStatus(400);
  fs.readFile("/data/" + decodeURIComponent(req.params.id), () => res.end());
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const fs = require("fs"), path = require("path"), unpack = require("./reader");
exports.extract = (file, to) => unpack(fs.createReadStream(file)).on("entry", (entry) => {
  entry.pipe(fs.createWriteStream(path.join(to, entry.path))); //~ path-traversal
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const fs = require("fs"), walk = require("./walk");
exports.list = (folder, done) => walk(folder).on("entry", (entry) => done(entry.path));"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const express = require("express"), shell = require("shelljs");
express().get("/x", (req, res) => res.send(shell.grep(req.query.q, "/data/words").length));"#,
        ),
        Case::bad(
            "a.js",
            r#"const express = require("express"), shell = require("shelljs");
express().get("/x", (req, res) => res.send(shell.grep("a", req.query.file).length)); //~ path-traversal"#,
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nasync fn f(Path(name): Path<String>) { let p = std::path::Path::new(\"cache\").join(blake3::hash(name.as_bytes()).to_hex().as_str()); tokio::fs::read(p).await; }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Path;\nuse std::path::{Component, PathBuf};\nfn clean(p: &str) -> PathBuf { let mut out = PathBuf::new(); for c in std::path::Path::new(p).components() { match c { Component::Normal(n) => out.push(n), Component::ParentDir => { out.pop(); } _ => (), } } out }\nasync fn f(Path(name): Path<String>) { tokio::fs::read(PathBuf::from(\"/srv\").join(clean(&name))).await; }",
        ),
    ],
};
