use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "xxe",
    summary: "XML parsers that follow entities of what comes in",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[611, 776],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign XML in parsers that were told to expand external entities.",
        why: "An entity names a file or an address, and the parser puts its content into the document.",
        example: "libxmljs.parseXml(req.body.xml, { noent: true });",
        instead: "libxmljs.parseXml(req.body.xml);",
        limits: "xml2js, fast-xml-parser and xmldom do not follow external entities and are silent.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Xml],
        "`{sink}` parses {source} with entities switched on: it can read files and call addresses. Switch entities off.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noent: true }); //~ xxe
  res.json(doc.root().text());
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const libxmljs = require("libxmljs2");
module.exports = (req, res) => {
  const doc = libxmljs.parseXmlString(req.body, { noblanks: true, noent: true }); //~ xxe
  res.end(doc.toString());
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { parseXml } from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const options = { noent: true, nonet: false };
  const doc = parseXml(String(req.body.doc), options); //~ xxe
  res.json(doc);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import expat from "node-expat";
const app = express();
app.post("/x", async (req, res) => {
  const parser = new expat.Parser("UTF-8");
  parser.parse(req.body.xml); //~ xxe
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs2";
import Fastify from "fastify";
const app = Fastify();
const read = (xml) => libxmljs.parseXml(xml, { replaceEntities: true }); //~ xxe
app.post("/x", async (request) => read(request.body.xml).toString());"#,
        ),
        Case::bad(
            "a.js",
            r#"const libxmljs = require("libxmljs");
const http = require("http");
http.createServer((req, res) => {
  req.on("data", (chunk) => {
    libxmljs.parseXml(chunk.toString(), { dtdload: true }); //~ xxe
  });
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = libxmljs.parseXml(value, { noent: true }); //~ xxe
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = libxmljs.parseXml(item, { noent: true }); //~ xxe
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
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
  const out = libxmljs.parseXml(value!, { noent: true }); //~ xxe
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = libxmljs.parseXml(value, { noent: true }); //~ xxe
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import libxmljs from "libxmljs";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = libxmljs.parseXml(value, { noent: true }); //~ xxe
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = libxmljs.parseXml(inner.value, { noent: true }); //~ xxe
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml);
  res.json(doc.root().text());
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noent: false });
  res.json(doc.root().text());
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import xml2js from "xml2js";
const app = express();
app.post("/x", async (req, res) => {
  res.json(await xml2js.parseStringPromise(req.body.xml));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { XMLParser } from "fast-xml-parser";
const app = express();
app.post("/x", async (req, res) => {
  res.json(new XMLParser().parse(req.body.xml));
});"#,
        ),
        Case::good(
            "a.js",
            r#"const doc = new DOMParser().parseFromString(location.hash, "text/xml");
console.assert(doc);"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
import libxmljs from "libxmljs";
export const schema = libxmljs.parseXml(fs.readFileSync("a.xsd", "utf8"), { noent: true });"#,
        ),
        Case::good(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import libxmljs from "libxmljs";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = libxmljs.parseXml(holder.safe, { noent: true });
};"#,
        ),
        Case::good(
            "a.js",
            r#"import libxmljs from "libxmljs";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import libxmljs from "libxmljs";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = libxmljs.parseXml(value, { noent: true });
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import libxmljs from "libxmljs";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = libxmljs.parseXml(value, { noent: true });
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noblanks: true, nonet: true });
  res.json(doc);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.get("/x", async (req, res) => {
  const doc = libxmljs.parseXml("<a/>", { noent: true });
  res.json({ doc, q: req.query.q });
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const parseXml = (x, o) => x.length;
  res.json(parseXml(req.body.xml, { noent: true }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import libxmljs from "libxmljs";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = libxmljs.parseXml(value, { noent: true });
};"#,
        ),
    ],
};
