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
    cwe: &[400, 770],
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
    checks: &[Check::Flow(&[SinkKind::Timer], "`{sink}` takes {source} as a size or duration: a large number exhausts memory or keeps timers for ever. Set an upper bound.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const b = Buffer.alloc(Number(req.query.size)); //~ resource-exhaustion
  res.end(b);
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(() => res.end(), req.query.delay); //~ resource-exhaustion
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const ms = parseInt(req.query.ms, 10);
  setInterval(() => res.write("."), ms); //~ resource-exhaustion
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const a = new Uint8Array(+req.body.n); //~ resource-exhaustion
  res.json(a.length);
});"#),
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  res.end("x".repeat(req.query.n)); //~ resource-exhaustion
});"#),
        Case::bad("a.js", r#"module.exports = (req, res) => {
  const n = Number(req.query.n) * 1024;
  res.end(Buffer.allocUnsafe(n)); //~ resource-exhaustion
};"#),
        Case::bad("a.js", r#"const wait = (ms) => new Promise((done) => setTimeout(done, ms)); //~ resource-exhaustion
exports.get = async (req, res) => { await wait(Number(req.query.ms)); res.end(); };"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const b = Buffer.alloc(Math.min(Number(req.query.size), 1024));
  res.end(b);
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = Number(req.query.n);
  if (n > 1000) return res.sendStatus(400);
  res.end(Buffer.alloc(n));
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(() => res.end(), 100);
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.end(Buffer.from(req.body.data));
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const n = req.query.big ? 100 : 10;
  res.end("x".repeat(n));
});"#),
        Case::good("a.ts", r#"setTimeout(run, Number(process.env.DELAY));
import { run } from "./r";"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  let n = Number(req.query.n);
  n = 10;
  res.end(Buffer.alloc(n));
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const SIZES = { s: 1, m: 10 };
  res.end(Buffer.alloc(SIZES[req.query.s] ?? 1));
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import { handle } from "./h";
const app = express();
app.get("/x", async (req, res) => {
  setTimeout(handle, 10, req.query.x);
  res.end();
});"#),
    ],
};
