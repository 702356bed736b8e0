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
    families: &[Family::Ecma, Family::Rust],
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
    checks: &[Check::Flow(
        &[SinkKind::Unpack],
        "`{sink}` unpacks {source} without a limit: a few kilobytes become gigabytes. Set `maxOutputLength`, or count while streaming.",
    )],
    cases: &[
        Case::bad(
            "a.rs",
            r#"use flate2::read::GzDecoder;
use std::io::Read;
pub async fn inflate(body: actix_web::web::Bytes) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut out).ok(); //~ zip-bomb-unbounded-read
    out
}"#,
        ),
        Case::near_miss(
            "a.rs",
            r#"use flate2::read::GzDecoder;
use std::io::Read;
pub async fn inflate(body: actix_web::web::Bytes) -> Vec<u8> {
    let mut out = Vec::new();
    GzDecoder::new(&body[..]).take(1 << 20).read_to_end(&mut out).ok();
    out
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  const text = zlib.gunzipSync(req.body); //~ zip-bomb-unbounded-read
  res.json({ n: text.length });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  zlib.inflate(Buffer.from(req.body.data, "base64"), (e, r) => res.json({ n: r.length })); //~ zip-bomb-unbounded-read
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import JSZip from "jszip";
const app = express();
app.post("/x", async (req, res) => {
  const zip = await JSZip.loadAsync(req.file.buffer); //~ zip-bomb-unbounded-read
  res.json(Object.keys(zip.files));
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import AdmZip from "adm-zip";
const app = express();
app.post("/x", async (req, res) => {
  const zip = new AdmZip(req.file.buffer); //~ zip-bomb-unbounded-read
  res.json(zip.getEntries().length);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const { brotliDecompressSync } = require("zlib");
exports.post = (req, res) => res.json({ n: brotliDecompressSync(req.body).length }); //~ zip-bomb-unbounded-read"#,
        ),
        Case::bad(
            "a.ts",
            r#"import zlib from "node:zlib";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = zlib.gunzipSync(value); //~ zip-bomb-unbounded-read
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import zlib from "node:zlib";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = zlib.gunzipSync(item); //~ zip-bomb-unbounded-read
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import zlib from "node:zlib";
import { Request, Response } from "express";
class Service {
  private last = "";
  remember(value: string) { this.last = value; }
  run(res: Response) {
    const value = this.last;
    return value;
  }
}
export function get(req: Request, res: Response) {
  const value = (req.query.a as string) || (req.query.b as string) || "c";
  new Service().remember(value);
  const out = zlib.gunzipSync(value!); //~ zip-bomb-unbounded-read
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = zlib.gunzipSync(value); //~ zip-bomb-unbounded-read
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import zlib from "node:zlib";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = zlib.gunzipSync(value); //~ zip-bomb-unbounded-read
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = zlib.gunzipSync(inner.value); //~ zip-bomb-unbounded-read
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  const text = zlib.gunzipSync(req.body, { maxOutputLength: 1e6 });
  res.json({ n: text.length });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  res.json({ n: zlib.gzipSync(req.body).length });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "zlib";
import fs from "fs";
export const data = zlib.gunzipSync(fs.readFileSync("a.gz"));"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.get("/x", async (req, res) => {
  zlib.inflate(Buffer.from("aa", "hex"), () => res.end());
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "node:zlib";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = zlib.gunzipSync(holder.safe);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import zlib from "node:zlib";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "node:zlib";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = zlib.gunzipSync(value);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import zlib from "node:zlib";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = zlib.gunzipSync(value);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import zlib from "node:zlib";
const app = express();
app.post("/x", async (req, res) => {
  req.pipe(zlib.createGunzip()).pipe(res);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const zlib = { gunzipSync: (x) => x };
  res.json(zlib.gunzipSync(req.body));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import zlib from "node:zlib";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = zlib.gunzipSync(value);
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import Fastify from "fastify";
const unzip = promisify(gunzip);
Fastify().post("/x", async (req) => (await unzip(req.body as Buffer)).toString()); //~ zip-bomb-unbounded-read"#,
        ),
        Case::good(
            "a.js",
            r#"const zlib = require("zlib");
require("express")().post("/x", (req, res) => {
  zlib.gzip(req.body, (e, packed) => res.end(packed));
});"#,
        ),
        Case::good(
            "a.js",
            r#"const zlib = require("zlib"), fs = require("fs");
require("express")().get("/x", (req, res) => {
  res.end(zlib.gunzipSync(fs.readFileSync("data.gz")));
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const zlib = require("zlib");
const LIMITS = { maxOutputLength: 1 << 20 };
require("express")().post("/x", (req, res) => {
  zlib.inflate(req.body, LIMITS, (e, text) => res.end(text));
});"#,
        ),
    ],
};
