use sidenote_grammars::Family;

use crate::findings::{Category, Confidence, Severity};
use crate::rules::{Case, Check, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;

pub static RULE: Rule = Rule {
    id: "sql-injection",
    summary: "SQL text that somebody outside can write",
    category: Category::Security,
    severity: Severity::Critical,
    confidence: Confidence::High,
    cwe: &[89],
    families: &[Family::Ecma, Family::Rust],
    default_on: true,
    in_tests: false,
    docs: Docs {
        what: "Finds foreign data that becomes part of the text of an SQL statement.",
        why: "Quotes and keywords in the data end the value that it was meant to be and go on as SQL. Logins are passed without a password, tables are read and dropped.",
        example: "db.query(`SELECT * FROM users WHERE name = '${req.query.name}'`);",
        instead: "db.query(\"SELECT * FROM users WHERE name = ?\", [req.query.name]);",
        limits: "Tagged templates and parameters are safe. Names of tables and columns cannot be parameters: check them against a list. What another service stored in the database is not followed.",
        fix: "",
    },
    checks: &[Check::Flow(
        &[SinkKind::Sql],
        "`{sink}` runs SQL that {source} is part of: whoever sends it can read and change the database. Keep the statement constant and pass the value as a parameter.",
    )],
    cases: &[
        Case::bad(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  db.query("SELECT * FROM users WHERE id = " + req.query.id); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { Pool } from "pg";
const pool = new Pool();
const app = express();
app.get("/x", async (req, res) => {
  const { name } = req.query;
  const rows = await pool.query(`SELECT * FROM users WHERE name = '${name}'`); //~ sql-injection
  res.json(rows);
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.post("/x", async (req, res) => {
  let sql = "SELECT * FROM t WHERE 1 = 1";
  if (req.body.kind) sql += " AND kind = '" + req.body.kind + "'";
  db.query(sql, (err, rows) => res.json(rows)); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.js",
            r#"const sqlite3 = require("sqlite3").verbose();
const db = new sqlite3.Database(":memory:");
module.exports = (req, res) => {
  const where = ["a = 1", "b = '" + req.body.b + "'"].join(" AND ");
  db.all("SELECT * FROM t WHERE " + where, () => {}); //~ sql-injection
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import knex from "knex";
const db = knex({ client: "pg" });
export async function list(ctx, next) {
  const order = ctx.query.order as string;
  ctx.body = await db("t").select().orderByRaw(`${order} desc`); //~ sql-injection
}"#,
        ),
        Case::bad(
            "a.js",
            r#"const { Sequelize } = require("sequelize");
const sequelize = new Sequelize("sqlite::memory:");
function find(id) {
  return sequelize.query("SELECT * FROM users WHERE id = '" + id + "'"); //~ sql-injection
}
exports.handler = (req, res) => find(req.params.id).then((rows) => res.json(rows));"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Fastify from "fastify";
import { PrismaClient } from "@prisma/client";
const app = Fastify();
const prisma = new PrismaClient();
app.get("/u/:id", async (request, reply) => {
  const { id } = request.params as { id: string };
  return prisma.$queryRawUnsafe(`SELECT * FROM "User" WHERE id = ${id}`); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { Controller, Get, Query } from "@nestjs/common";
import { DataSource } from "typeorm";
@Controller("users")
export class UsersController {
  constructor(private readonly source: DataSource) {}
  @Get()
  find(@Query("name") name: string) {
    return this.source.query(`SELECT * FROM users WHERE name = '${name}'`); //~ sql-injection
  }
}"#,
        ),
        Case::bad(
            "a.js",
            r#"class Store {
  constructor(db) { this.db = db; }
  byName(name) { return this.db.query("SELECT * FROM u WHERE name = '" + name + "'"); } //~ sql-injection
}
const store = new Store(require("mysql").createConnection({}));
exports.get = function (req, res) {
  store.byName(req.query.name).then((r) => res.json(r));
};"#,
        ),
        Case::bad(
            "a.ts",
            r#"import Database from "better-sqlite3";
import http from "http";
const db = new Database("a.db");
http.createServer((req, res) => {
  const url = new URL(req.url!, "http://localhost");
  const id = url.searchParams.get("id") ?? "";
  res.end(JSON.stringify(db.prepare("SELECT * FROM t WHERE id = " + id).get())); //~ sql-injection
}).listen(80);"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { Pool } from "pg";
const pool = new Pool();
const app = express();
app.delete("/t/:id", async (req, res) => {
  const query = { text: `DELETE FROM t WHERE id = ${req.params.id}`, values: [] }; 
  await pool.query(query); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const ids = req.query.ids.split(",").map((s) => `'${s}'`);
  await db.query(`SELECT * FROM t WHERE id IN (${ids.join(",")})`); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const filter = { order: "id" };
  filter.order = req.query.order || "id";
  db.query("SELECT * FROM t ORDER BY " + filter.order); //~ sql-injection
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import { getRepository } from "typeorm";
import { User } from "./user";
export async function find(req, res) {
  const found = await getRepository(User).createQueryBuilder("u").where("u.name = '" + req.query.name + "'").getMany(); //~ sql-injection
  res.json(found);
}"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  db.query("SELECT * FROM users WHERE id = ?", [req.query.id]);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { Pool } from "pg";
const pool = new Pool();
const app = express();
app.get("/x", async (req, res) => {
  await pool.query("SELECT * FROM users WHERE name = $1", [req.query.name]);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import { Pool } from "pg";
const pool = new Pool();
const app = express();
app.get("/x", async (req, res) => {
  await pool.query({ text: "SELECT * FROM users WHERE name = $1", values: [req.query.name] });
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const id = Number(req.query.id);
  db.query("SELECT * FROM users WHERE id = " + id);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const id = parseInt(req.params.id, 10);
  db.query(`SELECT * FROM users WHERE id = ${id}`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  db.query("SELECT * FROM users WHERE name = " + mysql.escape(req.query.name));
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import { PrismaClient } from "@prisma/client";
const prisma = new PrismaClient();
export async function get(req, res) {
  res.json(await prisma.$queryRaw`SELECT * FROM "User" WHERE id = ${req.params.id}`);
}"#,
        ),
        Case::good(
            "a.ts",
            r#"import sql from "sql-template-strings";
import { Pool } from "pg";
const pool = new Pool();
export const get = async (req, res) => res.json(await pool.query(sql`SELECT * FROM t WHERE id = ${req.query.id}`));"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const COLUMNS = ["name", "age"];
  const column = COLUMNS.includes(req.query.sort) ? req.query.sort : "name";
  db.query("SELECT * FROM t ORDER BY " + column);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const dir = req.query.dir === "desc" ? "DESC" : "ASC";
  db.query(`SELECT * FROM t ORDER BY id ${dir}`);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const columns = { name: "u.name", age: "u.age" };
  const column = columns[req.query.sort] ?? "u.id";
  db.query("SELECT * FROM u ORDER BY " + column);
});"#,
        ),
        Case::good(
            "a.ts",
            r#"import knex from "knex";
const db = knex({ client: "pg" });
export async function list(ctx, next) {
  ctx.body = await db("t").where("name", ctx.query.name).whereRaw("age > ?", [ctx.query.age]);
}"#,
        ),
        Case::good(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.post("/x", async (req, res) => {
  const placeholders = req.body.ids.map(() => "?").join(",");
  db.query(`SELECT * FROM t WHERE id IN (${placeholders})`, req.body.ids);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  if (!/^[a-z_]+$/.test(req.query.table)) return res.status(400).end();
  db.query("SELECT * FROM " + req.query.table);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { Pool } from "pg";
import format from "pg-format";
const pool = new Pool();
export const get = async (req, res) => res.json(await pool.query(format("SELECT * FROM %I WHERE id = %L", req.query.t, req.query.id)));"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  const message = "select " + req.query.what + " from the menu";
  res.json({ message });
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  let id = req.query.id;
  id = "1";
  db.query("SELECT * FROM t WHERE id = " + id);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  switch (req.query.sort) {
    case "name":
    case "age":
      db.query("SELECT * FROM t ORDER BY " + req.query.sort);
      break;
    default:
      res.status(400).end();
  }
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import mysql from "mysql2";
const db = mysql.createPool({});
const app = express();
app.get("/x", async (req, res) => {
  document.querySelector(req.query.q);
  const found = [1, 2].find((x) => x === Number(req.query.id));
  db.query("SELECT * FROM t WHERE id = " + found);
});"#,
        ),
        Case::near_miss(
            "a.js",
            r#"const db = require("mysql").createConnection({});
const TABLE = "users";
exports.get = (req, res) => db.query("SELECT * FROM " + TABLE + " LIMIT 10", (e, r) => res.json(r));"#,
        ),
    ],
};
