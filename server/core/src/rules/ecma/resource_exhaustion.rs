use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "resource-exhaustion",
    summary: "sizes and durations that somebody outside chooses",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[400, 770, 834],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds request data that decides how much is allocated or how long a timer runs.",
        why: "One request reserves gigabytes, or thousands of requests keep timers that never end.",
        example: "const buffer = Buffer.alloc(Number(req.query.size));",
        instead: "const buffer = Buffer.alloc(Math.min(Number(req.query.size), 65536));",
        limits: "A comparison of the number with anything counts as a bound.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Timer],
            "`{sink}` takes {source} as a size or duration: a large number exhausts memory or keeps timers for ever. Set an upper bound.",
        ),
        Check::Model,
    ],
    cases: &[
        Case::bad(
            "a.js",
            "const express = require('express');\napp.use(express.json({ limit: '500mb' })); //~ resource-exhaustion",
        ),
        Case::near_miss("a.js", "const express = require('express');\napp.use(express.json({ limit: '10mb' }));"),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const b = Buffer.alloc(Number(req.query.size)); //~ resource-exhaustion
  res.end(b);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(() => res.end(), req.query.delay); //~ resource-exhaustion
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const ms = parseInt(req.query.ms, 10);
  setInterval(() => res.write("."), ms); //~ resource-exhaustion
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const a = new Uint8Array(+req.body.n); //~ resource-exhaustion
  res.json(a.length);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.end("x".repeat(req.query.n)); //~ resource-exhaustion
});"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = (req, res) => {
  const n = Number(req.query.n) * 1024;
  res.end(Buffer.allocUnsafe(n)); //~ resource-exhaustion
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const wait = (ms) => new Promise((done) => setTimeout(done, ms)); //~ resource-exhaustion
exports.get = async (req, res) => { await wait(Number(req.query.ms)); res.end(); };"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = Buffer.alloc(value); //~ resource-exhaustion
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
    const out = Buffer.alloc(item); //~ resource-exhaustion
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
  const out = Buffer.alloc(value!); //~ resource-exhaustion
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = Buffer.alloc(value); //~ resource-exhaustion
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
    const out = Buffer.alloc(value); //~ resource-exhaustion
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = Buffer.alloc(inner.value); //~ resource-exhaustion
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const b = Buffer.alloc(Math.min(Number(req.query.size), 1024));
  res.end(b);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  if (n > 1000) return res.sendStatus(400);
  res.end(Buffer.alloc(n));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(() => res.end(), 100);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.end(Buffer.from(req.body.data));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = req.query.big ? 100 : 10;
  res.end("x".repeat(n));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"setTimeout(run, Number(process.env.DELAY));
import { run } from "./r";"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = Buffer.alloc(holder.safe);
};"#,
        ),
        Case::good(
            "a.js",
            r#"exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = Buffer.alloc(value);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = Buffer.alloc(value);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let n = Number(req.query.n);
  n = 10;
  res.end(Buffer.alloc(n));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const SIZES = { s: 1, m: 10 };
  res.end(Buffer.alloc(SIZES[req.query.s] ?? 1));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { handle } from "./h";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(handle, 10, req.query.x);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::good(
            "a.js",
            "require('express')().get('/:text', (req, res) => { res.send(Buffer(req.params.text).toString('hex')); });",
        ),
        Case::near_miss(
            "a.ts",
            r#"export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = Buffer.alloc(value);
};"#,
        ),
        Case::bad(
            "a.js",
            r#"require("express")().get("/x", (req, res) => {
  for (let i = 0; i < req.query.count; i++) res.write("x"); //~ resource-exhaustion
  res.end();
});"#,
        ),
    ],
};
