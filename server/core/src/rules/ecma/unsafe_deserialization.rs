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
    checks: &[Check::Flow(&[SinkKind::Deserialize], "`{sink}` rebuilds objects from {source}: such input runs code while it is read. Use `JSON.parse`, or sign the data and check the signature first.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.get("/x", async (req, res) => {
  const user = serialize.unserialize(req.cookies.user); //~ unsafe-deserialization
  res.json(user);
});"#),
        Case::bad("a.js", r#"const serialize = require("node-serialize");
module.exports = (req, res) => {
  const str = Buffer.from(req.cookies.profile, "base64").toString();
  const obj = serialize.unserialize(str); //~ unsafe-deserialization
  res.end(obj.name);
};"#),
        Case::bad("a.ts", r#"import express from "express";
import v8 from "node:v8";
const app = express();
app.post("/x", async (req, res) => {
  const v = v8.deserialize(Buffer.from(req.body.data, "hex")); //~ unsafe-deserialization
  res.json(v);
});"#),
        Case::bad("a.ts", r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  const doc = yaml.load(req.body.doc, { schema: yaml.DEFAULT_FULL_SCHEMA }); //~ unsafe-deserialization
  res.json(doc);
});"#),
        Case::bad("a.js", r#"const funcster = require("funcster");
exports.run = (req, res) => {
  const parsed = JSON.parse(req.body.code);
  const f = funcster.deepDeserialize(parsed); //~ unsafe-deserialization
  res.json(f);
};"#),
        Case::bad("a.ts", r#"import { deserialize } from "v8";
import { WebSocketServer } from "ws";
const server = new WebSocketServer({ port: 1 });
server.on("connection", (socket) => {
  socket.on("message", (data) => {
    const message = deserialize(data); //~ unsafe-deserialization
    console.assert(message);
  });
});"#),
        Case::bad("a.ts", r#"import { unserialize } from "node-serialize";
function decode(cookie: string) { return unserialize(cookie); } //~ unsafe-deserialization
export const get = (req, res) => res.json(decode(req.cookies.s));"#),
        Case::bad("a.ts", r#"import Koa from "koa";
import cryo from "cryo";
const app = new Koa();
app.use(async (ctx) => { ctx.state.x = cryo.parse(ctx.request.body.x); }); //~ unsafe-deserialization"#),
        Case::good("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  res.json(JSON.parse(req.body.data));
});"#),
        Case::good("a.ts", r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.load(req.body.doc));
});"#),
        Case::good("a.ts", r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.load(req.body.doc, { schema: yaml.JSON_SCHEMA }));
});"#),
        Case::good("a.ts", r#"import express from "express";
import { parse } from "yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(parse(req.body.doc));
});"#),
        Case::good("a.ts", r#"import express from "express";
import v8 from "node:v8";
const app = express();
app.get("/x", async (req, res) => {
  const v = v8.deserialize(v8.serialize({ a: 1 }));
  res.json(v);
});"#),
        Case::good("a.ts", r#"import express from "express";
import yaml from "js-yaml";
const app = express();
app.post("/x", async (req, res) => {
  res.json(yaml.safeLoad(req.body.doc));
});"#),
        Case::good("a.ts", r#"import express from "express";
import qs from "qs";
const app = express();
app.get("/x", async (req, res) => {
  res.json(qs.parse(req.query.q));
});"#),
        Case::good("a.ts", r#"import fs from "fs";
import v8 from "v8";
export const load = () => v8.deserialize(fs.readFileSync("cache.bin"));"#),
        Case::near_miss("a.ts", r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.post("/x", async (req, res) => {
  const s = serialize.serialize({ a: req.body.a });
  res.json(s);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const unserialize = (s) => JSON.parse(s);
  res.json(unserialize(req.body.s));
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import serialize from "node-serialize";
const app = express();
app.get("/x", async (req, res) => {
  let s = req.cookies.s;
  s = "{}";
  serialize.unserialize(s);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import { User } from "./user";
const app = express();
app.post("/x", async (req, res) => {
  const user = User.deserialize(req.body);
  res.json(user);
});"#),
    ],
};
