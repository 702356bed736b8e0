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
    checks: &[Check::Flow(
        &[SinkKind::Format],
        "`{sink}` takes {source} as a format: `%s` and `%d` in it eat the arguments that follow. Begin with a constant format.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("user " + req.query.user, new Date()); //~ format-string
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const err = new Error();
const app = express();
app.get("/x", async (req, res) => {
  console.error(`failed ${req.params.id}:`, err); //~ format-string
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import util from "node:util";
const app = express();
app.get("/x", async (req, res) => {
  res.json({ m: util.format(req.query.f, 1, 2) }); //~ format-string
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const util = require("util");
module.exports = (req, res) => {
  const line = util.format("[" + req.url + "] %s", "x"); //~ format-string
  res.end(line.length + "");
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { sprintf } from "sprintf-js";
export const get = (req, res) => res.json({ t: sprintf(req.query.fmt, 1) }); //~ format-string"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { format } from "util";
function say(text, ...rest) { return format(text, 1); } //~ format-string
export const get = (req, res) => res.json(say(req.body.text));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import util from "node:util";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = util.format(value, 1); //~ format-string
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import util from "node:util";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = util.format(item, 1); //~ format-string
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import util from "node:util";
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
  const out = util.format(value!, 1); //~ format-string
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import util from "node:util";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = util.format(value, 1); //~ format-string
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import util from "node:util";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = util.format(value, 1); //~ format-string
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = util.format(inner.value, 1); //~ format-string
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("user %s", req.query.user);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log(req.query.user);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import util from "node:util";
const app = express();
app.get("/x", async (req, res) => {
  res.json({ m: util.format("%s", req.query.f) });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("n " + Number(req.query.n), 1);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("started", 1, 2);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"const d = format(new Date(), "yyyy");
import { format } from "date-fns";
console.log(d, 1);"#,
        ),
        Case::good(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = util.format(value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import util from "node:util";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = util.format(value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = util.format(holder.safe, 1);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import util from "node:util";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = util.format(value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import util from "node:util";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = util.format(value, 1);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import util from "node:util";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = util.format(value, 1);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log("%s", `user ${req.query.user}`, 1);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const t = req.query.t === "a" ? "a" : "b";
  console.log("t " + t, 1);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  console.log(`q ${encodeURIComponent(req.query.q)}`);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = util.format(value, 1);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = util.format(value, 1);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import util from "node:util";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = util.format(value, 1);
};"#,
        ),
    ],
};
