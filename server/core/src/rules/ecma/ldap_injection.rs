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
    families: &[Family::Ecma],
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
    checks: &[Check::Flow(&[SinkKind::Ldap], "`{sink}` runs an LDAP filter that {source} is part of: parentheses and `*` in it change who is found. Escape it, or build the filter from objects.")],
    cases: &[
        Case::bad("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: `(uid=${req.body.user})` }, done); //~ ldap-injection
});"#),
        Case::bad("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  const options = { scope: "sub", filter: "(cn=" + req.query.cn + ")" };
  client.search("dc=x", options, done); //~ ldap-injection
});"#),
        Case::bad("a.js", r#"const ldap = require("ldapjs");
const client = ldap.createClient({ url: "ldap://x" });
module.exports = (req, res) => {
  client.bind("uid=" + req.body.user + ",dc=x", req.body.password, () => res.end()); //~ ldap-injection
};"#),
        Case::bad("a.ts", r#"import { Client } from "ldapts";
const client = new Client({ url: "ldap://x" });
export async function find(req, res) {
  const { name } = req.query;
  res.json(await client.search("dc=x", { filter: `(&(objectClass=user)(cn=${name}))` })); //~ ldap-injection
}"#),
        Case::bad("a.js", r#"const ldap = require("ldapjs");
exports.get = (req, res) => { const f = ldap.parseFilter("(cn=" + req.query.cn + ")"); res.json(f); }; //~ ldap-injection"#),
        Case::good("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: new ldap.EqualityFilter({ attribute: "uid", value: req.body.user }) }, done);
});"#),
        Case::good("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  client.search("dc=x", { filter: "(objectClass=*)" }, done);
});"#),
        Case::good("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.get("/x", async (req, res) => {
  client.search("dc=x", { filter: `(id=${Number(req.query.id)})` }, done);
});"#),
        Case::good("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import escapeFilter from "ldap-escape";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  client.search("dc=x", { filter: `(uid=${escapeFilter.filter(req.body.user)})` }, done);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import ldap from "ldapjs";
import { done } from "./d";
const client = ldap.createClient({ url: "ldap://x" });
const app = express();
app.post("/x", async (req, res) => {
  if (!/^[a-z0-9]+$/.test(req.body.user)) return res.end();
  client.search("dc=x", { filter: `(uid=${req.body.user})` }, done);
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
import { index } from "./index";
const app = express();
app.get("/x", async (req, res) => {
  index.search("(uid=" + req.query.q + ")");
  res.end();
});"#),
        Case::near_miss("a.ts", r#"import express from "express";
const app = express();
app.get("/x", async (req, res) => {
  const client = { search: (a, b) => a };
  res.json(client.search("x", { filter: req.query.f }));
});"#),
    ],
};
