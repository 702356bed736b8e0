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
    checks: &[Check::Flow(&[SinkKind::Xml], "`{sink}` parses {source} with entities switched on: it can read files and call addresses. Switch entities off.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noent: true }); //~ xxe
  res.json(doc.root().text());
});"#),
        Case::bad("a.js", r#"const libxmljs = require("libxmljs2");
module.exports = (req, res) => {
  const doc = libxmljs.parseXmlString(req.body, { noblanks: true, noent: true }); //~ xxe
  res.end(doc.toString());
};"#),
        Case::bad("a.ts", r#"import express from "express";
import { parseXml } from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const options = { noent: true, nonet: false };
  const doc = parseXml(String(req.body.doc), options); //~ xxe
  res.json(doc);
});"#),
        Case::bad("a.ts", r#"import express from "express";
import expat from "node-expat";
const app = express();
app.post("/x", async (req, res) => {
  const parser = new expat.Parser("UTF-8");
  parser.parse(req.body.xml); //~ xxe
  res.end();
});"#),
        Case::bad("a.ts", r#"import libxmljs from "libxmljs2";
import Fastify from "fastify";
const app = Fastify();
const read = (xml) => libxmljs.parseXml(xml, { replaceEntities: true }); //~ xxe
app.post("/x", async (request) => read(request.body.xml).toString());"#),
        Case::bad("a.js", r#"const libxmljs = require("libxmljs");
const http = require("http");
http.createServer((req, res) => {
  req.on("data", (chunk) => {
    libxmljs.parseXml(chunk.toString(), { dtdload: true }); //~ xxe
  });
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml);
  res.json(doc.root().text());
});"#),
        Case::good("a.ts", r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noent: false });
  res.json(doc.root().text());
});"#),
        Case::good("a.ts", r#"import express from "express";
import xml2js from "xml2js";
const app = express();
app.post("/x", async (req, res) => {
  res.json(await xml2js.parseStringPromise(req.body.xml));
});"#),
        Case::good("a.ts", r#"import express from "express";
import { XMLParser } from "fast-xml-parser";
const app = express();
app.post("/x", async (req, res) => {
  res.json(new XMLParser().parse(req.body.xml));
});"#),
        Case::good("a.js", r#"const doc = new DOMParser().parseFromString(location.hash, "text/xml");
console.assert(doc);"#),
        Case::good("a.ts", r#"import fs from "fs";
import libxmljs from "libxmljs";
export const schema = libxmljs.parseXml(fs.readFileSync("a.xsd", "utf8"), { noent: true });"#),
        Case::near_miss("a.ts", r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.post("/x", async (req, res) => {
  const doc = libxmljs.parseXml(req.body.xml, { noblanks: true, nonet: true });
  res.json(doc);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import libxmljs from "libxmljs";
const app = express();
app.get("/x", async (req, res) => {
  const doc = libxmljs.parseXml("<a/>", { noent: true });
  res.json({ doc, q: req.query.q });
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const parseXml = (x, o) => x.length;
  res.json(parseXml(req.body.xml, { noent: true }));
});"#),
    ],
};
