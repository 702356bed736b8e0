use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "xpath-injection",
    summary: "XPath expressions that somebody outside can write",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[643],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in XPath expressions.",
        why: "As with SQL: a quote ends the value, and what follows selects other parts of the document, such as other users' entries.",
        example: "xpath.select(`//user[name=\"${req.query.name}\"]`, doc);",
        instead: "xpath.parse(\"//user[name=$name]\").select({ node: doc, variables: { name: req.query.name } });",
        limits: "Documents are not followed into what they hold.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Xpath],
        "`{sink}` evaluates XPath that {source} is part of: quotes in it change what is selected. Pass the value as a variable.",
    )],
    cases: &[
        Case::bad(
            "a.rs",
            r#"use axum::extract::Query;
async fn find(Query(name): Query<String>, package: sxd_document::Package) {
    let found = sxd_xpath::evaluate_xpath(&package.as_document(), &format!("//user[name='{name}']")); //~ xpath-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  const nodes = xpath.select(`//user[name="${req.query.name}"]`, doc); //~ xpath-injection
  res.json(nodes.length);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { select1 } from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  res.json(select1("//u[@id='" + req.params.id + "']", doc)); //~ xpath-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const xpath = require("xpath");
module.exports = (req, res) => {
  const e = xpath.parse("//a[text()='" + req.body.t + "']"); //~ xpath-injection
  res.end(String(e));
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const q = location.hash.slice(1);
const r = document.evaluate("//a[@id='" + q + "']", document, null, 0, null); //~ xpath-injection
console.assert(r);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import libxmljs from "libxmljs";
const doc = libxmljs.parseXml("<a/>");
export const get = (req, res) => res.json(doc.get("//u[@n='" + req.query.n + "']")); //~ xpath-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = xpath.select("//a[@n='" + value + "']", doc); //~ xpath-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = xpath.select("//a[@n='" + item + "']", doc); //~ xpath-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
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
  const out = xpath.select("//a[@n='" + value! + "']", doc); //~ xpath-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = xpath.select("//a[@n='" + value + "']", doc); //~ xpath-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import xpath from "xpath";
import { doc } from "./doc";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = xpath.select("//a[@n='" + value + "']", doc); //~ xpath-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = xpath.select("//a[@n='" + inner.value + "']", doc); //~ xpath-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  const nodes = xpath.parse("//user[name=$name]").select({ node: doc, variables: { name: req.query.name } });
  res.json(nodes);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  res.json(xpath.select("//user", doc).length);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  res.json(xpath.select(`//user[${Number(req.query.n)}]`, doc));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  const names = { a: "//a", b: "//b" };
  res.json(xpath.select(names[req.query.k] || "//a", doc));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = xpath.select("//a[@n='" + holder.safe + "']", doc);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import xpath from "xpath";
import { doc } from "./doc";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = xpath.select("//a[@n='" + value + "']", doc);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = xpath.select("//a[@n='" + value + "']", doc);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import xpath from "xpath";
import { doc } from "./doc";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^\w+$/.test(req.query.n)) return res.end();
  res.json(xpath.select(`//u[@n="${req.query.n}"]`, doc));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const xpath = { select: (s) => s };
  res.json(xpath.select(req.query.s));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const document = { evaluate: (a, b) => 1 };
const app = express();
app.get("/x", async (req, res) => {
  document.evaluate("//a", req.query.x);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import xpath from "xpath";
import { doc } from "./doc";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = xpath.select("//a[@n='" + value + "']", doc);
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const xpath = require("xpath");
const select = xpath.useNamespaces({ a: "urn:a" });
module.exports = (req, res) => {
  res.json(select("//a:user[.='" + req.query.u + "']", tree).length); //~ xpath-injection
};"#,
        ),
        Case::good(
            "a.js",
            r#"const xpath = require("xpath");
require("express")().get("/x", (req, res) => {
  xpath.parse("//user[@name=$name]").select({ node: tree, variables: { name: req.query.n } });
  res.end();
});"#,
        ),
        Case::good(
            "a.js",
            r#"const libxml = require("libxmljs2");
require("express")().get("/x", (req, res) => {
  const doc = libxml.parseXml(data);
  res.json(doc.find("//x").filter((n) => n.text() === req.query.q).length);
});"#,
        ),
    ],
};
