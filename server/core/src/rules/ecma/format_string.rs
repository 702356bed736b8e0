use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "format-string",
    summary: "format strings that somebody outside can write",
    category: Category::Security,
    severity: Severity::Low,
    confidence: Confidence::Medium,
    cwe: &[134],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in the format of `util.format`, `console.*` with further arguments, and `sprintf`.",
        why: "Placeholders in the data shift or hide the arguments that follow, and with them what a log says.",
        example: "console.log(\"user \" + req.query.user, error);",
        instead: "console.log(\"user %s\", req.query.user, error);",
        limits: "Calls with one argument have nothing to shift and are silent.",
        fix: "",
    },
    checks: &[Check::Flow(&[SinkKind::Format], "`{sink}` takes {source} as a format: `%s` and `%d` in it eat the arguments that follow. Begin with a constant format.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("user " + req.query.user, new Date()); //~ format-string
  res.end();
});"#),
        Case::bad("a.ts", r#"import express from "express";
const err = new Error();
const app = express();
app.get("/x", async (req, res) => {
  console.error(`failed ${req.params.id}:`, err); //~ format-string
  res.end();
});"#),
        Case::bad("a.ts", r#"import express from "express";
import util from "node:util";
const app = express();
app.get("/x", async (req, res) => {
  res.json({ m: util.format(req.query.f, 1, 2) }); //~ format-string
});"#),
        Case::bad("a.js", r#"const util = require("util");
module.exports = (req, res) => {
  const line = util.format("[" + req.url + "] %s", "x"); //~ format-string
  res.end(line.length + "");
};"#),
        Case::bad("a.ts", r#"import { sprintf } from "sprintf-js";
export const get = (req, res) => res.json({ t: sprintf(req.query.fmt, 1) }); //~ format-string"#),
        Case::bad("a.ts", r#"import { format } from "util";
function say(text, ...rest) { return format(text, 1); } //~ format-string
export const get = (req, res) => res.json(say(req.body.text));"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("user %s", req.query.user);
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log(req.query.user);
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
import util from "node:util";
const app = express();
app.get("/x", async (req, res) => {
  res.json({ m: util.format("%s", req.query.f) });
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("n " + Number(req.query.n), 1);
  res.end();
});"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("started", 1, 2);
  res.end();
});"#),
        Case::good("a.ts", r#"const d = format(new Date(), "yyyy");
import { format } from "date-fns";
console.log(d, 1);"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("%s", `user ${req.query.user}`, 1);
  res.end();
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const t = req.query.t === "a" ? "a" : "b";
  console.log("t " + t, 1);
  res.end();
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log(`q ${encodeURIComponent(req.query.q)}`);
  res.end();
});"#),
    ],
};
