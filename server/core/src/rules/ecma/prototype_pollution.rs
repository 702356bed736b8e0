use sidenote_grammars::{Family, Field, Kind};

use crate::findings::{Category, Confidence, Note, Severity};
use crate::rules::shape::local_value;
use crate::rules::support::{args, bare, is_function};
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

pub static RULE: Rule = Rule {
    id: "prototype-pollution",
    summary: "objects whose prototype somebody outside can write to",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::Medium,
    cwe: &[1321],
    families: &[Family::Ecma],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign keys by which nested objects are written, and foreign objects that are merged deeply.",
        why: "What is written to `Object.prototype` appears in every object: checks of rights pass, options are overridden, and programs are started.",
        example: "config[req.body.section][req.body.key] = req.body.value;",
        instead: "if (!Object.hasOwn(config, req.body.section)) return res.sendStatus(400);",
        limits: "One level, `object[key] = value`, writes only to the object itself and is silent. A function that merges deeply is flagged wherever it stands, one that writes along a path where it is exported, unless it mentions `__proto__` or asks whether the target has the key itself.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::PropertyKey],
            "{source} chooses the property that is written: `__proto__` and `constructor` reach the prototype of every object. Use a `Map`, or refuse these names.",
        ),
        Check::Flow(
            &[SinkKind::Merge],
            "`{sink}` merges {source} deeply: a key `__proto__` in it reaches the prototype of every object. Copy the known fields by name.",
        ),
        Check::Nodes(&[Kind::AssignmentExpression], deep_copy),
    ],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import { Router } from "express";
