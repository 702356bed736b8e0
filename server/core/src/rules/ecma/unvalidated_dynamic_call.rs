use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "unvalidated-dynamic-call",
    summary: "methods whose names somebody outside chooses",
    category: Category::Security,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    cwe: &[754, 470],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds calls of a method whose name comes from outside.",
        why: "Every object has methods that nobody meant to offer; a name that is none stops the program with an exception.",
        example: "actions[req.params.action](req);",
        instead: "if (Object.hasOwn(actions, req.params.action)) actions[req.params.action](req);",
        limits: "A check of the name in any list, set or map counts.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::MethodName],
        "{source} chooses the method that is called: `constructor`, `toString` and others are methods too. Look it up in a `Map`, or check it with `Object.hasOwn`.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
const actions = { a() {}, b() {} };
const app = express();
app.get("/x", async (req, res) => {
  actions[req.params.action](req); //~ unvalidated-dynamic-call
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { service } from "./s";
const app = express();
app.get("/x", async (req, res) => {
  const name = req.query.method;
  res.json(service[name](1, 2)); //~ unvalidated-dynamic-call
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const math = { add: (a, b) => a + b };
module.exports = (req, res) => {
  const { op, args } = req.body;
  res.end(String(math[op](...args))); //~ unvalidated-dynamic-call
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Server } from "socket.io";
import * as commands from "./commands";
new Server().on("connection", (socket) => {
  socket.on("command", (message) => {
    commands[message.name](message); //~ unvalidated-dynamic-call
  });
});"#,
        ),
        Case::bad(
            "a.js",
            r#"window.addEventListener("message", (e) => {
  window.api[e.data.call](e.data.args); //~ unvalidated-dynamic-call
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const actions = { a() {}, b() {} };
const app = express();
app.get("/x", async (req, res) => {
  const run = actions[req.params.action];
  run(req); //~ unvalidated-dynamic-call
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { actions } from "./actions";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  actions[value](); //~ unvalidated-dynamic-call
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { actions } from "./actions";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    actions[item](); //~ unvalidated-dynamic-call
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { actions } from "./actions";
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
  actions[value!](); //~ unvalidated-dynamic-call
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    actions[value](); //~ unvalidated-dynamic-call
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import { actions } from "./actions";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    actions[value](); //~ unvalidated-dynamic-call
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    actions[inner.value](); //~ unvalidated-dynamic-call
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const actions = { a() {}, b() {} };
const app = express();
app.get("/x", async (req, res) => {
  if (Object.hasOwn(actions, req.params.action)) actions[req.params.action](req);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const actions = { a() {}, b() {} };
const app = express();
app.get("/x", async (req, res) => {
  if (!["a", "b"].includes(req.params.action)) return res.end();
  actions[req.params.action](req);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const actions = new Map([["a", () => 1]]);
const app = express();
app.get("/x", async (req, res) => {
  const run = actions.get(req.params.action);
  if (run) run(req);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const settings = { a: 1 };
const app = express();
app.get("/x", async (req, res) => {
  const value = settings[req.query.key];
  res.json(value);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const actions = { up() {}, down() {} };
const app = express();
app.get("/x", async (req, res) => {
  const name = req.query.up ? "up" : "down";
  actions[name](req);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { list } from "./l";
const app = express();
app.get("/x", async (req, res) => {
  list[Number(req.query.i)]();
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  actions[value]();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import { actions } from "./actions";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  actions[value]();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  actions[holder.safe]();
};"#,
        ),
        Case::good(
            "a.js",
            r#"import { actions } from "./actions";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  actions[value]();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import { actions } from "./actions";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    actions[value]();
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import { actions } from "./actions";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  actions[value]();
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const pending = {};
function start() {
  const worker = new Worker('analysis.js');
  worker.onmessage = function (e) {
    const data = e.data;
    if (data.id && pending[data.id]) pending[data.id](data.error, data.body);
  };
}"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const actions = { a() {} };
const app = express();
app.get("/x", async (req, res) => {
  if (!actions.hasOwnProperty(req.params.a)) return res.end();
  actions[req.params.a]();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const actions = { x() {} };
const app = express();
app.get("/x", async (req, res) => {
  switch (req.params.a) {
    case "x": actions[req.params.a](); break;
  }
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const m = "get";
  app[m]("/y", (a, b) => b.end());
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  actions[value]();
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  actions[value]();
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { actions } from "./actions";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  actions[value]();
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const io = require("socket.io")(1);
io.on("connection", (socket) => {
  socket.on("call", (d) => { api[d.method].apply(null, d.args); }); //~ unvalidated-dynamic-call
});"#,
        ),
    ],
};
