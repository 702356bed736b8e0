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
    ],
};
