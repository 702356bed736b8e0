use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "unsafe-deserialization",
    summary: "deserialisers that build more than data from what comes in",
    category: Category::Security,
    severity: Severity::Critical,
    confidence: Confidence::High,
    cwe: &[502],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in deserialisers that rebuild functions and prototypes.",
        why: "node-serialize, funcster, cryo and YAML schemas with JavaScript types call functions that the input brings along.",
        example: "const user = serialize.unserialize(Buffer.from(req.cookies.user, \"base64\").toString());",
        instead: "const user = JSON.parse(Buffer.from(req.cookies.user, \"base64\").toString());",
        limits: "`yaml.load` of js-yaml is silent unless an unsafe schema is given: version 4 is safe by default and the version cannot be seen.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Deserialize],
        "`{sink}` rebuilds objects from {source}: such input runs code while it is read. Use `JSON.parse`, or sign the data and check the signature first.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.get("/x", async (req, res) => {
  const user = serialize.unserialize(req.cookies.user); //~ unsafe-deserialization
  res.json(user);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const serialize = require("node-serialize");
module.exports = (req, res) => {
  const str = Buffer.from(req.cookies.profile, "base64").toString();
  const obj = serialize.unserialize(str); //~ unsafe-deserialization
  res.end(obj.name);
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import v8 from "node:v8";
const app = express();
app.post("/x", async (req, res) => {
  const v = v8.deserialize(Buffer.from(req.body.data, "hex")); //~ unsafe-deserialization
  res.json(v);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  const doc = yaml.load(req.body.doc, { schema: yaml.DEFAULT_FULL_SCHEMA }); //~ unsafe-deserialization
  res.json(doc);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const funcster = require("funcster");
exports.run = (req, res) => {
  const parsed = JSON.parse(req.body.code);
  const f = funcster.deepDeserialize(parsed); //~ unsafe-deserialization
  res.json(f);
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { deserialize } from "v8";
import { WebSocketServer } from "ws";
const server = new WebSocketServer({ port: 1 });
server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const message = deserialize(data); //~ unsafe-deserialization
    console.assert(message);
  });
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { unserialize } from "node-serialize";
function decode(cookie: string) { return unserialize(cookie); } //~ unsafe-deserialization
export const get = (req, res) => res.json(decode(req.cookies.s));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Koa from "koa";
import cryo from "cryo";
const app = new Koa();
app.use(async (ctx) => { ctx.state.x = cryo.parse(ctx.request.body.x); }); //~ unsafe-deserialization"#,
        ),
        Case::bad(
            "a.ts",
            r#"import serialize from "node-serialize";
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  const out = serialize.unserialize(value); //~ unsafe-deserialization
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import serialize from "node-serialize";
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    const out = serialize.unserialize(item); //~ unsafe-deserialization
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import serialize from "node-serialize";
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
  const out = serialize.unserialize(value!); //~ unsafe-deserialization
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    const out = serialize.unserialize(value); //~ unsafe-deserialization
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import serialize from "node-serialize";
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    const out = serialize.unserialize(value); //~ unsafe-deserialization
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    const out = serialize.unserialize(inner.value); //~ unsafe-deserialization
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.json(JSON.parse(req.body.data));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.load(req.body.doc));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.load(req.body.doc, { schema: yaml.JSON_SCHEMA }));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { parse } from "yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(parse(req.body.doc));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import v8 from "node:v8";
const app = express();
app.get("/x", async (req, res) => {
  const v = v8.deserialize(v8.serialize({ a: 1 }));
  res.json(v);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.safeLoad(req.body.doc));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import qs from "qs";
const app = express();
app.get("/x", async (req, res) => {
  res.json(qs.parse(req.query.q));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import fs from "fs";
import v8 from "v8";
export const load = () => v8.deserialize(fs.readFileSync("cache.bin"));"#,
        ),
        Case::good(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  const out = serialize.unserialize(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import serialize from "node-serialize";
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  const out = serialize.unserialize(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  const out = serialize.unserialize(holder.safe);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import serialize from "node-serialize";
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  const out = serialize.unserialize(value);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import serialize from "node-serialize";
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    const out = serialize.unserialize(value);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import serialize from "node-serialize";
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  const out = serialize.unserialize(value);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.post("/x", async (req, res) => {
  const s = serialize.serialize({ a: req.body.a });
  res.json(s);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const unserialize = (s) => JSON.parse(s);
  res.json(unserialize(req.body.s));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.get("/x", async (req, res) => {
  let s = req.cookies.s;
  s = "{}";
  serialize.unserialize(s);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { User } from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const user = User.deserialize(req.body);
  res.json(user);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  const out = serialize.unserialize(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  const out = serialize.unserialize(value);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import serialize from "node-serialize";
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  const out = serialize.unserialize(value);
};"#,
        ),
    ],
};