const router = Router();
function put(o: any, keys: string[], value: unknown) {
  let cur = o;
  for (let i = 0; i < keys.length - 1; i++) {
    cur = cur[keys[i]] ??= {};
  }
  cur[keys[keys.length - 1]] = value; //~ prototype-pollution
}
router.patch("/a", (req, res) => { put(config, req.body.path.split("."), req.body.value); res.end(); });"#,
        ),
        Case::bad(
            "a.js",
            r#"function put(o, keys, value) {
  let cur = o;
  for (const k of keys.slice(0, -1)) {
    if (!(k in cur)) cur[k] = {};
    cur = cur[k];
  }
  cur[keys[keys.length - 1]] = value; //~ prototype-pollution
}
app.patch("/a", (req, res) => { put(config, req.body.keys, req.body.value); res.end(); });"#,
        ),
        Case::bad(
            "a.js",
            r#"app.post("/a", (req, res) => {
  const section = config[req.body.section] || {};
  section[req.body.key] = req.body.value; //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.js",
            "function extend(target, source) {\n  for (const key in source) {\n    if (typeof target[key] === 'object') target[key] = extend({}, target[key], source[key]);\n    else target[key] = source[key];\n  }\n  return target;\n}",
        ),
        Case::near_miss(
            "h.js",
            r#"const root = process.argv[2];
const watched = {};
function watch(file) {
  watched[file] = watched[file] || {};
  watched[file][root] = true;
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const _ = require('lodash');
const cli = require('yargs-parser')(process.argv.slice(2));
module.exports = (options) => _.defaultsDeep({}, cli, { port: 80 });"#,
        ),
        Case::near_miss(
            "a.js",
            r#"function put(o, keys, value) {
  let cur = o;
  for (const k of keys.slice(0, -1)) {
    if (k === "__proto__" || k === "constructor" || k === "prototype") return;
    cur = cur[k] ??= {};
  }
  cur[keys[keys.length - 1]] = value;
}
app.patch("/a", (req, res) => { put(config, req.body.keys, req.body.value); res.end(); });"#,
        ),
        Case::near_miss(
            "a.js",
            r#"app.post("/a", (req, res) => {
  let section = config[req.body.section];
  section = config.general;
  section[req.body.key] = req.body.value;
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const config = {};
const app = express();
app.post("/x", async (req, res) => {
  config[req.body.section][req.body.key] = req.body.value; //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { store } from "./s";
const app = express();
app.get("/x", async (req, res) => {
  const { a, b } = req.query;
  store[a][b] = 1; //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const app = express();
app.post("/x", async (req, res) => {
  _.merge({}, req.body); //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const state = {};
const app = express();
app.get("/x", async (req, res) => {
  _.set(state, req.query.path, 1); //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const app = express();
app.post("/x", async (req, res) => {
  const options = _.defaultsDeep({}, JSON.parse(req.body.options)); //~ prototype-pollution
  res.json(options);
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const merge = require("lodash.merge");
const defaults = {};
module.exports = (req, res) => {
  const settings = merge(defaults, req.body); //~ prototype-pollution
  res.end(String(settings));
};"#,
        ),
        Case::bad(
            "a.js",
            r#"import $ from "jquery";
const data = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const options = $.extend(true, {}, data); //~ prototype-pollution
console.assert(options);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { set } from "lodash";
function patch(target, path, value) { set(target, path, value); } //~ prototype-pollution
export const post = (req, res) => { patch({}, req.body.path, req.body.value); res.end(); };"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
const store = {};
const app = express();
app.post("/x", async (req, res) => {
  const inner = store[req.body.a];
  inner[req.body.b] = req.body.c; //~ prototype-pollution
  res.end();
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  _.set(state, value, 1); //~ prototype-pollution
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    _.set(state, item, 1); //~ prototype-pollution
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
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
  _.set(state, value!, 1); //~ prototype-pollution
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    _.set(state, value, 1); //~ prototype-pollution
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import _ from "lodash";
const state = {};
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    _.set(state, value, 1); //~ prototype-pollution
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    _.set(state, inner.value, 1); //~ prototype-pollution
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const o = {};
  o[req.body.key] = req.body.value;
  res.json(o);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const defaults = {};
const app = express();
app.post("/x", async (req, res) => {
  const o = { ...defaults, ...req.body };
  res.json(o);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  const o = Object.assign({}, req.body);
  res.json(o);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const app = express();
app.post("/x", async (req, res) => {
  _.merge({}, { a: req.body.a });
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const map = new Map();
const app = express();
app.post("/x", async (req, res) => {
  map.set(req.body.key, req.body.value);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const config = { a: {}, b: {} };
const app = express();
app.post("/x", async (req, res) => {
  if (!["a", "b"].includes(req.body.section)) return res.end();
  config[req.body.section][req.body.key] = 1;
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
const grid = [[0]];
const app = express();
app.get("/x", async (req, res) => {
  const i = Number(req.query.i), j = Number(req.query.j);
  grid[i][j] = 1;
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import $ from "jquery";
const app = express();
app.post("/x", async (req, res) => {
  $.extend({}, req.body);
  res.end();
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  _.set(state, value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  _.set(state, value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  _.set(state, holder.safe, 1);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import _ from "lodash";
const state = {};
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  _.set(state, value, 1);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    _.set(state, value, 1);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  _.set(state, value, 1);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.post("/x", async (req, res) => {
  if (req.body.section === "__proto__" || req.body.section === "constructor") return res.end();
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const state = {};
const app = express();
app.get("/x", async (req, res) => {
  _.set(state, "a.b", req.query.v);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import _ from "lodash";
const state = {};
const app = express();
app.get("/x", async (req, res) => {
  _.get(state, req.query.path);
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const counts = {};
const app = express();
app.get("/x", async (req, res) => {
  counts[req.query.k] = (counts[req.query.k] || 0) + 1;
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  _.set(state, value, 1);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  _.set(state, value, 1);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import _ from "lodash";
const state = {};
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  _.set(state, value, 1);
};"#,
        ),
        Case::bad(
            "a.js",
            r#"function merge(target, source) {
  for (const key in source) {
    if (typeof source[key] === "object") merge(target[key], source[key]);
    else target[key] = source[key]; //~ prototype-pollution
  }
  return target;
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const extend = (dst, src) => {
  Object.keys(src).forEach((k) => {
    if (dst[k] && isObject(dst[k])) {
      extend(dst[k], src[k]);
    } else {
      dst[k] = src[k]; //~ prototype-pollution
    }
  });
};"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = function deep(to, from) {
  for (var name in from) {
    if (from.hasOwnProperty(name)) {
      to[name] = isPlain(from[name]) ? deep(to[name] || {}, from[name]) : from[name]; //~ prototype-pollution
    }
  }
  return to;
};"#,
        ),
        Case::good(
            "a.js",
            r#"function merge(target, source) {
  for (const key in source) {
    if (key === "__proto__" || key === "constructor") continue;
    if (typeof source[key] === "object") merge(target[key], source[key]);
    else target[key] = source[key];
  }
}"#,
        ),
        Case::good(
            "a.js",
            r#"function merge(target, source) {
  for (const key of Object.keys(source)) {
    if (Object.hasOwn(target, key) && typeof target[key] === "object") merge(target[key], source[key]);
    else target[key] = source[key];
  }
}"#,
        ),
        Case::good(
            "a.js",
            r#"function copy(target, source) {
  for (const key in source) target[key] = source[key];
  return target;
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"function clone(value) {
  const out = {};
  for (const key in value) out[key] = typeof value[key] === "object" ? clone(value[key]) : value[key];
  return out;
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"function fill(rows, values) {
  for (let i = 0; i < values.length; i++) {
    if (Array.isArray(values[i])) fill(rows[i], values[i]);
    else rows[i] = values[i];
  }
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"export function setValue(target: any, path: string, value: unknown) {
  const keys = path.split(".");
  let at = target;
  for (let i = 0; i < keys.length - 1; i++) {
    if (!at[keys[i]]) at[keys[i]] = {};
    at = at[keys[i]];
  }
  at[keys[keys.length - 1]] = value; //~ prototype-pollution
}"#,
        ),
        Case::bad(
            "a.js",
            r#"export default function extend(to, from) {
  for (const [key, value] of Object.entries(from)) {
    if (value && typeof value === "object" && to[key]) { extend(to[key], value); continue; }
    to[key] = value; //~ prototype-pollution
  }
  return to;
}"#,
        ),
        Case::bad(
            "a.js",
            r#"module.exports = function extend() {
  var target = arguments[0] || {};
  for (var i = 1; i < arguments.length; i++) {
    var options = arguments[i], name, src, copy, clone;
    for (name in options) {
      src = target[name];
      copy = options[name];
      if (copy && isPlain(copy)) {
        clone = src && isPlain(src) ? src : {};
        target[name] = extend(clone, copy);
      } else if (copy !== undefined) {
        target[name] = copy; //~ prototype-pollution
      }
    }
  }
  return target;
};"#,
        ),
        Case::bad(
            "a.js",
            r#"exports.set = function (obj, prop, val) {
  var keys = prop.split('.'), len = keys.length, idx = -1, current = obj;
  while (++idx < len) {
    var key = keys[idx];
    if (idx !== len - 1) {
      if (!isObject(current[key])) current[key] = {};
      current = current[key];
      continue;
    }
    current[key] = val; //~ prototype-pollution
  }
  return obj;
};"#,
        ),
        Case::near_miss(
            "a.js",
            r#"exports.set = function (obj, path, val) {
  var keys = path.split("."), key;
  for (var i = 0; i < keys.length; i++) {
    key = keys[i];
    if (i === keys.length - 1) {
      obj[key] = val;
    } else if (!hasOwnProperty.call(obj, key) || !isObject(obj[key])) {
      obj[key] = {};
    }
    obj = obj[key];
  }
};"#,
        ),
        Case::near_miss(
            "a.js",
            r#"exports.count = (list) => {
  const out = {};
  for (const item of list) {
    out[item.kind] = out[item.kind] || {};
    out[item.kind][item.name] = 1;
  }
  return out;
};
exports.put = (table, row, column, value) => { table[row][column] = value; };"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"export function merge(target: any, source: any): any {
  for (const key of Object.keys(source)) {
    if (Object.hasOwn(target, key) && isObject(target[key])) merge(target[key], source[key]);
    else target[key] = source[key];
  }
  return target;
}"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const BAD = new Set(["__proto__", "constructor", "prototype"]);
exports.set = function (target, path, value) {
  const keys = path.split(".");
  if (keys.some((k) => BAD.has(k))) throw new Error("bad");
  let at = target;
  for (const k of keys.slice(0, -1)) at = at[k] ??= {};
  at[keys.at(-1)] = value;
};"#,
        ),
        Case::near_miss(
            "a.js",
            r#"exports.users = (text) => text.split("\n").reduce((map, line) => {
  const fields = line.split(":");
  map[fields[0]] = fields[2];
  return map;
}, {});"#,
        ),
        Case::bad(
            "a.js",
            "exports.merge = function (target, source) {\n  for (const key in source) {\n    if (!source.hasOwnProperty(key)) continue;\n    const value = source[key];\n    const old = target[key];\n    if (typeof value === 'object') exports.merge(old, value);\n    else target[key] = value; //~ prototype-pollution\n  }\n};",
        ),
        Case::near_miss(
            "a.js",
            "exports.clean = function clean(o) {\n  for (const key of Object.keys(o)) {\n    if (typeof o[key] === 'object') o[key] = clean(o[key]);\n    else o[key] = String(o[key]);\n  }\n  return o;\n};",
        ),
        Case::good(
            "a.js",
            "const { isSafeKey, isUnsafeKey } = require('./keys');\nrequire('express')().post('/', (req, res) => {\n  const to = {};\n  for (const path of Object.keys(req.body)) {\n    let at = to;\n    for (const key of path.split('.')) {\n      if (!isSafeKey(key)) continue;\n      at = at[key] ??= {};\n    }\n    for (const key of path.split('.')) {\n      if (isUnsafeKey(key)) return;\n      at = at[key] ??= {};\n    }\n  }\n  res.end();\n});",
        ),
        Case::near_miss(
            "a.js",
            "exports.plain = function (schema, values) {\n  const out = {};\n  for (const path of Object.keys(schema.paths)) {\n    const parts = path.split('.');\n    let at = out;\n    for (const part of parts.slice(0, -1)) {\n      at[part] = at[part] ?? {};\n      at = at[part];\n    }\n    at[parts[parts.length - 1]] = values[path];\n  }\n  return out;\n};",
        ),
        Case::near_miss(
            "a.js",
            r#"module.exports.Mesh = function (root) {
  var mesh = {}, tmp;
  mesh.hash = function (path) { path.split('.').forEach(function (k) { tmp = tmp[k]; }); };
  mesh.raw = function (msg, cb) {
    tmp = {};
    Object.keys(msg).forEach(function (k) { tmp[k] = msg[k]; });
    return cb(tmp);
  };
  mesh.val = function (list, k, t) { list.forEach(function (tag) { tag[k] = t; }); };
  mesh.of = function (tag, path) { path.split('/').forEach(function (k) { tag = tag[k]; }); return tag; };
  return mesh;
};"#,
        ),
    ],
};

/// Words of a function that knows of the danger.
const AWARE: [&str; 7] =
    ["__proto__", "\"prototype\"", "'prototype'", "constructor\"", "constructor'", "Object.create(null)", "nsafe"];

/// `target[key] = ..` in a function that calls itself on `target[key]` for keys of another object.
fn deep_copy<'a>(node: Node<'a>, cx: &mut Cx<'a>) {
    let Some(left) = node.child(Field::Left).filter(|l| l.kind() == Kind::SubscriptExpression) else { return };
    let (Some(object), Some(index)) = (left.child(Field::Object), left.child(Field::Index)) else { return };
    if object.kind() != Kind::Identifier || cx.file.is_vendored {
        return;
    }
    let functions = || node.ancestors().filter(|n| is_function(*n));
    // The function that is given the target; an arrow function may lie in another.
    let given = |f: &Node<'a>| {
        let parameters = f.child(Field::Parameters).or_else(|| f.child(Field::Parameter)).map_or("", Node::text);
        parameters.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').any(|p| p == object.text())
    };
    let Some(outer) = functions().find(given).or_else(|| functions().last()) else { return };
    let text = outer.text();
    let (target, key) = (object.text(), index.text());
    let over_keys = index.kind() == Kind::Identifier
        && (text.contains(&format!(" {key} in "))
            || text.contains("Object.keys(")
            || text.contains("Object.entries(")
            || text.contains("Reflect.ownKeys("));
    let asked = ["hasOwn(", "hasOwnProperty.call(", "has("].iter().any(|f| text.contains(&format!("{f}{target}")))
        || text.contains(&format!("{target}.hasOwnProperty("))
        || ["has(", "includes(", "isSafe"].iter().any(|f| text.contains(&format!("{f}{key})")));
    if !over_keys || asked || AWARE.iter().any(|w| text.contains(w)) {
        return;
    }
    // The target is somebody else's object, and what is copied is the same key of another.
    let parameters = outer.child(Field::Parameters).map_or("", Node::text);
    let other = |text: &str| text.strip_suffix(&format!("[{key}]")).is_some_and(|o| o != target && !o.contains('['));
    // `target[key]`, `target[key] || {}`, `isObject(target[key]) ? target[key] : {}`
    let chosen = |n: Node<'a>| {
        let plain = n.kind() != Kind::CallExpression && n.kind() != Kind::AssignmentExpression;
        n == left || n.text() == left.text() || plain && n.text().contains(left.text()) && !other(n.text())
    };
    let is_parameter = parameters.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').any(|p| p == target)
        || is_first_argument(object, outer);
    let Some(right) = node.child(Field::Right).map(bare).filter(|_| is_parameter) else { return };
    // `for (const [key, value] of Object.entries(source)) target[key] = value;`
    let entry = text.contains(&format!("[{key}, {}] of Object.entries(", right.text()))
        || text.contains(&format!("([{key}, {}])", right.text())) && text.contains("Object.entries(");
    // `const value = source[key];`
    let meant = |n: Node<'a>| local_value(n, outer).unwrap_or(n);
    let again =
        |n: Node<'a>| n.kind() == Kind::CallExpression && args(n).any(|a| chosen(meant(a)) || other(meant(a).text()));
    let copied = entry || other(meant(right).text()) || again(meant(right));
    if !copied {
        return;
    }
    // A function is told of once, where it copies a value as it is.
    let plainly = |n: Node<'a>| {
        n.kind() == Kind::AssignmentExpression
            && n != node
            && n.child(Field::Left).is_some_and(|l| l.text() == left.text())
            && n.child(Field::Right).map(bare).is_some_and(|r| r.kind() == Kind::SubscriptExpression && other(r.text()))
    };
    let is_plain = right.kind() == Kind::SubscriptExpression;
    let later = |n: &Node<'a>| !is_plain || n.span().start > node.span().start;
    if outer.descendants().filter(later).any(plainly) {
        return;
    }
    let named = |f: Node<'a>| {
        let outside = f.ancestors().find(|p| p.kind() != Kind::AssignmentExpression);
        let holder = outside.filter(|p| p.kind() == Kind::VariableDeclarator);
        f.child(Field::Name).or_else(|| holder.and_then(|p| p.child(Field::Name)))
    };
    let mut names: Vec<&str> = functions().filter_map(named).map(Node::text).collect();
    names.extend(cx.block.name());
    let recurs = outer.descendants().filter(|n| n.kind() == Kind::CallExpression).any(|call| {
        // The block of an arrow function does not know the name that it is bound to.
        let own = call.child(Field::Function).is_some_and(|f| names.is_empty() || names.contains(&f.text()));
        // `to[key] = extend({}, to[key], from[key])` writes into a new object.
        let fresh = args(call)
            .next()
            .map(bare)
            .is_some_and(|a| a.kind() == Kind::Object && a.named_children().next().is_none());
        let passed: Vec<Node<'a>> = args(call).map(bare).map(meant).collect();
        let first = passed.iter().position(|a| chosen(*a));
        let rest = first.map_or(&[][..], |n| &passed[n + 1..]);
        own && !fresh && rest.iter().any(|a| other(a.text()) || entry && a.text() == right.text())
    });
    if recurs {
        let message = format!(
            "`{target}[{key}]` is merged deeply for any key: `__proto__` reaches the prototype of every object. Skip `__proto__`, \
             `constructor` and `prototype`, or ask `Object.hasOwn({target}, {key})` first."
        );
        let mut note = Note::new(cx.rule, left.span(), message);
        note.severity = Some(Severity::Medium);
        cx.report(note);
    }
}

/// Whether a name stands for what a function was given first: `var target = arguments[0]`, `target = args.shift()`.
fn is_first_argument<'a>(name: Node<'a>, outer: Node<'a>) -> bool {
    local_value(name, outer).is_some_and(|v| {
        let text = v.text();
        ["arguments[", "args[", "args.shift(", "objects[", "objs["].iter().any(|w| text.starts_with(w))
    })
}
