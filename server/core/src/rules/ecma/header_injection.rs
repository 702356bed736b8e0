use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "header-injection",
    summary: "response headers that somebody outside can write",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Low,
    cwe: &[113],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data in response headers.",
        why: "Line breaks begin further headers or the body; node refuses them since version 4, but caches and cookies are still steered by what the header says.",
        example: "res.setHeader(\"X-Name\", req.query.name);",
        instead: "res.setHeader(\"X-Name\", encodeURIComponent(req.query.name));",
        limits: "Content lengths and other numbers are silent.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Header],
        "`{sink}` puts {source} into a response header. Remove line breaks and check it against what the header may hold.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", req.query.name); //~ header-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.set("X-Lang", req.cookies.lang); //~ header-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.append("Link", `<${req.query.url}>; rel=next`); //~ header-injection
  res.end();
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  res.writeHead(200, { "X-A": req.query.a }); //~ header-injection
  res.end();
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
const app = new Koa();
app.use((ctx) => { ctx.set("X-User", ctx.query.user); }); //~ header-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Fastify from "fastify";
const app = Fastify();
app.get("/x", async (request, reply) => { reply.header("X-T", request.query.t); return 1; }); //~ header-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  res.setHeader("X-Name", value); //~ header-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    res.setHeader("X-Name", item); //~ header-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Request, Response } from "express";
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
  res.setHeader("X-Name", value!); //~ header-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    res.setHeader("X-Name", value); //~ header-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    res.setHeader("X-Name", value); //~ header-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    res.setHeader("X-Name", inner.value); //~ header-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", encodeURIComponent(req.query.name));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-N", Number(req.query.n));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", "a");
  res.end(String(req.query.n).length + "");
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.setHeader("X-Name", req.query.name.replace(/[\r\n]/g, ""));
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const h = { "X-Name": "a" };
  res.set(h);
  res.json(req.query.a);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import axios from "axios";
const app = express();
app.get("/x", async (req, res) => {
  axios.get("https://a.com", { headers: { "X-A": req.query.a } });
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  res.setHeader("X-Name", holder.safe);
};"#,
        ),
        Case::good(
            "a.js",
            r#"exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    res.setHeader("X-Name", value);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"function unused(value: string) { return value; }
export function work(value: string, res: any) {
  res.setHeader("X-Name", value);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[\w-]+$/.test(req.query.name)) return res.end();
  res.setHeader("X-Name", req.query.name);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const m = new Map();
  m.set("a", req.query.a);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { cache, store } from "./c";
const app = express();
app.get("/x", async (req, res) => {
  cache.set("k", req.query.a);
  store.append("k", req.query.a);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  res.setHeader("X-Name", value);
};"#,
        ),
        Case::bad(
            "a.js",
            r#"require("express")().get("/x", (req, res) => {
  res.set({ "X-Name": req.query.name }); //~ header-injection
  res.end();
});"#,
        ),
    ],
};
