use sidenote_grammars::{Family, Kind};

use crate::findings::{Category, Confidence, Severity};
use crate::rules::rust_sql::quoted_parameter;
use crate::rules::{Case, Check, Cx, Docs, Rule};
use crate::semantics::flow::kinds::SinkKind;
use crate::syntax::Node;

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
        limits: "Tagged templates and parameters are safe. Names of tables and columns cannot be parameters: check them against a list. What another service stored in the database is not followed. In Rust a text parameter of the function between the quotes of a `format!` counts, too, wherever it comes from.",
        fix: "",
    },
    checks: &[
        Check::Flow(
            &[SinkKind::Sql],
            "`{sink}` runs SQL that {source} is part of: whoever sends it can read and change the database. Keep the statement constant and pass the value as a parameter.",
        ),
        Check::Nodes(&[Kind::CallExpression], rust),
    ],
    cases: &[
        Case::bad(
            "a.rs",
            "pub async fn seen(c: &Client, user: String) -> Result<u64, Error> { c.execute(&(\"UPDATE t SET seen = true WHERE u = '\".to_owned() + &user + \"'\"), &[]).await } //~ sql-injection",
        ),
        Case::near_miss(
            "a.rs",
            "pub async fn seen(c: &Client, table: Table) -> Result<u64, Error> { c.execute(&(\"UPDATE \".to_owned() + table.name() + \" SET seen = true WHERE u = '1'\"), &[]).await }",
        ),
        Case::bad(
            "a.ts",
            r#""use server";
import { sql } from "@vercel/postgres";
export async function remove(formData: FormData) {
  const id = formData.get("id");
  await sql.query("delete from t where id = " + id); //~ sql-injection
}"#,
        ),
        Case::bad(
            "a.rs",
            "fn f(db: &rusqlite::Connection, name: &str) -> rusqlite::Result<usize> { db.execute(&format!(\"DELETE FROM users WHERE name = '{}'\", name), []) } //~ sql-injection",
        ),
        Case::bad(
            "a.rs",
            "async fn f(pool: &PgPool, name: String) -> R { let sql = format!(\"SELECT id FROM users WHERE name LIKE '%{name}%'\");\n sqlx::query(&sql).fetch_all(pool).await } //~ sql-injection",
        ),
        Case::good(
            "a.rs",
            "fn f(db: &rusqlite::Connection, id: u64) -> rusqlite::Result<usize> { db.execute(&format!(\"DELETE FROM users WHERE id = '{}'\", id), []) }",
        ),
        Case::near_miss(
            "a.rs",
            "fn f(db: &rusqlite::Connection, table: &str) -> rusqlite::Result<usize> { db.execute(&format!(\"DELETE FROM {} WHERE name = ?1\", table), [1]) }",
        ),
        Case::near_miss(
            "a.ts",
            r#"import express from "express";
import pg from "pg";
const db = new pg.Pool();
const app = express();
app.post("/x", (req, res) => {
  db.query(`select * from t where id in (${req.body.ids.map((x) => parseInt(x, 10)).join(",")})`);
  db.query(`select * from t where id in (${req.body.ids.map(Number).join(",")})`);
});"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { initTRPC } from "@trpc/server";
import { z } from "zod";
const t = initTRPC.create();
export const r = t.router({
  one: t.procedure.input(z.object({ id: z.number().int(), sort: z.enum(["asc", "desc"]) })).query(({ input }) =>
    db.query(`select * from t where id = ${input.id} order by name ${input.sort}`)),
});"#,
        ),
        Case::bad(
            "a.ts",
            r#"import express from "express";
import { z } from "zod";
import pg from "pg";
const db = new pg.Pool();
const Body = z.object({ id: z.number(), name: z.string().min(1) });
const app = express();
app.post("/x", async (req, res) => {
  const body = Body.parse(req.body);
  await db.query(`select * from t where id = ${body.id}`);
  await db.query(`select * from t where name = '${body.name}'`); //~ sql-injection
});"#,
        ),
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
        Case::bad(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn a(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let sql = format!(\"SELECT * FROM users WHERE name = '{}'\", f.name);\n    let rows = sqlx::query(&sql).fetch_all(&pool).await.unwrap(); //~ sql-injection\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::{PgPool, query_as};\nuse axum::extract::{Query, State};\n#[derive(sqlx::FromRow)] struct User { id: i64, name: String }\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn b(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let rows = sqlx::query_as::<_, User>(&format!(\"SELECT * FROM users ORDER BY {}\", f.sort.unwrap())).fetch_all(&pool).await.unwrap(); //~ sql-injection\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::PgPool;\nuse axum::extract::{Path, State};\nasync fn c(State(pool): State<PgPool>, Path(id): Path<String>) {\n    let mut sql = String::from(\"DELETE FROM users WHERE id = \");\n    sql += &id;\n    pool.execute(sql.as_str()).await.unwrap(); //~ sql-injection\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::PgPool;\nuse axum::extract::{Query, State};\nuse std::collections::HashMap;\nasync fn d(State(pool): State<PgPool>, Query(p): Query<HashMap<String, String>>) {\n    let table = p.get(\"table\").cloned().unwrap_or_default();\n    let n: i64 = sqlx::query_scalar(&(\"SELECT COUNT(*) FROM \".to_owned() + &table)).fetch_one(&pool).await.unwrap(); //~ sql-injection\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::{PgPool, QueryBuilder, Postgres};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn e(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let mut qb: QueryBuilder<Postgres> = QueryBuilder::new(\"SELECT * FROM t WHERE name = '\");\n    qb.push(&f.name); //~ sql-injection\n    qb.push(\"'\");\n    qb.build().fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::SqlitePool;\nasync fn f(pool: &SqlitePool) {\n    let who = std::env::args().nth(1).unwrap();\n    sqlx::raw_sql(&format!(\"INSERT INTO log VALUES ('{who}')\")).execute(pool).await.unwrap(); //~ sql-injection\n}",
        ),
        Case::bad(
            "a.rs",
            "use sqlx::{query, MySqlPool};\nasync fn g(pool: &MySqlPool) {\n    let who = std::env::var(\"WHO\").unwrap_or_default();\n    let remote = reqwest::get(\"http://example.com/name\").await.unwrap().text().await.unwrap_or(String::from(\"x\"));\n    let q = format!(\"SELECT * FROM people WHERE firstname='{remote}'\");\n    let _ = sqlx::query(q.as_str()).execute(pool).await; //~ sql-injection\n    let _ = conn_query(pool, &q).await;\n}",
        ),
        Case::bad(
            "a.rs",
            "use rusqlite::Connection;\nuse actix_web::{web, HttpResponse, get};\n#[derive(serde::Deserialize)] struct Q { name: String, id: i64 }\n#[get(\"/u\")]\nasync fn a(q: web::Query<Q>) -> HttpResponse {\n    let conn = Connection::open(\"a.db\").unwrap();\n    let mut stmt = conn.prepare(&format!(\"SELECT id FROM users WHERE name = '{}'\", q.name)).unwrap(); //~ sql-injection\n    let rows = stmt.query_map([], |row| row.get::<_, i64>(0)).unwrap();\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use rusqlite::{Connection, Result};\nuse actix_web::get;\nfn b(conn: &Connection) -> Result<()> {\n    let name = std::env::args().nth(1).unwrap();\n    conn.execute(&[\"INSERT INTO t VALUES ('\", &name, \"')\"].concat(), [])?; //~ sql-injection\n    conn.execute_batch(&format!(\"BEGIN; DROP TABLE {name}; COMMIT;\"))?; //~ sql-injection\n    let n: i64 = conn.query_row(&format!(\"SELECT id FROM t WHERE n = '{}'\", name), [], |r| r.get(0))?; //~ sql-injection\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "use rusqlite::Connection;\nuse actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize)] struct Q { name: String, id: i64 }\nasync fn c(q: web::Json<Q>, db: web::Data<std::sync::Mutex<Connection>>) -> HttpResponse {\n    let conn = db.lock().unwrap();\n    let sql = format!(\"UPDATE t SET name = \\\"{}\\\"\", q.name);\n    conn.execute(&sql, ()).unwrap(); //~ sql-injection\n    HttpResponse::Ok().finish()\n}",
        ),
        Case::bad(
            "a.rs",
            "use postgres::Client;\nuse tokio_postgres as tpg;\nasync fn b(client: &tpg::Client, req: actix_web::HttpRequest) -> Result<(), tpg::Error> {\n    let id = req.match_info().get(\"id\").unwrap();\n    let rows = client.query(&format!(\"SELECT * FROM t WHERE id = {id}\"), &[]).await?; //~ sql-injection\n    let rows = client.query(\"SELECT * FROM t WHERE id = $1\", &[&id]).await?;\n    let n: i32 = id.parse().unwrap();\n    client.query_opt(&format!(\"SELECT * FROM t WHERE id = {n}\"), &[]).await?;\n    Ok(())\n}",
        ),
        Case::bad(
            "a.rs",
            "async fn c(pool: deadpool_postgres::Pool, body: axum::Json<Vec<String>>) {\n    let client = pool.get().await.unwrap();\n    for name in body.0.iter() {\n        let stmt = client.prepare_cached(&format!(\"SELECT '{}'\", name)).await.unwrap(); //~ sql-injection\n        client.query(&stmt, &[]).await.unwrap();\n    }\n}",
        ),
        Case::bad(
            "a.rs",
            "use mysql::prelude::*;\nuse mysql::*;\nuse diesel::prelude::*;\nuse diesel::sql_query;\n#[get(\"/d/<name>\")]\nfn b(name: String, conn: &mut PgConnection) {\n    let u = sql_query(format!(\"SELECT * FROM users WHERE name = '{}'\", name)).load::<User>(conn); //~ sql-injection\n    let v = diesel::sql_query(format!(\"DELETE FROM users WHERE name = '{name}'\")).execute(conn); //~ sql-injection\n    let w = users::table.filter(diesel::dsl::sql::<diesel::sql_types::Bool>(&format!(\"name = '{}'\", name))).load::<User>(conn); //~ sql-injection\n    let x = users::table.filter(users::name.eq(&name)).load::<User>(conn);\n    let y = sql_query(\"SELECT * FROM users WHERE name = $1\").bind::<diesel::sql_types::Text, _>(name).load::<User>(conn);\n}",
        ),
        Case::bad(
            "a.rs",
            "use mysql::prelude::*;\nuse mysql::*;\nuse diesel::prelude::*;\nuse sea_orm::{DatabaseBackend, Statement, DatabaseConnection};\nasync fn c(db: &DatabaseConnection, axum::extract::Path(n): axum::extract::Path<String>) {\n    let s = Statement::from_string(DatabaseBackend::Postgres, format!(\"SELECT * FROM c WHERE n = '{}'\", n)); //~ sql-injection\n    db.query_all(s).await.unwrap();\n    db.execute_unprepared(&format!(\"DELETE FROM c WHERE n = '{n}'\")).await.unwrap(); //~ sql-injection\n    let t = Statement::from_sql_and_values(DatabaseBackend::Postgres, \"SELECT * FROM c WHERE n = $1\", [n.clone().into()]);\n    let u = cake::Entity::find().filter(cake::Column::Name.eq(n)).all(db).await;\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok1(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    sqlx::query(\"SELECT * FROM users WHERE name = $1\").bind(&f.name).fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query_as};\nuse axum::extract::{Query, State};\n#[derive(sqlx::FromRow)] struct User { id: i64, name: String }\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok2(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    sqlx::query_as!(User, \"SELECT id, name FROM users WHERE name = $1\", f.name).fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok3(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let dir = if f.sort.as_deref() == Some(\"asc\") { \"ASC\" } else { \"DESC\" };\n    sqlx::query(&format!(\"SELECT * FROM users ORDER BY name {dir} LIMIT {}\", f.limit)).fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, QueryBuilder, Postgres};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok4(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let mut qb = QueryBuilder::<Postgres>::new(\"SELECT * FROM t WHERE name = \");\n    qb.push_bind(f.name).push(\" LIMIT \").push_bind(f.limit);\n    qb.build().fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok5(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let column = match f.sort.as_deref() { Some(\"name\") => \"name\", Some(\"id\") => \"id\", _ => \"created\" };\n    let sql = format!(\"SELECT * FROM users ORDER BY {column}\");\n    sqlx::query(&sql).fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, Path, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok6(State(pool): State<PgPool>, Query(f): Query<Filter>, Path(ids): Path<String>) {\n    let ids: Vec<i64> = ids.split(',').filter_map(|s| s.parse().ok()).collect();\n    let marks = vec![\"?\"; ids.len()].join(\",\");\n    let sql = format!(\"SELECT * FROM users WHERE id IN ({marks})\");\n    let mut q = sqlx::query(&sql);\n    for id in ids { q = q.bind(id); }\n    q.fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Path, State};\nasync fn ok7(State(pool): State<PgPool>, Path(id): Path<i64>) {\n    sqlx::query(&format!(\"DELETE FROM users WHERE id = {}\", id)).execute(&pool).await.unwrap();\n}",
        ),
        Case::good(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Path, State};\nasync fn ok8(State(pool): State<PgPool>, Path(id): Path<uuid::Uuid>) {\n    sqlx::query(&format!(\"DELETE FROM users WHERE id = '{}'\", id)).execute(&pool).await.unwrap();\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use sqlx::{PgPool, query};\nconst TABLE: &str = \"users\";\nasync fn ok9(pool: &PgPool) { sqlx::query(&format!(\"SELECT * FROM {TABLE}\")).fetch_all(pool).await.unwrap(); }",
        ),
        Case::near_miss(
            "a.rs",
            "use sqlx::{PgPool, query};\nuse axum::extract::{Query, State};\n#[derive(serde::Deserialize)] struct Filter { name: String, sort: Option<String>, limit: i64 }\nasync fn ok10(State(pool): State<PgPool>, Query(f): Query<Filter>) {\n    let allowed = [\"name\", \"id\"];\n    let sort = f.sort.unwrap_or_default();\n    let col = if allowed.contains(&sort.as_str()) { sort } else { \"id\".into() };\n    sqlx::query(&format!(\"SELECT * FROM t ORDER BY {col}\")).fetch_all(&pool).await.unwrap();\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use actix_web::{web, HttpResponse};\n#[derive(serde::Deserialize)] struct Q { name: String, id: i64 }\nstruct Repo { conn: Connection }\nasync fn d(q: web::Query<Q>, repo: web::Data<Repo>) -> HttpResponse {\n    let id = repo.find(&q.name).unwrap();\n    let other = repo.safe(&q.name).unwrap();\n    HttpResponse::Ok().body(id.to_string())\n}",
        ),
        Case::near_miss(
            "a.rs",
            "use rusqlite::{Connection, Result, named_params};\nfn ok(conn: &Connection) -> Result<()> {\n    let name = std::env::args().nth(1).unwrap();\n    conn.execute(\"INSERT INTO t VALUES (?1)\", [&name])?;\n    conn.execute(\"INSERT INTO t VALUES (:n)\", named_params! {\":n\": name})?;\n    let mut st = conn.prepare_cached(\"SELECT * FROM t WHERE n = ?\")?;\n    st.query([name])?;\n    Ok(())\n}",
        ),
        Case::bad(
            "a.js",
            r#"const resolvers = {
  Query: {
    user: async (_, { id }, { db }) => {
      const rows = await db.query("SELECT * FROM users WHERE id = '" + id + "'"); //~ sql-injection
      return rows[0];
    },
  },
};
module.exports = resolvers;"#,
        ),
        Case::bad(
            "a.ts",
            r#"import knex from "knex";
const db = knex({ client: "pg" });
export async function list(req, res) {
  res.json(await db("users").orderByRaw(req.query.sort)); //~ sql-injection
}"#,
        ),
        Case::near_miss(
            "a.ts",
            r#"import { pool } from "./pool";
enum Status { Open = "open", Closed = "closed" }
export async function list(req, res) {
  const status = req.query.status;
  if (!Object.values(Status).includes(status as Status)) throw new Error("bad");
  res.json(await pool.query(`SELECT * FROM t WHERE status = '${status}'`));
}"#,
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(db: &sqlx::PgPool, Query(q): Query<Q>) { sqlx::query_as::<_, Row>(\"SELECT * FROM t WHERE a = $1\").bind(q.name).fetch_all(db).await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Path;\nasync fn a(db: &sqlx::PgPool, Path(id): Path<uuid::Uuid>) { sqlx::query(&format!(\"SELECT * FROM t WHERE id = '{id}'\")).fetch_all(db).await; }",
        ),
        Case::good(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(c: &rusqlite::Connection, Query(q): Query<Q>) { let marks = vec![\"?\"; q.names.len()].join(\",\"); let mut s = c.prepare(&format!(\"SELECT * FROM t WHERE a IN ({marks})\")).unwrap(); go(s.query(rusqlite::params_from_iter(&q.names))); }",
        ),
        Case::near_miss(
            "a.rs",
            "use axum::extract::Query;\nasync fn a(db: &sqlx::PgPool, Query(q): Query<Q>) { let dir = if q.desc == \"yes\" { \"DESC\" } else { \"ASC\" }; sqlx::query(&format!(\"SELECT * FROM t ORDER BY a {dir}\")).fetch_all(db).await; }",
        ),
    ],
};

fn rust<'a>(call: Node<'a>, cx: &mut Cx<'a>) {
    if cx.arena().language().family == Family::Rust {
        quoted_parameter(call, cx);
    }
}
