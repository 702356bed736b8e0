use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "zip-bomb-unbounded-read",
    summary: "data that is unpacked without a limit",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[409],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data that is decompressed as a whole without a limit.",
        why: "Compression packs a gigabyte of zeros into a megabyte; the process runs out of memory.",
        example: "zlib.gunzipSync(req.body);",
        instead: "zlib.gunzipSync(req.body, { maxOutputLength: 10 * 1024 * 1024 });",
        limits: "Streams are bounded by their readers and are silent.",
        fix: "",
    },
    checks: &[Check::Flow(&[SinkKind::Unpack], "`{sink}` unpacks {source} without a limit: a few kilobytes become gigabytes. Set `maxOutputLength`, or count while streaming.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  const text = zlib.gunzipSync(req.body); //~ zip-bomb-unbounded-read
  res.json({ n: text.length });
});"#),
        Case::bad("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  zlib.inflate(Buffer.from(req.body.data, "base64"), (e, r) => res.json({ n: r.length })); //~ zip-bomb-unbounded-read
});"#),
        Case::bad("a.ts", r#"import express from "express";
import JSZip from "jszip";
const app = express();
app.post("/x", async (req, res) => {
  const zip = await JSZip.loadAsync(req.file.buffer); //~ zip-bomb-unbounded-read
  res.json(Object.keys(zip.files));
});"#),
        Case::bad("a.ts", r#"import express from "express";
import AdmZip from "adm-zip";
const app = express();
app.post("/x", async (req, res) => {
  const zip = new AdmZip(req.file.buffer); //~ zip-bomb-unbounded-read
  res.json(zip.getEntries().length);
});"#),
        Case::bad("a.js", r#"const { brotliDecompressSync } = require("zlib");
exports.post = (req, res) => res.json({ n: brotliDecompressSync(req.body).length }); //~ zip-bomb-unbounded-read"#),
        Case::good("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  const text = zlib.gunzipSync(req.body, { maxOutputLength: 1e6 });
  res.json({ n: text.length });
});"#),
        Case::good("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  res.json({ n: zlib.gzipSync(req.body).length });
});"#),
        Case::good("a.ts", r#"import zlib from "zlib";
import fs from "fs";
export const data = zlib.gunzipSync(fs.readFileSync("a.gz"));"#),
        Case::good("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.get("/x", async (req, res) => {
  zlib.inflate(Buffer.from("aa", "hex"), () => res.end());
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  req.pipe(zlib.createGunzip()).pipe(res);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const zlib = { gunzipSync: (x) => x };
  res.json(zlib.gunzipSync(req.body));
});"#),
    ],
};
