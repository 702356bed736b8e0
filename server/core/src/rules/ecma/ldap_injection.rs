use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "ldap-injection",
    summary: "LDAP filters that somebody outside can write",
    category: Category::Security,
    severity: Severity::High,
    confidence: Confidence::High,
    cwe: &[90],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data in LDAP filters and distinguished names.",
        why: "`*)(uid=*` in a name matches everybody: logins succeed without a password.",
        example: "client.search(\"dc=x\", { filter: `(uid=${req.body.user})` }, done);",
        instead: "client.search(\"dc=x\", { filter: new EqualityFilter({ attribute: \"uid\", value: req.body.user }) }, done);",
        limits: "Filters that are built from objects are silent.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Ldap],
        "`{sink}` runs an LDAP filter that {source} is part of: parentheses and `*` in it change who is found. Escape it, or build the filter from objects.",
    )],
    cases: &[
        Case::bad(
            "a.rs",
            r#"use axum::extract::Query;
use ldap3::{Ldap, Scope};
async fn find(Query(name): Query<String>, mut ldap: Ldap) {
    let found = ldap.search("dc=x", Scope::Subtree, &format!("(uid={name})"), vec!["cn"]).await; //~ ldap-injection
}"#,
        ),
        Case::good(
            "a.rs",
            r#"use axum::extract::Query;
use ldap3::{Ldap, Scope, ldap_escape};
async fn find(Query(name): Query<String>, mut ldap: Ldap) {
    let found = ldap.search("dc=x", Scope::Subtree, &format!("(uid={})", ldap_escape(name)), vec!["cn"]).await;
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: `(uid=${req.body.user})` }, done); //~ ldap-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  const options = { scope: "sub", filter: "(cn=" + req.query.cn + ")" };
  client.search("dc=x", options, done); //~ ldap-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const ldap = require("ldapjs");
const client = ldap.createClient({ url: "ldap://x" });
module.exports = (req, res) => {
  client.bind("uid=" + req.body.user + ",dc=x", req.body.password, () => res.end()); //~ ldap-injection
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Client } from "ldapts";
const client = new Client({ url: "ldap://x" });
export async function find(req, res) {
  const { name } = req.query;
  res.json(await client.search("dc=x", { filter: `(&(objectClass=user)(cn=${name}))` })); //~ ldap-injection
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const ldap = require("ldapjs");
exports.get = (req, res) => { const f = ldap.parseFilter("(cn=" + req.query.cn + ")"); res.json(f); }; //~ ldap-injection"#,
        ),
        Case::bad(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
import express from "express";
const app = express();
function work({ value }: { value: string }, res: any) {
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done); //~ ldap-injection
}
app.post("/x", (req, res) => {
  const { a: { b: [first = "none"] } } = req.query as any;
  work({ value: first }, res);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export default function handler(request, response) {}
export const post = async (req: any, res: any) => {
  const list: string[] = [];
  for (const value of Object.values(req.query)) list.push(value as string);
  list.forEach((item) => {
    client.search("dc=x", { filter: "(uid=" + item + ")" }, done); //~ ldap-injection
  });
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
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
  client.search("dc=x", { filter: "(uid=" + value! + ")" }, done); //~ ldap-injection
}"#,
        ),
        Case::bad(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req, res) => {
  load(req.query?.id ?? "none").then((value) => {
    client.search("dc=x", { filter: "(uid=" + value + ")" }, done); //~ ldap-injection
  });
};
async function load(id) { return id; }"#,
        ),
        Case::bad(
            "a.js",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
exports.get = function (req, res) {
  var value = "a";
  if (req.query.mode) { value = req.query.value; } else { value = "b"; }
  try {
    client.search("dc=x", { filter: "(uid=" + value + ")" }, done); //~ ldap-injection
  } catch (e) { res.end(); }
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  const holder = { inner: { value: req.query.value } };
  const { inner } = { ...holder };
  const run = () => {
    client.search("dc=x", { filter: "(uid=" + inner.value + ")" }, done); //~ ldap-injection
  };
  run();
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: new ldap.EqualityFilter({ attribute: "uid", value: req.body.user }) }, done);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  client.search("dc=x", { filter: "(objectClass=*)" }, done);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  client.search("dc=x", { filter: `(id=${Number(req.query.id)})` }, done);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import escapeFilter from "ldap-escape";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: `(uid=${escapeFilter.filter(req.body.user)})` }, done);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  const allowed = ["a", "b"];
  const value = req.query.value;
  if (!allowed.includes(value)) throw new Error("no");
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
type Kind = "a" | "b";
const table: Record<string, string> = { a: "x", b: "y" };
export const get = (req: any, res: any) => {
  const value = table[req.query.kind] ?? "z";
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  const holder = { safe: "constant", bad: req.query.value };
  client.search("dc=x", { filter: "(uid=" + holder.safe + ")" }, done);
};"#,
        ),
        Case::good(
            "a.js",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
exports.get = (req, res) => {
  const value = req.query.flag ? "on" : "off";
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
const ALLOWED = new Set(["a"]);
export const get = (req: any, res: any) => {
  const { value } = req.query;
  if (ALLOWED.has(value)) {
    client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
  }
};"#,
        ),
        Case::good(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
function unused(value: string) { return value; }
export function work(value: string, res: any) {
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
}
work("constant", null);
unused("x");"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  if (!/^[a-z0-9]+$/.test(req.body.user)) return res.end();
  client.search("dc=x", { filter: `(uid=${req.body.user})` }, done);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import { index } from "./index";
const app = express();
app.get("/x", async (req, res) => {
  index.search("(uid=" + req.query.q + ")");
  res.end();
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const client = { search: (a, b) => a };
  res.json(client.search("x", { filter: req.query.f }));
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  let value = req.query.value;
  if (value !== "a" && value !== "b") value = "a";
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  const copy = req.query.value;
  const value = copy === "x" ? copy : "y";
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import ldap from "ldapjs";
import { done } from "./done";
const client = ldap.createClient({ url: "ldap://x" });
export const get = (req: any, res: any) => {
  const value = "constant";
  res.locals.value = req.query.value;
  client.search("dc=x", { filter: "(uid=" + value + ")" }, done);
};"#,
        ),
        Case::bad(
            "a.js",
            r#"const ActiveDirectory = require("activedirectory");
const ad = new ActiveDirectory(config);
require("express")().get("/x", (req, res) => {
  ad.findUsers("cn=*" + req.query.q + "*", (e, users) => res.json(users)); //~ ldap-injection
});"#,
        ),
        Case::good(
            "a.js",
            r#"const ldap = require("ldapjs");
const client = ldap.createClient({ url: "ldap://h" });
const quoted = (s) => s.replace(/[\\*()\0]/g, (c) => "\\" + c.charCodeAt(0).toString(16).padStart(2, "0"));
require("express")().get("/x", (req, res) => {
  client.search("o=x", { filter: `(cn=${quoted(req.query.u)})` }, () => res.end());
});"#,
        ),
        Case::good(
            "a.js",
            r#"const ldap = require("ldapjs");
const client = ldap.createClient({ url: "ldap://h" });
require("express")().get("/x", (req, res) => {
  const names = { admin: "cn=admin", guest: "cn=guest" };
  client.bind(names[req.query.role] || names.guest, process.env.LDAP_PASSWORD, () => res.end());
});"#,
        ),
    ],
};
